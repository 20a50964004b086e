import Foundation
import Testing

@testable import TranscriptionClients

struct APIKeyTests {
  @Test func `no text made of a key, a configuration or a request shows it`() {
    let key = APIKey("s3cr3t")
    let configuration = ClientConfiguration.lesan(key: key, record: { _ in })
    let request = TransportRequest(
      method: "GET", url: "https://x/y?s3cr3t", headers: [("Authorization", "Bearer s3cr3t")])
    var texts = ["\(key)", String(reflecting: key), "\(configuration)", "\(request)"]
    texts += [String(reflecting: configuration), String(reflecting: request), "\([key])"]
    for value in [key, configuration, request, Optional(key) as Any] as [Any] {
      var dumped = ""
      dump(value, to: &dumped)
      texts.append(dumped)
      texts.append("\(Mirror(reflecting: value).children.map(\.value))")
    }
    for text in texts { #expect(!text.contains("s3cr3t"), "\(text)") }
    #expect("\(key)" == "[REDACTED]" && String(reflecting: key) == "[REDACTED]")
    #expect(!((key as Any) is any Encodable))
  }
}

struct ProxyEnvironmentTests {
  @Test(arguments: [
    ("https", "a.b", "https_proxy=p", "https_proxy"),
    ("https", "a.b", "HTTPS_PROXY=p", "HTTPS_PROXY"),
    ("https", "a.b", "http_proxy=p", ""),
    ("http", "a.b", "http_proxy=p", "http_proxy"),
    ("http", "a.b", "HTTP_PROXY=p", ""),
    ("http", "a.b", "ALL_PROXY=p", "ALL_PROXY"),
    ("http", "a.b", "http_proxy=", ""),
    ("http", "a.b", "", ""),
    ("http", "a.b", "http_proxy=p no_proxy=*", ""),
    ("http", "a.b", "http_proxy=p no_proxy=x,.b", ""),
    ("http", "A.b", "http_proxy=p NO_PROXY=a.B", ""),
    ("http", "ab", "http_proxy=p no_proxy=b", "http_proxy"),
    ("http", "10.0.0.1", "http_proxy=p no_proxy=10.0.0.0/8", "http_proxy"),
  ])
  func `the variable that libcurl would obey is found`(
    scheme: String, host: String, environment: String, variable: String
  ) {
    let pairs = environment.split(separator: " ").map { entry in
      let halves = entry.split(separator: "=", omittingEmptySubsequences: false)
      return (String(halves[0]), String(halves[1]))
    }
    let found = ProxyEnvironment.variable(
      scheme: scheme, host: host, environment: Dictionary(uniqueKeysWithValues: pairs))
    #expect(found ?? "" == variable)
  }
}
