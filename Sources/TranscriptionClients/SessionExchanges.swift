import AttemptLog
import Foundation
import Retry

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The exchanges of a session that are under way, each by the number of its task.
///
/// `URLSession.data(for:)` would hold a body of any size: 860 MB for an answer of 420 MB.
final class SessionExchanges: NSObject, URLSessionDataDelegate {
  private struct Exchange {
    let continuation: CheckedContinuation<TransportResponse, any Error>
    var body = Data()
  }

  private let bodyBytesMax: Int
  private let underWay = Locked([Int: Exchange]())

  init(bodyBytesMax: Int) {
    self.bodyBytesMax = bodyBytesMax
  }

  /// Cancellation returns at once, whatever the session does with its task.
  ///
  /// - Parameter limit: on the whole; the session's own begins anew with each byte.
  func send(
    _ request: URLRequest, within limit: Duration?, in session: URLSession
  ) async throws -> TransportResponse {
    let task = session.dataTask(with: request)
    let number = task.taskIdentifier
    let watch = Locked<Task<Void, Never>?>(nil)
    defer { watch.withLock { $0?.cancel() } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        underWay.withLock { $0[number] = Exchange(continuation: continuation) }
        task.resume()
        watch.withLock { $0 = limit.map { end(task, after: $0) } }
        // The handler may have run before there was an exchange to end.
        if Task.isCancelled { cancel(task) }
      }
    } onCancel: {
      cancel(task)
    }
  }

  /// Cancelled once the exchange has ended.
  private func end(_ task: URLSessionTask, after limit: Duration) -> Task<Void, Never> {
    Task {
      guard (try? await Task.sleep(for: limit)) != nil else { return }
      take(task)?.continuation.resume(throwing: URLErrorFacts.failure(.timedOut))
      task.cancel()
    }
  }

  private func cancel(_ task: URLSessionTask) {
    take(task)?.continuation.resume(throwing: CancellationError())
    task.cancel()
  }

  /// Whoever takes an exchange ends it, once.
  private func take(_ task: URLSessionTask) -> Exchange? {
    underWay.withLock { $0.removeValue(forKey: task.taskIdentifier) }
  }

  // MARK: - URLSessionDataDelegate

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let isCut = underWay.withLock { exchanges in
      guard let length = exchanges[dataTask.taskIdentifier]?.body.count else { return false }
      guard data.count <= bodyBytesMax - length else { return true }
      exchanges[dataTask.taskIdentifier]?.body.append(data)
      return false
    }
    guard isCut else { return }
    end(dataTask, isCut: true)
    // Not from here: it would wait for the session's own queue, which may wait for this one.
    Task { dataTask.cancel() }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    guard let error else { return end(task, isCut: false) }
    let code = (error as? URLError)?.code ?? .unknown
    take(task)?.continuation.resume(throwing: URLErrorFacts.failure(code))
  }

  /// A redirect is an answer; following it would hand the key to another host.
  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }

  /// A challenge is an answer: there is no other key to try.
  ///
  /// Left to itself, URLSession on Linux waits for ever for the credential that `Basic` asks for.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler:
      @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
  ) {
    guard task.response != nil else { return completionHandler(.performDefaultHandling, nil) }
    end(task, isCut: false)
    completionHandler(.cancelAuthenticationChallenge, nil)
  }

  private func end(_ task: URLSessionTask, isCut: Bool) {
    guard let exchange = take(task) else { return }
    guard let response = task.response as? HTTPURLResponse else {
      exchange.continuation.resume(
        throwing: TransportFailure(type: "URLError.badServerResponse", message: "no HTTP response"))
      return
    }
    exchange.continuation.resume(
      returning: TransportResponse(
        status: response.statusCode,
        headers: response.allHeaderFields.map { ("\($0.key)", "\($0.value)") },
        body: isCut ? [] : Array(exchange.body), bodyIsCut: isCut))
  }
}

/// The queue of a session's delegate, which makes the session wait when it is full.
///
/// URLSession reads on and queues what it has read, however far the delegate is behind: with all
/// cores busy more than 200 MB were held before a delegate saw its first 8 MiB.
// Unchecked: a subclass without state; OperationQueue has a lock of its own.
final class BoundedDelegateQueue: OperationQueue, @unchecked Sendable {
  /// A chunk of a body is 16 KiB at most.
  private static let operationsMax = 64

  override init() {
    super.init()
    maxConcurrentOperationCount = 1
  }

  override func addOperation(_ block: @escaping @Sendable () -> Void) {
    super.addOperation(block)
    // An operation that adds another must not wait for itself.
    guard operationCount > Self.operationsMax, OperationQueue.current !== self else { return }
    waitUntilAllOperationsAreFinished()
  }
}
