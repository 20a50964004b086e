import Foundation
import Retry
import TestSupport
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

struct KeyInAnswersTests {
  @Test func `a key that an answer repeats in any form is in no event and no error`() async throws {
    let key = "sk-planted-5ecret-0123456789"
    let base64 = Data(key.utf8).base64EncodedString()
    let forms = [key, base64, "sk%2Dplanted%2D5ecret%2D0123456789", String(key.prefix(20))]
    for form in forms {
      let events = RecordedEvents()
      var configuration = ClientConfiguration.lesan(key: APIKey(key), record: events.record)
      configuration.transport = HTTPTransport { _ in
        TransportResponse(
          status: 401, headers: [("X-Request-ID", form)],
          body: Array(
            #"{"error":{"type":"\#(form)","code":"c","message":"key \#(form) bad"}}"#.utf8))
      }
      let error = try await #require(throws: OperationError.self) {
        try await Lesan(configuration).transcribe(audioURL: "https://x/a.mp3", language: "am")
      }
      #expect(!events.all.isEmpty)
      #expect(!"\(events.all)\(error)\(error.facts)".contains(form), "\(form)")
    }
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
