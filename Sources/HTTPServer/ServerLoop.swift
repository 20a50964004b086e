import Glibc
import Threading

/// The loop: waits for whichever descriptor is ready or whichever deadline is next.
// Unchecked: after `init` only the thread that runs `run()` touches it, and `HTTPServer.deinit`
// once that thread was joined or never was.
final class ServerLoop: @unchecked Sendable {
  private typealias Instant = MonotonicInstant

  private static let readBytesMax = 16 * 1024
  /// So that a wrong deadline costs a wake-up and no more.
  private static let pollSecondsMax: Int64 = 60

  private let configuration: HTTPServer.Configuration
  private let headHandler: HTTPServer.HeadHandler?
  private let handler: HTTPServer.Handler
  private let slots: AnswerSlots
  private let counters: ServerCounters
  private let wakeDescriptor: Int32
  private var listeners: [Listener]
  private var connections: [Connection] = []
  /// Given up to take and close a connection when no other descriptor is left; -1 without one.
  private var spare: Int32
  private var acceptsFrom: Instant?
  private var stopsBy: Instant?
  private var isClosed = false
  private var scratch = [UInt8](repeating: 0, count: readBytesMax)

  init(
    listeners: [Listener], wakeDescriptor: Int32, configuration: HTTPServer.Configuration,
    counters: ServerCounters, headHandler: HTTPServer.HeadHandler?,
    handler: @escaping HTTPServer.Handler
  ) {
    self.listeners = listeners
    self.wakeDescriptor = wakeDescriptor
    self.configuration = configuration
    self.counters = counters
    slots = AnswerSlots(
      max: configuration.limitedAnswersMax, patience: configuration.limitedAnswerPatience)
    self.headHandler = headHandler
    self.handler = handler
    spare = Sockets.spare()
  }

  func run() {
    while true {
      let now = Instant.now
      for connection in connections { connection.expire(now: now) }
      forgetClosed()
      if let stopsBy, connections.isEmpty || now >= stopsBy { break }
      wait(now: now)
    }
    closeAll()
  }

  /// Does nothing the second time.
  func closeAll() {
    guard !isClosed else { return }
    isClosed = true
    for connection in connections { connection.close() }
    connections = []
    closeListeners()
    if spare >= 0 { close(spare) }
  }

  private func wait(now: Instant) {
    if let from = acceptsFrom, now >= from { acceptsFrom = nil }
    let open = acceptsFrom == nil ? listeners : []
    // The pipe stays readable once it has woken the loop; poll(2) passes over a negative one.
    let wake = stopsBy == nil ? wakeDescriptor : -1
    var polls = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
    for listener in open {
      polls.append(pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0))
    }
    for connection in connections {
      polls.append(pollfd(fd: connection.descriptor, events: connection.pollEvents, revents: 0))
    }
    let count = unsafe poll(&polls, nfds_t(polls.count), milliseconds(from: now))
    // Short of memory, poll would fail again at once.
    if count < 0 && errno != EINTR { _ = poll(nil, 0, 100) }
    let after = Instant.now
    for connection in connections { connection.proceed(now: after) }
    guard count > 0 else { return }
    for (connection, polled) in zip(connections, polls.dropFirst(1 + open.count))
    where polled.revents != 0 {
      connection.ready(now: after, scratch: &scratch)
    }
    forgetClosed()
    for (listener, polled) in zip(open, polls.dropFirst()) where polled.revents != 0 {
      accept(from: listener, now: after)
    }
    if let woken = polls.first, woken.revents != 0 { beginStop(now: after) }
  }

  /// Rounded up: poll(2) must not return just before the deadline again and again.
  private func milliseconds(from now: Instant) -> Int32 {
    if connections.contains(where: \.isDue) { return 0 }
    var next = now + .seconds(Self.pollSecondsMax)
    for connection in connections { next = min(next, connection.deadline) }
    for instant in [acceptsFrom, stopsBy] {
      if let instant { next = min(next, instant) }
    }
    let (seconds, attoseconds) = (next - now).components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
  }

  private func accept(from listener: Listener, now: Instant) {
    // At most a backlog at a time, so that a flood of connections does not starve the others.
    for _ in 0..<configuration.connectionsMax {
      switch Sockets.accept(listener.descriptor) {
      case .connection(let descriptor):
        admit(descriptor, from: listener, now: now)
      case .nothing:
        return
      case .exhausted:
        // The waiting connection would wake poll(2) forever: take it and close it.
        dropOne(from: listener)
        acceptsFrom = now + configuration.acceptPause
        return
      case .failed:
        acceptsFrom = now + configuration.acceptPause
        return
      }
    }
  }

  private func admit(_ descriptor: Int32, from listener: Listener, now: Instant) {
    guard connections.count < configuration.connectionsMax || makeRoom() else {
      counters.count(.limit)
      close(descriptor)
      return
    }
    let connection = Connection(
      descriptor: descriptor,
      checksHost: configuration.checksHostOnLoopback && listener.address.isLoopback,
      configuration: configuration, headHandler: headHandler, handler: handler, slots: slots,
      counters: counters, now: now)
    connections.append(connection)
    counters.countAccepted()
    counters.setOpen(connections.count)
    // Its request may be here; before it is asked for, the next of a flood could displace it.
    connection.ready(now: now, scratch: &scratch)
  }

  /// Closes the connection that has been without an answer in work for longest; false if there is
  /// none such.
  private func makeRoom() -> Bool {
    forgetClosed()
    if connections.count < configuration.connectionsMax { return true }
    let resting = connections.compactMap { connection in
      connection.yieldsSince.map { (connection, since: $0) }
    }
    guard let oldest = resting.min(by: { $0.since < $1.since }) else { return false }
    counters.count(.displaced)
    oldest.0.close()
    forgetClosed()
    return true
  }

  private func forgetClosed() {
    connections.removeAll(where: \.isClosed)
    counters.setOpen(connections.count)
  }

  private func dropOne(from listener: Listener) {
    if spare >= 0 { close(spare) }
    guard spare >= 0, case .connection(let descriptor) = Sockets.accept(listener.descriptor) else {
      spare = Sockets.spare()
      return
    }
    counters.count(.descriptors)
    // In one step, so that no other thread takes the descriptor that is free in between.
    spare = Sockets.replace(descriptor, byCopyOf: wakeDescriptor)
  }

  private func beginStop(now: Instant) {
    guard stopsBy == nil else { return }
    stopsBy = now + configuration.stopDeadline
    closeListeners()
    for connection in connections { connection.stop() }
  }

  private func closeListeners() {
    for listener in listeners { close(listener.descriptor) }
    listeners = []
  }
}
