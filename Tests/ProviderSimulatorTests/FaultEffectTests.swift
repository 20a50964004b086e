import AttemptLog
import HTTPServer
import TestSupport
import Testing

@testable import ProviderSimulator

/// What each kind of fault does to a client.
struct FaultEffectTests {
  static let submission = #"{"audio_url":"u","language":"en","mode":"async"}"#

  // MARK: - Codes

  static let everyAnswer: [(SimulatedProvider, Int, String)] = SimulatedProvider.allCases.flatMap {
    provider in
    (400...599).flatMap { status -> [(SimulatedProvider, Int, String)] in
      guard let codes = ErrorCatalogue.codes(provider, status: status) else { return [] }
      return (codes.isEmpty ? [""] : codes).map { (provider, status, $0) }
    }
  }

  @Test func `every documented code is there`() {
    let lesan = Self.everyAnswer.filter { $0.0 == .lesan }
    #expect(Set(lesan.map(\.1)) == [400, 401, 403, 404, 429, 500, 502, 503, 504])
    #expect(Set(lesan.map(\.2)).count == 21)
    let assemblyAI = Set(Self.everyAnswer.filter { $0.0 == .assemblyAI }.map(\.1))
    #expect(assemblyAI == [400, 401, 403, 422, 429, 500, 502, 503, 504])
  }

  @Test(arguments: everyAnswer)
  func `every code is answered with its status and in its form`(
    provider: SimulatedProvider, status: Int, code: String
  ) throws {
    let text = "\(provider.rawValue):\(status)" + (code.isEmpty ? "" : ":\(code)")
    let client = try VirtualClient(faults: [text])
    let answer = provider == .lesan ? client.submitLesan() : client.submitAssemblyAI()
    #expect(answer.status == status)
    #expect(client.simulator.counts.jobs(provider) == 0)
    if provider == .lesan {
      #expect(answer.member("code") == code)
      #expect(!answer.member("type").isEmpty && !answer.member("message").isEmpty)
      let isInternal = answer.member("message").hasPrefix("An internal error")
      #expect(isInternal == (code == "internal_error"))
    } else if status < 502 {
      #expect(!answer.member("error").isEmpty)
    } else {
      #expect(answer.headers["Content-Type"] != "application/json")
    }
  }

  @Test(arguments: JobFailure.allCases)
  func `an AssemblyAI job fails in its own words`(failure: JobFailure) throws {
    let client = try VirtualClient(faults: ["assemblyai:job:\(failure.rawValue)"])
    let id = client.submitAssemblyAI().member("id")
    client.pass(seconds: 60)
    let polled = client.call("GET", "/assemblyai/v2/transcript/\(id)")
    #expect(polled.member("status") == "error")
    #expect(polled.member("error") == failure.text(audioURL: "https://example.com/a.mp3"))
    #expect(client.simulator.counts.jobs(failing: failure) == 1)
  }

  // MARK: - When to come again

  @Test(arguments: [
    ("lesan:429:retry_after=2", "2", ",\"retry_after\":2}"),
    ("lesan:429:retry_after=1.5", "1.5", ",\"retry_after\":1.5}"),
    ("lesan:429:as=string:retry_after=2", "2", ",\"retry_after\":\"2\"}"),
    ("lesan:429:retry_after=2:as=header", "2", "Rate limit exceeded.\"}"),
    ("lesan:429:retry_after=2:as=date", "Mon, 16 Nov 2026 08:00:02 GMT", "exceeded.\"}"),
    ("lesan:429:retry_after=none", nil, "exceeded.\"}"),
    (
      "lesan:429:retry_after=99999999999999999999:as=date", "Sat, 01 Jan 10000 00:00:00 GMT",
      "exceeded.\"}"
    ),
    ("lesan:429:concurrent_limit_exceeded:retry_after=7", "7", ",\"retry_after\":7}"),
    ("lesan:503:retry_after=3", "3", ""),
    ("lesan:503:model_error:retry_after=3", "3", ",\"retry_after\":3}"),
    ("assemblyai:429:retry_after=0.5", "0.5", "{\"error\":\"Too many requests\"}"),
    ("assemblyai:429:retry_after=none", nil, "{\"error\":\"Too many requests\"}"),
    ("assemblyai:503:retry_after=86400:as=date", "Tue, 17 Nov 2026 08:00:00 GMT", ""),
  ])
  func `the time to come again is said in every form`(
    fault: String, header: String?, body: String
  ) throws {
    let client = try VirtualClient(faults: [fault])
    let answer = fault.hasPrefix("lesan") ? client.submitLesan() : client.submitAssemblyAI()
    #expect(answer.headers["Retry-After"] == header)
    #expect(answer.text.hasSuffix(body) || answer.text.hasSuffix(body + "}"))
    #expect(answer.text.contains("retry_after") == body.contains("retry_after"))
  }

