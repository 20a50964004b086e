import Glibc
import Synchronization

/// A small HTTP/1.1 server: one thread, one poll(2) loop, bounded everywhere.
///
/// Neither a slow nor a silent client holds up another. The handler runs on the loop's thread, so
/// it must not block; what has to wait is said by `HTTPResponse.delay`.
public final class HTTPServer: Sendable {
  public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

  public struct Configuration: Sendable {
    /// Sizes of a request.
    public var limits = RequestParser.Limits()
    /// From the connection, or the first byte of a later request, to the end of the head; then 408.
    ///
    /// Absolute: a client that sends a byte now and then gains nothing.
    public var headerDeadline = Duration.seconds(5)
    /// From the end of the head to the end of the body; then 408.
    public var bodyDeadline = Duration.seconds(30)
    /// From the first byte of an answer to its last; then the connection is closed.
    public var writeDeadline = Duration.seconds(10)
    /// Between an answer and the next request; then the connection is closed.
    public var keepAliveIdle = Duration.seconds(15)
    /// How long input is thrown away after the last answer, so that no RST overtakes it.
    public var lingerDeadline = Duration.seconds(1)
    public var requestsPerConnectionMax = 100
    /// Further connections are closed at once.
    public var connectionsMax = 64
    /// How long the listeners rest when descriptors or memory ran out.
    public var acceptPause = Duration.milliseconds(100)
    /// How long `stop()` lets answers in work go on.
    public var stopDeadline = Duration.seconds(3)
    /// On a loopback address, answer 403 unless Host is `localhost`, `127.0.0.1` or `[::1]`: DNS
    /// rebinding otherwise lets a web page read the answers.
    public var checksHostOnLoopback = true

    public init() {}
  }

  /// The addresses with the ports that the system chose.
  public let addresses: [ListenAddress]
  private let loop: ServerLoop
  private let wakeEnd: Int32
  /// The loop's pthread, 0 before `start()` and after `stop()`.
  private let thread = Atomic<pthread_t>(0)

  /// Binds and listens; connections wait in the backlog until `start()`.
  public init(
    listeningOn addresses: [ListenAddress], configuration: Configuration = Configuration(),
    handler: @escaping Handler
  ) throws(ListenError) {
    precondition(!addresses.isEmpty, "a server needs an address")
    let opened = try Self.open(addresses)
    self.addresses = opened.listeners.map(\.address)
    wakeEnd = opened.wake.write
    loop = ServerLoop(
      listeners: opened.listeners, wakeDescriptor: opened.wake.read, configuration: configuration,
      handler: handler)
  }

  deinit {
    stop()
    loop.closeAll()
    close(wakeEnd)
  }

  /// Runs the loop on a thread of its own, on which every signal is blocked; once per server.
  public func start() throws(ListenError) {
    precondition(thread.load(ordering: .acquiring) == 0, "a server is started once")
    var everything = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everything)
    unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
    var created = pthread_t()
    let context = unsafe Unmanaged.passRetained(loop)
    let result = unsafe pthread_create(
      &created, nil,
      { context in
        if let context = unsafe context {
          unsafe Unmanaged<ServerLoop>.fromOpaque(context).takeRetainedValue().run()
        }
        return nil
      }, context.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard result == 0 else {
      unsafe context.release()
      throw ListenError(address: addresses[0], operation: .createThread, errno: result)
    }
    thread.store(created, ordering: .releasing)
  }

  /// Stops accepting at once, finishes the answers in work, and returns when the thread has ended.
  ///
  /// That is after `stopDeadline` at the latest. Does nothing the second time. Not to be called by
  /// a handler.
  public func stop() {
    let running = thread.exchange(0, ordering: .acquiringAndReleasing)
    guard running != 0 else { return }
    Sockets.wake(wakeEnd)
    pthread_join(running, nil)
  }

  private static func open(
    _ addresses: [ListenAddress]
  ) throws(ListenError) -> (listeners: [Listener], wake: (read: Int32, write: Int32)) {
    var listeners: [Listener] = []
    var address = addresses[0]
    do throws(Sockets.Failure) {
      for next in addresses {
        address = next
        let (descriptor, port) = try Sockets.listen(on: next, backlog: 128)
        listeners.append(Listener(descriptor: descriptor, address: next.with(port: port)))
      }
      return (listeners, try Sockets.wakePipe())
    } catch {
      for listener in listeners { close(listener.descriptor) }
      throw ListenError(address: address, operation: error.operation, errno: error.errno)
    }
  }
}

struct Listener: Sendable {
  let descriptor: Int32
  let address: ListenAddress
}
