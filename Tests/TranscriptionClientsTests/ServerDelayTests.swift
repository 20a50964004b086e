import AttemptLog
import Retry
import Testing

@testable import TranscriptionClients

struct ServerDelayTests {
  static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

  @Test(arguments: [
    ("120", Duration.seconds(120)), ("1.5", .seconds(1.5)), (" 3 ", .seconds(3)), ("0", .zero),
    ("100000000000000000000", .seconds(1_000_000_000)), ("1000000001", .seconds(1_000_000_000)),
    ("-1", nil), ("+5", nil), ("nan", nil), ("inf", nil), ("0x1p3", nil), ("1e3", nil), ("", nil),
    ("soon", nil), (".", nil), ("Sun, 06 Nov 1994 08:49:47 GMT", .seconds(10)),
    ("Sun, 06 Nov 1994 08:49:27 GMT", .zero), ("Thu, 01 Jan 1970 00:00:00 GMT", .zero),
    // The obsolete forms of RFC 9110 §5.6.7.
    ("Sunday, 06-Nov-94 08:49:47 GMT", .seconds(10)), ("Sun Nov  6 08:49:47 1994", .seconds(10)),
    ("Sun Nov 16 08:49:37 1994", .seconds(864_000)), ("Sunday, 06-Nov-45 08:49:37 GMT", .zero),
    ("Sunday, 06-Nov-1994 08:49:47 GMT", nil), ("Sun Nov  6 08:49:47 94", nil),
    ("Sun, 31 Feb 1994 08:49:47 GMT", nil), ("Sun, 06 Nov 99999 08:49:47 GMT", nil),
  ])
  func `a header is seconds or a date`(text: String, duration: Duration?) {
    let now = Timestamp(microseconds: 784_111_777_000_000)
    let response = TransportResponse(status: 429, headers: [("Retry-After", text)])
    #expect(ServerDelay(response, body: nil, now: now)?.duration == duration)
    // The server's own clock counts before ours.
    let dated = TransportResponse(
      status: 429, headers: [("retry-after", text), ("Date", Self.date)])
    #expect(
      ServerDelay(dated, body: nil, now: Timestamp(microseconds: 0))?.duration == duration)
  }

  @Test(arguments: [
    ("1", "2", Duration.seconds(2), RetryAfterSource.header),
    ("3", "2", .seconds(3), .body), ("2", "2", .seconds(2), .body),
    (#""soon""#, "2", .seconds(2), .header), ("-1", "2", .seconds(2), .header),
    ("1e300", "2", .seconds(1_000_000_000), .body), ("null", "2", .seconds(2), .header),
  ])
  func `of two delays the longer one counts`(
    body: String, header: String, duration: Duration, source: RetryAfterSource
  ) {
    let response = TransportResponse(status: 429, headers: [("Retry-After", header)])
    let json = JSONValue(bytes: Array(#"{"error":{"retry_after":\#(body)}}"#.utf8))
    let delay = ServerDelay(response, body: json, now: Timestamp(microseconds: 0))
    #expect(delay?.duration == duration && delay?.source == source)
  }
}
