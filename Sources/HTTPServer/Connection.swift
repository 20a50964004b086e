import Glibc
import Threading

/// One client: its requests are answered one after the other, in order.
///
/// Owned by the loop's thread. It is told when its descriptor is ready and when its deadline has
/// passed, and never blocks.
final class Connection {
  typealias Instant = MonotonicInstant

  /// What a reading connection is waiting for; each has its own time.
  private enum Stage {
    case nextRequest, head, body
  }

  /// So that a client that pipelines does not keep the others waiting.
  private static let answersPerTurn = 8

  let descriptor: Int32
  private let checksHost: Bool
  private let configuration: HTTPServer.Configuration
  private let headHandler: HTTPServer.HeadHandler?
  private let handler: HTTPServer.Handler
  private let slots: AnswerSlots
  private let counters: ServerCounters
  private var parser: RequestParser
  private(set) var phase = Phase.reading
  private(set) var deadline: Instant
  /// Its turn is over, and a request may be waiting in the parser: it goes on by `proceed`.
  private(set) var isDue = false
  /// Since when no answer is in work: the start, or the end of the last answer.
  private var restsSince: Instant
  private var stage: Stage? = .head
  private var answers = 0
  private var closesAfterAnswer = false
  private var output: [UInt8] = []
  /// Bytes of `output` that are sent; 0...output.count.
  private var sent = 0
  /// Bytes of `output` that may go now; sent...output.count.
  private var released = 0
  private var bodyInterval = Duration.zero
  private var timeLimit: Duration?

  init(
    descriptor: Int32, checksHost: Bool, configuration: HTTPServer.Configuration,
    headHandler: HTTPServer.HeadHandler?, handler: @escaping HTTPServer.Handler,
    slots: AnswerSlots, counters: ServerCounters, now: Instant
  ) {
    self.descriptor = descriptor
    self.checksHost = checksHost
    self.configuration = configuration
    self.headHandler = headHandler
    self.handler = handler
    self.slots = slots
    self.counters = counters
    restsSince = now
    parser = RequestParser(limits: configuration.limits)
    deadline = now + configuration.headerDeadline
  }

  /// Since when it could give way to another: it has no request or answer in work; nil if it has.
  var yieldsSince: Instant? {
    switch phase {
    case .reading where !isDue && stage != .body: restsSince
    case .lingering: restsSince
    case .reading, .waiting, .writing, .dripping, .closed: nil
    }
  }

  // MARK: - Events

  /// The descriptor is ready for what `pollEvents` asked, or broken.
  func ready(now: Instant, scratch: inout [UInt8]) {
    switch phase {
    case .reading where isDue: close()
    case .reading: read(now: now, scratch: &scratch)
    case .lingering:
      if case .ended = Sockets.receive(descriptor, into: &scratch) { close() }
    case .writing:
      flush(now: now)
      serve(now: now)
    case .waiting, .dripping: close()
    case .closed: break
    }
  }

  /// Its next turn.
  func proceed(now: Instant) {
    guard isDue else { return }
    serve(now: now)
  }

  func expire(now: Instant) {
    guard now >= deadline, !isDue else { return }
    switch phase {
    case .reading where stage == .nextRequest: close()
    case .reading:
      counters.count(.timeout)
      refuse(408, "the request did not arrive in time", now: now)
    case .waiting(let resets):
      if resets {
        Sockets.armReset(descriptor)
        close()
      } else {
        beginWriting(now: now)
        serve(now: now)
      }
    case .dripping:
      released += 1
      beginWriting(now: now)
      serve(now: now)
    case .writing, .lingering: close()
    case .closed: break
    }
  }

  /// An answer in work may be finished; everything else ends here.
  func stop() {
    closesAfterAnswer = true
    if case .reading = phase { close() }
  }

  func close() {
    guard !isClosed else { return }
    Glibc.close(descriptor)
    phase = .closed
    isDue = false
    slots.release(self)
  }

  // MARK: - Requests

  private func read(now: Instant, scratch: inout [UInt8]) {
    switch Sockets.receive(descriptor, into: &scratch) {
    case .wouldBlock: break
    case .ended: close()
    case .moved(let count):
      parser.feed(scratch.span.extracting(first: count))
      serve(now: now)
    }
  }

