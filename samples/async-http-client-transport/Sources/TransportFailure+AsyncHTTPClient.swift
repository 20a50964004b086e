import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import TranscriptionClients

extension TransportFailure {
  /// What the wrapper has to know of an error: its name, and whether the request was sent.
  ///
  /// Never the error's own description: that of an invalid header holds the header, and so the key.
  init(ofAsyncHTTPClient error: any Error) {
    switch error {
    case let error as HTTPClientError:
      self = HTTPClientErrorFacts.failure(error)
    case let error as NIOConnectionError:
      self.init(
        type: "NIOConnectionError", requestSent: .no,
        message: error.connectionErrors.isEmpty ? "host not found" : "cannot connect")
    case let error as IOError:
      // Only connect(2) is refused; any other error may come after the request.
      self.init(
        type: "IOError", requestSent: error.errnoCode == ECONNREFUSED ? .no : .unknown,
        message: "errno \(error.errnoCode)")
    default:
      self.init(type: String(describing: Swift.type(of: error)))
    }
  }
}

private enum HTTPClientErrorFacts {
  private enum Fate {
    /// The client refuses to send such a request, now and ever.
    case refused
    case notSent(timedOut: Bool)
    case unknown(timedOut: Bool)
  }

  private static let table: [(error: HTTPClientError, name: String, fate: Fate)] = [
    (.invalidURL, "invalidURL", .refused),
    (.emptyHost, "emptyHost", .refused),
    (.invalidHeaderFieldNames([]), "invalidHeaderFieldNames", .refused),
    (.invalidHeaderFieldValues([]), "invalidHeaderFieldValues", .refused),
    (.alreadyShutdown, "alreadyShutdown", .refused),
    (.connectTimeout, "connectTimeout", .notSent(timedOut: true)),
    (.tlsHandshakeTimeout, "tlsHandshakeTimeout", .notSent(timedOut: true)),
    (.getConnectionFromPoolTimeout, "getConnectionFromPoolTimeout", .notSent(timedOut: true)),
    (.readTimeout, "readTimeout", .unknown(timedOut: true)),
    (.deadlineExceeded, "deadlineExceeded", .unknown(timedOut: true)),
    (.writeTimeout, "writeTimeout", .unknown(timedOut: true)),
    (.remoteConnectionClosed, "remoteConnectionClosed", .unknown(timedOut: false)),
    (.uncleanShutdown, "uncleanShutdown", .unknown(timedOut: false)),
  ]

  static func failure(_ error: HTTPClientError) -> TransportFailure {
    // Some errors hold values; the short description is the same for all of a kind.
    let text = error.shortDescription
    guard let row = table.first(where: { $0.error.shortDescription == text }) else {
      return TransportFailure(type: "HTTPClientError", message: text)
    }
    let type = "HTTPClientError.\(row.name)"
    switch row.fate {
    case .refused: return .refused(type: type, message: text)
    case .notSent(let timedOut):
      return TransportFailure(type: type, timedOut: timedOut, requestSent: .no, message: text)
    case .unknown(let timedOut):
      return TransportFailure(type: type, timedOut: timedOut, requestSent: .unknown, message: text)
    }
  }
}
