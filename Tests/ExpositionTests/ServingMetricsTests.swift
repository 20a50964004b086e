import Exposition
import Testing

struct ServingMetricsTests {
  @Test func `what cannot be read is left out`() {
    var metrics = ServingMetrics.everything
    metrics.process = .init()
    metrics.process.maxDescriptors = 3
    #expect(
      String(decoding: metrics.ending(as: .prometheus), as: UTF8.self) == """
        # HELP relmon_scrapes_total Scrapes answered before this one, by HTTP status.
        # TYPE relmon_scrapes_total counter
        relmon_scrapes_total{code="200"} 5
        relmon_scrapes_total{code="503"} 1
        # HELP relmon_http_connections Connections that are open.
        # TYPE relmon_http_connections gauge
        relmon_http_connections 2
        # HELP relmon_http_connections_accepted_total Connections that were let in.
        # TYPE relmon_http_connections_accepted_total counter
        relmon_http_connections_accepted_total 7
        # HELP relmon_http_connections_shed_total Connections that were closed to stay within the limits.
        # TYPE relmon_http_connections_shed_total counter
        relmon_http_connections_shed_total{reason="limit"} 1
        relmon_http_connections_shed_total{reason="displaced"} 3
        # HELP relmon_http_requests_rejected_total Requests that were refused before they had a path.
        # TYPE relmon_http_requests_rejected_total counter
        relmon_http_requests_rejected_total{reason="malformed"} 4
        # HELP process_max_fds File descriptors that the monitor may have open.
        # TYPE process_max_fds gauge
        process_max_fds 3

        """)
  }
}