  /// Answers what has arrived, until more input is needed or an answer does not go out at once.
  private func serve(now: Instant) {
    isDue = false
    var answersLeft = Self.answersPerTurn
    while case .reading = phase {
      guard answersLeft > 0 else {
        isDue = true
        return
      }
      answersLeft -= 1
      switch parser.next() {
      case .needMore:
        if answerEarly(now: now) { return }
        sendContinueIfDue()
        setReadDeadline(now: now)
        return
      case .refusal(let refusal):
        counters.count(ServerCounters.Rejection(refusal))
        refuse(refusal.status, refusal.text, now: now)
      case .request(let request):
        answer(request, now: now)
      }
    }
  }

  private func answer(_ request: HTTPRequest, now: Instant) {
    answers += 1
    if !request.persists || answers >= configuration.requestsPerConnectionMax {
      closesAfterAnswer = true
    }
    let response = response(to: request, now: now)
    let persistence: HTTPResponse.Persistence =
      closesAfterAnswer ? .close : request.minorVersion == 0 ? .keepAlive : .unsaid
    send(response, isHead: request.method == "HEAD", persistence: persistence, now: now)
  }

  private func response(to request: HTTPRequest, now: Instant) -> HTTPResponse {
    guard isAllowed(request) else {
      counters.count(.foreignHost)
      return .refusal(403, "this Host is not served here")
    }
    if request.path == configuration.limitedPath && !slots.take(for: self, now: now) {
      counters.count(.overload)
      var refusal = HTTPResponse.refusal(503, "too many answers in work")
      refusal.headers.append("Retry-After", "1")
      return refusal
    }
    return handler(request)
  }

  private func answerEarly(now: Instant) -> Bool {
    guard let headHandler, let head = parser.takeHead(), isAllowed(head),
      let response = headHandler(head)
    else { return false }
    closesAfterAnswer = true
    send(response, isHead: false, persistence: .close, now: now)
    return true
  }

  private func refuse(_ status: Int, _ reason: String, now: Instant) {
    closesAfterAnswer = true
    // RFC 9110 §9.3.2: an answer to HEAD has no content, not even that it was refused.
    send(.refusal(status, reason), isHead: parser.isHead, persistence: .close, now: now)
  }

  private func isAllowed(_ request: HTTPRequest) -> Bool {
    !checksHost || request.namesLoopback
  }

  private func sendContinueIfDue() {
    guard parser.takeContinueDue() else { return }
    let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    guard case .moved(interim.count) = Sockets.send(descriptor, interim, from: 0) else {
      close()
      return
    }
  }

  private func setReadDeadline(now: Instant) {
    let current: Stage = parser.isIdle ? .nextRequest : parser.isInHead ? .head : .body
    guard current != stage else { return }
    // The first head's time runs from the connection on.
    stage = current
    switch current {
    case .nextRequest: deadline = now + configuration.keepAliveIdle
    case .head: deadline = now + configuration.headerDeadline
    case .body: deadline = now + configuration.bodyDeadline
    }
  }

  // MARK: - Answers

  private func send(
    _ response: HTTPResponse, isHead: Bool, persistence: HTTPResponse.Persistence, now: Instant
  ) {
    stage = nil
    output = response.wireBytes(
      isHead: isHead, persistence: persistence, secondsSince1970: configuration.clock())
    sent = 0
    released = output.count
    bodyInterval = response.bodyInterval
    timeLimit = response.timeLimit
    if bodyInterval > .zero && !isHead { released = max(1, released - response.body.count + 1) }
    if response.delay > .zero || response.resetsConnection {
      phase = .waiting(resets: response.resetsConnection)
      deadline = now + max(response.delay, .zero)
    } else {
      beginWriting(now: now)
    }
  }

  private func beginWriting(now: Instant) {
    phase = .writing
    deadline = now + min(timeLimit ?? configuration.writeDeadline, configuration.writeDeadline)
    flush(now: now)
  }

  private func flush(now: Instant) {
    while sent < released {
      switch Sockets.send(descriptor, output, from: sent, to: released) {
      case .moved(let count): sent += count
      case .wouldBlock: return
      case .ended:
        close()
        return
      }
    }
    if released < output.count {
      phase = .dripping
      deadline = now + bodyInterval
      return
    }
    output = []
    sent = 0
    released = 0
    restsSince = now
    slots.release(self)
    if closesAfterAnswer {
      Sockets.endOutput(descriptor)
      phase = .lingering
      deadline = now + configuration.lingerDeadline
    } else {
      phase = .reading
    }
  }
}