  @Test(arguments: [
    ("1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("2028-02-29T23:59:59.000001Z", "Wed, 01 Mar 2028 00:00:00 GMT"),
  ])
  func `a date is written as RFC 9110 has it, rounded up`(time: String, date: String) throws {
    #expect(try #require(Timestamp(rfc3339: time)).httpDate == date)
  }

  // MARK: - The way of an answer

  @Test(arguments: [("reset", 0), ("reset:before", 0), ("reset:after", 1)])
  func `a reset comes before the request has its effect or after it`(kind: String, jobs: Int)
    throws
  {
    for provider in SimulatedProvider.allCases {
      let client = try VirtualClient(faults: ["\(provider.rawValue):\(kind):on=submit"])
      let answer = provider == .lesan ? client.submitLesan("async") : client.submitAssemblyAI()
      #expect(answer.resetsConnection)
      #expect(client.simulator.counts.jobs(provider) == jobs)
      #expect(client.simulator.counts.answers(provider, .submit, status: 0) == 1)
    }
  }

  @Test func `a slow answer is right`() throws {
    let client = try VirtualClient(faults: ["lesan:slow:delay=45:on=usage"])
    #expect(client.call("GET", "/lesan/v1/usage").status == 200)
    #expect(client.now == VirtualClient.start.advanced(byMilliseconds: 45_000))
    let late = try VirtualClient(faults: ["lesan:500:delay=10"])
    #expect(late.submitLesan().status == 500)
    #expect(late.now == VirtualClient.start.advanced(byMilliseconds: 10_000))
  }

  @Test(arguments: [301, 302, 303, 307, 308])
  func `a redirect leads where it is told`(status: Int) throws {
    let client = try VirtualClient(faults: ["lesan:\(status):location=http://other.example:81/x"])
    let answer = client.submitLesan()
    #expect(answer.status == status)
    #expect(answer.headers["Location"] == "http://other.example:81/x")
    #expect(client.simulator.counts.jobs(.lesan) == 0)
    let usual = try VirtualClient(faults: ["assemblyai:302"]).submitAssemblyAI()
    #expect(usual.headers["Location"] == "https://redirected.example/")
  }

  @Test func `an oversized answer is right and of the size`() throws {
    let client = try VirtualClient(faults: ["assemblyai:oversized:bytes=100000"])
    let answer = client.submitAssemblyAI()
    #expect(answer.body.count == 100_000)
    #expect(JSONFields(answer.body)?.strings["status"] == "queued")
    let usual = try VirtualClient(faults: ["lesan:oversized"]).call("GET", "/lesan/v1/usage")
    #expect(usual.body.count == 16 * 1024 * 1024)
  }

  @Test func `a dripping answer takes its interval for each byte`() throws {
    let client = try VirtualClient(faults: ["lesan:drip:interval=2:on=usage"]) {
      $0.latency = .zero ... .zero
    }
    let answer = client.call("GET", "/lesan/v1/usage")
    let seconds = Double(answer.body.count - 1) * 2
    #expect(client.now == VirtualClient.start.advanced(byMilliseconds: seconds * 1000))
  }

  @Test func `resets, drips and delays go over the wire`() throws {
    var configuration = ProviderSimulator.Configuration()
    configuration.latency = .zero ... .zero
    configuration.faults = try [
      "assemblyai:reset:after:on=submit", "assemblyai:reset:on=upload",
      "assemblyai:drip:interval=0.001:on=poll",
    ].map { try Fault($0) }
    let simulator = ProviderSimulator(configuration: configuration)
    let server = try simulator.serve(on: .loopback(port: 0))
    func exchange(_ request: String, _ body: String) throws -> TCPClient {
      let client = try TCPClient(port: server.addresses[0].port)
      try client.send(
        "\(request) HTTP/1.1\r\nHost: localhost\r\nAuthorization: k\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      return client
    }
    for (path, jobs) in [("upload", 0), ("transcript", 1)] {
      let end = try exchange("POST /assemblyai/v2/\(path)", Self.submission).readToEnd()
      #expect(end == ("", .reset))
      #expect(simulator.counts.jobs(.assemblyAI) == jobs)
    }
    let uploading = try TCPClient(port: server.addresses[0].port)
    try uploading.send(
      "POST /assemblyai/v2/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: k\r\n"
        + "Content-Length: 8000000\r\n\r\nthe first of many bytes")
    #expect(uploading.readToEnd() == ("", .reset))
    #expect(simulator.counts.answers(.assemblyAI, .upload, status: 0) == 2)
    let dripped = try exchange("GET /assemblyai/v2/transcript/none", "")
    #expect(dripped.readAnswer().hasSuffix("transcript id not found\"}"))
  }

  // MARK: - Jobs and synchronous calls

  @Test(arguments: [("stays_queued", "queued"), ("never_ends", "processing")])
  func `a job that stalls is never done`(code: String, status: String) throws {
    for provider in ["assemblyai", "lesan"] {
      let client = try VirtualClient(faults: ["\(provider):job:\(code)"])
      let isLesan = provider == "lesan"
      let job = isLesan ? client.submitLesan("async") : client.submitAssemblyAI()
      client.pass(seconds: 10 * 86_400)
      let path = isLesan ? "/lesan/v1/transcriptions/" : "/assemblyai/v2/transcript/"
      #expect(client.call("GET", path + job.member("id")).member("status") == status)
    }
  }

  @Test func `a synchronous call of a job without end is answered 408 after 300 s`() throws {
    let client = try VirtualClient(faults: ["lesan:job:never_ends"])
    let answer = client.submitLesan()
    #expect(client.now == VirtualClient.start.advanced(byMilliseconds: 300_000))
    #expect(answer.status == 408)
    #expect(
      answer.text
        == #"{"error":{"type":"timeout_error","code":"request_timeout","message":"The transcription takes longer than the request may; poll the job."},"id":"\#(answer.member("id"))","status":"processing"}"#
    )
  }

  @Test(arguments: [("lesan:408", 408), ("lesan:queued", 200)])
  func `a job goes on behind a synchronous call`(fault: String, status: Int) throws {
    let client = try VirtualClient(faults: [fault])
    let answer = client.submitLesan("sync")
    #expect(answer.status == status)
    #expect(answer.member("status") == "queued")
    #expect(client.simulator.counts.jobs(.lesan) == 1)
    client.pass(seconds: 60)
    let polled = client.call("GET", "/lesan/v1/transcriptions/\(answer.member("id"))")
    #expect(polled.member("status") == "completed")
    #expect(client.submitLesan("async").status == 200)
    #expect(client.call("GET", "/lesan/v1/usage").status == 200)
  }

  @Test func `a job of Lesan fails with its error`() throws {
    let client = try VirtualClient(faults: ["lesan:job:model_error"])
    let answer = client.submitLesan()
    #expect(answer.status == 200)
    #expect(answer.member("status") == "failed")
    #expect(answer.text.contains(#""text":null"#))
    #expect(
      answer.text.contains(
        #""error":{"type":"server_error","code":"model_error","message":"The ML model"#))
  }

  @Test func `stalled jobs hold their places`() throws {
    let client = try VirtualClient(faults: ["lesan:job:stays_queued"]) {
      $0.lesan.concurrentJobs = 2
    }
    _ = client.submitLesan("async")
    _ = client.submitLesan("async")
    client.pass(seconds: 86_400)
    #expect(client.submitLesan("async").member("code") == "concurrent_limit_exceeded")
  }
}
