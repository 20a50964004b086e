import AttemptLog
import HTTPServer
import ProviderSimulator
import TestSupport
import Testing

struct ProviderSimulatorTests {
  // MARK: - AssemblyAI

  @Test func `an AssemblyAI job is queued, processed and completed`() throws {
    let client = try VirtualClient()
    let upload = client.call("POST", "/assemblyai/v2/upload", "audio")
    #expect(upload.text.hasPrefix("{\"upload_url\":\"https://cdn.assemblyai.com/upload/"))
    let submitted = client.submitAssemblyAI()
    #expect(submitted.status == 200)
    #expect(submitted.member("audio_url") == "https://example.com/a.mp3")
    var seen = [submitted.member("status")]
    var last = submitted
    while seen.last != "completed" && seen.count < 5 {
      client.pass(seconds: 0.1)
      last = client.call("GET", "/assemblyai/v2/transcript/\(submitted.member("id"))")
      if seen.last != last.member("status") { seen.append(last.member("status")) }
    }
    #expect(seen == ["queued", "processing", "completed"])
    #expect(
      last.text == """
        {"id":"\(submitted.member("id"))","status":"completed",\
        "audio_url":"https://example.com/a.mp3","language_code":"en_us",\
        "punctuate":true,"format_text":true,\
        "text":"Smoke from hundreds of wildfires in Canada.","words":[\
        {"text":"Smoke","start":250,"end":600,"confidence":0.96,"speaker":null},\
        {"text":"from","start":650,"end":1000,"confidence":0.96,"speaker":null},\
        {"text":"hundreds","start":1050,"end":1400,"confidence":0.96,"speaker":null},\
        {"text":"of","start":1450,"end":1800,"confidence":0.96,"speaker":null},\
        {"text":"wildfires","start":1850,"end":2200,"confidence":0.96,"speaker":null},\
        {"text":"in","start":2250,"end":2600,"confidence":0.96,"speaker":null},\
        {"text":"Canada.","start":2650,"end":3000,"confidence":0.96,"speaker":null}\
        ],"utterances":null,"confidence":0.96,\
        "audio_duration":\(try #require(last.text.split(separator: ":").last))
        """)
  }

  @Test(arguments: [
    (
      "server_error",
      "Internal server error. Please retry your request. If the error persists, please contact support@assemblyai.com for more information."
    ),
    ("server_error_legacy", "Server error, developers have been alerted."),
    ("audio_too_short", "Audio duration is too short."),
  ])
  func `a failed AssemblyAI job ends in error with the guide's text`(code: String, text: String)
    throws
  {
    let client = try VirtualClient(faults: ["assemblyai:job:\(code)"])
    let submitted = client.submitAssemblyAI()
    #expect(submitted.member("status") == "queued")
    client.pass(seconds: 60)
    let polled = client.call("GET", "/assemblyai/v2/transcript/\(submitted.member("id"))")
    #expect(polled.status == 200)
    #expect(polled.member("status") == "error")
    #expect(polled.member("error") == text)
    #expect(client.simulator.counts.jobs(.assemblyAI) == 1)
  }

  @Test(arguments: [
    (
      "GET", "/assemblyai/v2/transcript/none", "", nil, 400,
      "Transcript lookup error, transcript id not found"
    ),
    (
      "POST", "/assemblyai/v2/transcript", "{}", "", 401,
      "Authentication error, API token missing/invalid"
    ),
    (
      "POST", "/assemblyai/v2/transcript", "{}", "Bearer k", 401,
      "Authentication error, API token missing/invalid"
    ),
    ("POST", "/assemblyai/v2/transcript", "{", nil, 400, "Invalid JSON in request body"),
    ("POST", "/assemblyai/v2/transcript", "{}", nil, 400, "Missing required parameter: audio_url"),
    ("POST", "/assemblyai/v2/upload", "", nil, 400, "Request body is empty"),
    ("DELETE", "/assemblyai/v2/transcript/x", "", nil, 404, "Not found"),
    ("GET", "/assemblyai/v2/transcript/x/sentences", "", nil, 404, "Not found"),
  ])
  func `AssemblyAI's errors are texts`(
    method: String, path: String, body: String, key: String?, status: Int, error: String
  ) throws {
    let answer = try VirtualClient().call(method, path, body, key: key)
    #expect(answer.status == status)
    #expect(answer.text == "{\"error\":\"\(error)\"}")
  }

  // MARK: - Lesan

  @Test(arguments: ["/lesan/transcribe", "/lesan/v1/transcriptions"])
  func `a synchronous Lesan call is completed when it is answered`(path: String) throws {
    let client = try VirtualClient()
    let answer = client.call("POST", path, #"{"audio_url":"https://x/a","language":"ti"}"#)
    #expect(answer.status == 200)
    #expect(answer.member("status") == "completed")
    #expect(answer.member("text") == "ሰላም ንዓለም")
    #expect(answer.text.contains(#""audio_duration":"#))
    #expect(answer.member("completed_at") == client.now.rfc3339())
    #expect(answer.headers["X-RateLimit-Limit"] == "60")
    #expect(answer.headers["X-RateLimit-Remaining"] == "59")
    #expect(answer.headers["X-RateLimit-Reset"] == "1794816060")
  }

  @Test func `an asynchronous Lesan job is polled`() throws {
    let client = try VirtualClient()
    let submitted = client.submitLesan("async")
    #expect(submitted.member("status") == "queued")
    let path = "/lesan/v1/transcriptions/\(submitted.member("id"))"
    client.pass(seconds: 60)
    #expect(client.call("GET", path).member("status") == "completed")
    #expect(
      client.call("GET", "/lesan/v1/usage").text.contains(
        #""requests_per_minute":{"limit":60,"used":2,"#))
  }

  @Test(arguments: [
    ("{", nil, 400, "invalid_request_error", "invalid_json", "The request body is not valid JSON."),
    (
      #"{"audio_url":"u"}"#, nil, 400, "invalid_request_error", "missing_required_field",
      "The 'language' field is required."
    ),
    (
      #"{"audio_url":"u","language":"xx"}"#, nil, 400, "invalid_request_error",
      "invalid_field_value",
      "Unsupported language 'xx'. Supported: am, ti, so, en."
    ),
    (
      #"{"audio_url":"u","language":"am","mode":3}"#, nil, 400, "invalid_request_error",
      "invalid_field_value", "Unsupported mode ''. Supported: sync, async."
    ),
    ("{}", "", 401, "authentication_error", "missing_api_key", "No API key was provided."),
    (
      "{}", "key", 401, "authentication_error", "invalid_api_key",
      "The API key provided is invalid."
    ),
  ])
  func `Lesan's errors have type, code and message`(
    body: String, key: String?, status: Int, type: String, code: String, message: String
  ) throws {
    let answer = try VirtualClient().call("POST", "/lesan/transcribe", body, key: key)
    #expect(answer.status == status)
    #expect(
      answer.text.hasPrefix(
        "{\"error\":{\"type\":\"\(type)\",\"code\":\"\(code)\",\"message\":\"\(message)\""))
    #expect(answer.headers["X-RateLimit-Reset"] != nil)
  }

  @Test func `an unknown Lesan job is not found`() throws {
    #expect(
      try VirtualClient().call("GET", "/lesan/v1/transcriptions/job_abc123").text
        == #"{"error":{"type":"not_found_error","code":"job_not_found","message":"Job 'job_abc123' was not found."}}"#
    )
  }

  // MARK: - Limits

  @Test func `the request after the last of a minute waits for the next`() throws {
    let client = try VirtualClient { $0.latency = .zero ... .zero }
    for _ in 0..<60 { #expect(client.call("GET", "/lesan/v1/usage").status == 200) }
    client.pass(seconds: 12.5)
    let refused = client.submitLesan()
    #expect(refused.status == 429)
    #expect(refused.headers["Retry-After"] == "48")
    #expect(
      refused.text
        == #"{"error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"Rate limit exceeded. Retry after 48 seconds.","retry_after":48}}"#
    )
    client.pass(seconds: 47.5)
    #expect(client.submitLesan().status == 200)
  }

  @Test func `jobs at once and audio of a day are limited`() throws {
    let client = try VirtualClient {
      $0.lesan.concurrentJobs = 2
      $0.lesan.audioMinutesPerDay = 20
      $0.audioDuration = .seconds(600) ... .seconds(600)
      $0.latency = .zero ... .zero
    }
    _ = client.submitLesan("async")
    _ = client.submitLesan("async")
    #expect(client.submitLesan().member("code") == "daily_quota_exceeded")
    client.pass(seconds: 86_400)
    _ = client.submitLesan("async")
    _ = client.submitLesan("async")
    client.pass(seconds: 86_400)
    _ = client.submitLesan("async")
    #expect(client.submitLesan("async").status == 200)

    let unlimited = try VirtualClient { $0.latency = .zero ... .zero }
    for _ in 0..<10 { #expect(unlimited.submitLesan("async").status == 200) }
    let refused = unlimited.submitLesan()
    #expect(refused.member("code") == "concurrent_limit_exceeded")
    #expect(refused.headers["Retry-After"] == nil)
    unlimited.pass(seconds: 30)
    #expect(unlimited.submitLesan().status == 200)
  }

  @Test func `the daily quota is open again at midnight UTC`() throws {
    let client = try VirtualClient {
      $0.lesan.audioMinutesPerDay = 10
      $0.audioDuration = .seconds(600) ... .seconds(600)
      $0.latency = .zero ... .zero
    }
    #expect(client.submitLesan("async").status == 200)
    let refused = client.submitLesan("async")
    #expect(refused.member("code") == "daily_quota_exceeded")
    #expect(refused.headers["Retry-After"] == "57600")
    client.pass(seconds: 57_599.5)
    #expect(client.submitLesan("async").headers["Retry-After"] == "1")
    client.pass(seconds: 0.5)
    #expect(client.now.rfc3339() == "2026-11-17T00:00:00.000000Z")
    #expect(client.submitLesan("async").status == 200)
  }

  // MARK: - Faults

  @Test(arguments: [
    ("assemblyai:429:retry_after=9", 429, "{\"error\":\"Too many requests\"}", "9"),
    ("assemblyai:500", 500, "{\"error\":\"Internal server error\"}", nil),
    ("assemblyai:503", 503, "", nil),
    (
      "lesan:429:rate_limit_exceeded:retry_after=2", 429,
      #"{"error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"Rate limit exceeded. Retry after 2 seconds.","retry_after":2}}"#,
      "2"
    ),
    (
      "lesan:500:model_error", 500,
      #"{"error":{"type":"server_error","code":"model_error","message":"The ML model encountered an error."}}"#,
      nil
    ),
    ("lesan:503", 503, "", nil),
  ])
  func `a fault answers in the provider's form`(
    fault: String, status: Int, body: String, retryAfter: String?
  ) throws {
    let client = try VirtualClient(faults: [fault])
    let answer = fault.hasPrefix("lesan") ? client.submitLesan() : client.submitAssemblyAI()
    #expect(answer.status == status)
    #expect(answer.text == body)
    #expect(answer.headers["Retry-After"] == retryAfter)
    #expect(client.simulator.counts.jobs(.lesan) + client.simulator.counts.jobs(.assemblyAI) == 0)
  }

  @Test func `a gateway answers 502 in HTML`() throws {
    let answer = try VirtualClient(faults: ["lesan:502"]).submitLesan()
    #expect(answer.headers["Content-Type"] == "text/html")
    #expect(answer.text.contains("<h1>502 Bad Gateway</h1>"))
  }

  @Test func `a fault strikes its requests, within its time, as often as it says`() throws {
    let outage = try Fault(
      "lesan:500:on=submit", from: VirtualClient.start.advanced(byMilliseconds: 10_000),
      to: VirtualClient.start.advanced(byMilliseconds: 20_000))
    let client = try VirtualClient {
      $0.faults = [outage]
      $0.latency = .zero ... .zero
    }
    #expect(client.submitLesan("async").status == 200)
    client.pass(seconds: 10)
    #expect(client.submitLesan("async").status == 500)
    #expect(client.call("GET", "/lesan/v1/usage").status == 200)
    #expect(client.submitAssemblyAI().status == 200)
    client.pass(seconds: 10)
    #expect(client.submitLesan("async").status == 200)

    let rare = try VirtualClient(faults: ["assemblyai:503:p=0.1"])
    for _ in 0..<2000 { _ = rare.call("POST", "/assemblyai/v2/upload", "x") }
    #expect((160...240).contains(rare.simulator.counts.answers(.assemblyAI, status: 503)))
  }

  // MARK: - Determinism and time

  @Test func `the same seed gives the same bytes, another does not`() throws {
    let first = try Self.transcript(seed: 7)
    #expect(try first == Self.transcript(seed: 7))
    #expect(try first != Self.transcript(seed: 8))
  }

  @Test func `a further fault leaves other answers as they are`() throws {
    let with = try Self.transcript(seed: 7, extra: ["lesan:503:on=usage:p=0.5"])
    #expect(try with == Self.transcript(seed: 7))
  }

  static func transcript(seed: UInt64, extra: [String] = []) throws -> [String] {
    let client = try VirtualClient(
      seed: seed, faults: ["lesan:429:p=0.2", "assemblyai:job:server_error:p=0.3"] + extra)
    var lines: [String] = []
    for _ in 0..<100 {
      for answer in [client.submitLesan(), client.submitAssemblyAI()] {
        lines.append("\(answer.status) \(answer.headers.fields) \(answer.text) \(client.now)")
      }
    }
    return lines
  }

  @Test func `counts say what was answered`() throws {
    let client = try VirtualClient()
    _ = client.submitLesan()
    _ = client.call("GET", "/lesan/v1/transcriptions/none")
    _ = client.call("GET", "/lesan/other")
    _ = client.call("GET", "/elsewhere")
    let counts = client.simulator.counts
    #expect(counts.answers(.lesan) == 3)
    #expect(counts.answers(.lesan, status: 404) == 2)
    #expect(counts.answers(.lesan, .poll) == 1)
    #expect(counts.answers(.assemblyAI) == 0)
    #expect(
      counts.rows.map {
        "\($0.row.provider) \($0.row.request?.rawValue ?? "-") \($0.row.status) \($0.count)"
      }
        == ["lesan - 404 1", "lesan poll 404 1", "lesan submit 200 1"])
  }

  @Test func `in real time the answer bears its delay and goes over the wire`() throws {
    var configuration = ProviderSimulator.Configuration()
    configuration.queueing = .zero ... .zero
    configuration.processing = .milliseconds(30) ... .milliseconds(30)
    configuration.latency = .milliseconds(1) ... .milliseconds(1)
    let simulator = ProviderSimulator(configuration: configuration)
    let server = try simulator.serve(on: .loopback(port: 0))
    let client = try TCPClient(port: server.addresses[0].port)
    let begin = ContinuousClock.now
    let body = #"{"audio_url":"u","language":"en"}"#
    try client.send(
      "POST /lesan/transcribe HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    let answer = client.readAnswer()
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(answer.contains("Hello, world"))
    #expect(ContinuousClock.now - begin >= .milliseconds(30))
    #expect(simulator.counts.answers(.lesan, .submit, status: 200) == 1)
  }
}
