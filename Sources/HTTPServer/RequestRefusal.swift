/// Why bytes were refused before any handler saw a request.
public enum RequestRefusal: Error, Sendable, Equatable, CaseIterable {
  case bareLineFeed, bareCarriageReturn, controlCharacter
  case malformedRequestLine, unsupportedVersion, requestLineTooLong
  case malformedField, foldedField, headersTooLarge, tooManyFields
  case missingHost, severalHosts, malformedHost
  case lengthAndTransferEncoding, severalLengths, malformedLength
  case transferEncodingInHTTP10, malformedTransferEncoding, unknownTransferEncoding
  case malformedChunk, bodyTooLarge

  public var status: Int {
    switch self {
    case .requestLineTooLong: 414
    case .headersTooLarge, .tooManyFields: 431
    case .bodyTooLarge: 413
    case .unknownTransferEncoding: 501
    case .unsupportedVersion: 505
    default: 400
    }
  }

  var text: String {
    switch self {
    case .bareLineFeed: "line feed without carriage return"
    case .bareCarriageReturn: "carriage return without line feed"
    case .controlCharacter: "control character"
    case .malformedRequestLine: "malformed request line"
    case .unsupportedVersion: "only HTTP/1.0 and HTTP/1.1 are spoken here"
    case .requestLineTooLong: "request line too long"
    case .malformedField: "malformed header field"
    case .foldedField: "folded header field"
    case .headersTooLarge: "headers too large"
    case .tooManyFields: "too many header fields"
    case .missingHost: "no Host field"
    case .severalHosts: "more than one Host field"
    case .malformedHost: "malformed Host field"
    case .lengthAndTransferEncoding: "both Content-Length and Transfer-Encoding"
    case .severalLengths: "more than one Content-Length"
    case .malformedLength: "malformed Content-Length"
    case .transferEncodingInHTTP10: "Transfer-Encoding in HTTP/1.0"
    case .malformedTransferEncoding: "malformed Transfer-Encoding"
    case .unknownTransferEncoding: "only the chunked transfer coding is understood"
    case .malformedChunk: "malformed chunk"
    case .bodyTooLarge: "body too large"
    }
  }
}
