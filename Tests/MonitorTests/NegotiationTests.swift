import Exposition
import HTTPServer
import Testing

@testable import Monitor

struct NegotiationTests {
  private static let prometheus2 =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
  private static let prometheus3 =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    + "application/openmetrics-text;version=0.0.1;q=0.5,"
    + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
  private static let protobufFirst =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    + "text/plain;version=0.0.4;q=0.3"

  @Test(arguments: [
    (prometheus2, ExpositionFormat.openMetrics), (prometheus3, .openMetrics),
    (protobufFirst, .prometheus), ("*/*", .prometheus), ("text/html, image/*;q=0.5", .prometheus),
    ("", .prometheus), ("application/*", .prometheus),
    ("application/openmetrics-text", .openMetrics),
    ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", .openMetrics),
    ("application/openmetrics-text;version=2.0.0", .prometheus),
    ("application/openmetrics-text;q=0", .prometheus),
    ("application/openmetrics-text;q=0.4, text/plain;q=0.5", .prometheus),
    ("application/openmetrics-text;q=0.5, text/plain;q=0.4", .openMetrics),
    ("application/openmetrics-text, text/plain", .openMetrics),
    ("text/plain, application/openmetrics-text", .prometheus),
    ("text/*;q=0.9, text/plain;q=0.1, application/openmetrics-text;q=0.5", .openMetrics),
    ("text/plain;q=0.1, text/*;q=0.9, application/openmetrics-text;q=0.5", .openMetrics),
    ("text/plain;q=0.1, text/plain;version=0.0.4, application/openmetrics-text;q=0.5", .prometheus),
    ("text/plain;version=1.0.0, application/openmetrics-text;q=0.5", .openMetrics),
    ("application/openmetrics-text;q=0, text/plain;q=0", .prometheus),
    ("application/openmetrics-text;q=2", .prometheus),
  ])
  func `the format follows Accept`(accept: String, format: ExpositionFormat) {
    #expect(Negotiation(["Accept": accept]).format == format)
  }

  @Test func `without Accept the format is text`() {
    #expect(Negotiation([:]).format == .prometheus)
  }

  @Test(arguments: [
    ("gzip", true), ("GZip;q=0.1", true), ("x-gzip", true), ("*", true),
    ("deflate, gzip;q=0.5, br", true), ("gzip;q=0", false), ("gzip;q=0, *", false),
    ("identity", false), ("br", false), ("", false), ("*;q=0", false),
    ("gzip;q=0.5, identity;q=0.6", false), ("gzip;q=0.5, identity;q=0.5", true),
    ("identity;q=0, gzip;q=0.1", true), ("gzip;q=1e3", false),
  ])
  func `gzip follows Accept-Encoding`(accept: String, usesGzip: Bool) {
    #expect(Negotiation(["Accept-Encoding": accept]).usesGzip == usesGzip)
  }

  @Test(arguments: [
    ("10", Duration.seconds(9.5)), ("1", .milliseconds(500)), ("60.0", .seconds(59.5)),
    ("2.25", .milliseconds(1750)), ("0.999", nil), ("60.001", nil), ("0", nil), ("-1", nil),
    ("+5", nil), ("nan", nil), ("inf", nil), ("1e1", nil), ("1e308", nil), ("1_0", nil),
    ("0x5", nil), ("5 ", nil), ("", nil), (".", nil), ("1.2.3", nil), ("5,5", nil),
    ("\u{665}", nil), (String(repeating: "0", count: 4096) + "5", nil),
  ])
  func `the time limit is a plain number of seconds or none`(text: String, limit: Duration?) {
    #expect(Negotiation(["X-Prometheus-Scrape-Timeout-Seconds": text]).timeLimit == limit)
  }
}
