import Glibc
import Synchronization
import Threading

/// A small HTTP/1.1 server: one thread, one poll(2) loop, bounded everywhere.
///
/// Neither a slow nor a silent client holds up another. The handler runs on the loop's thread, so
/// it must not block; what has to wait is said by `HTTPResponse.delay`.
public final class HTTPServer: Sendable {
  public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse
  /// Asked while a body is still to come; an answer ends the connection and the body is not read.
  public typealias HeadHandler = @Sendable (HTTPRequest) -> HTTPResponse?

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
    /// For one more the connection is closed that has been without a whole header or an answer in
    /// work for longest; if there is none such, the new one is.
    ///
    /// So whoever holds connections open without a request keeps nobody out.
    public var connectionsMax = 64
    /// The path of which at most `limitedAnswersMax` answers are in work at a time, from the request
    /// to the last byte that the kernel took; further requests are answered 503.
    public var limitedPath: String?
    public var limitedAnswersMax = 4
    /// How long such an answer may be in work while another waits; then its connection is closed.
    public var limitedAnswerPatience = Duration.seconds(1)
    /// How long the listeners rest when descriptors or memory ran out.
    public var acceptPause = Duration.milliseconds(100)
    /// How long `stop()` lets answers in work go on.
    public var stopDeadline = Duration.seconds(3)
    /// On a loopback address, answer 403 unless Host is `localhost`, `127.0.0.1` or `[::1]`: DNS
    /// rebinding otherwise lets a web page read the answers.
    public var checksHostOnLoopback = true
    /// The present in seconds since 1970, for the `Date` of answers that have none (RFC 9110 §6.6.1).
    public var clock: @Sendable () -> Int64 = { Int64(time(nil)) }

    public init() {}
  }

  /// The addresses with the ports that the system chose.
  public let addresses: [ListenAddress]
  public let counters: ServerCounters
  private let loop: ServerLoop
  private let wake: WakePipe
  /// Nil before `start()`.
  private let thread = Mutex<BlockingThread?>(nil)

  /// So many connections wait to be accepted: a flood of them must not make a client try again.
  private static let backlog: Int32 = 1024

  /// Binds and listens; connections wait in the backlog until `start()`.
  public init(
    listeningOn addresses: [ListenAddress], configuration: Configuration = Configuration(),
    counters: ServerCounters = ServerCounters(), headHandler: HeadHandler? = nil,
    handler: @escaping Handler
  ) throws(ListenError) {
    precondition(!addresses.isEmpty, "a server needs an address")
    let opened = try Self.open(addresses)
    self.addresses = opened.listeners.map(\.address)
    self.counters = counters
    wake = opened.wake
    loop = ServerLoop(
      listeners: opened.listeners, wakeDescriptor: opened.wake.readEnd,
      configuration: configuration, counters: counters, headHandler: headHandler, handler: handler)
  }

  deinit {
    stop()
    loop.closeAll()
  }

  /// Runs the loop on a thread of its own; once per server.
  public func start() throws(ListenError) {
    let loop = loop
    do throws(BlockingThread.CreationError) {
      let created = try BlockingThread { loop.run() }
      thread.withLock { thread in
        precondition(thread == nil, "a server is started once")
        thread = created
      }
    } catch {
      throw ListenError(address: addresses[0], operation: .createThread, errno: error.errno)
    }
  }

  /// Stops accepting at once, finishes the answers in work, and returns when the thread has ended.
  ///
  /// That is after `stopDeadline` at the latest. Does nothing the second time. Not to be called by
  /// a handler.
  public func stop() {
    guard let running = thread.withLock({ $0 }) else { return }
    wake.wake()
    running.join()
  }

  private static func open(
    _ addresses: [ListenAddress]
  ) throws(ListenError) -> (listeners: [Listener], wake: WakePipe) {
    var listeners: [Listener] = []
    do throws(ListenError) {
      for address in addresses {
        do throws(Sockets.Failure) {
          let (descriptor, port) = try Sockets.listen(on: address, backlog: backlog)
          listeners.append(Listener(descriptor: descriptor, address: address.with(port: port)))
        } catch {
          throw ListenError(address: address, operation: error.operation, errno: error.errno)
        }
      }
      return (listeners, try makeWakePipe(addresses[0]))
    } catch {
      for listener in listeners { close(listener.descriptor) }
      throw error
    }
  }

  private static func makeWakePipe(_ address: ListenAddress) throws(ListenError) -> WakePipe {
    do throws(WakePipe.CreationError) {
      return try WakePipe()
    } catch {
      throw ListenError(address: address, operation: .pipe, errno: error.errno)
    }
  }
}

struct Listener: Sendable {
  let descriptor: Int32
  let address: ListenAddress
}
