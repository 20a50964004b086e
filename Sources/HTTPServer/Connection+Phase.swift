import Glibc

extension Connection {
  enum Phase {
    case reading
    /// The answer is ready and held back until the deadline, which then sends or resets.
    case waiting(resets: Bool)
    case writing
    /// The next byte of a body that comes byte by byte goes out at the deadline.
    case dripping
    /// The last answer is out; input is thrown away until the peer closes.
    // RFC 9112 §9.6: closing with input unread sends RST, which can take the answer with it.
    case lingering
    case closed
  }

  var isClosed: Bool {
    if case .closed = phase { true } else { false }
  }

  var pollEvents: Int16 {
    switch phase {
    // Nothing more is taken in before what is there is answered.
    case .reading where isDue: 0
    case .reading, .lingering: Int16(POLLIN)
    case .writing: Int16(POLLOUT)
    // Errors and hang-ups are reported unasked.
    case .waiting, .dripping, .closed: 0
    }
  }
}
