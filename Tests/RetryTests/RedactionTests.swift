import AttemptLog
import Retry
import TestSupport
import Testing

struct RedactionTests {
  static let secret = "q7Zr-Lw2/xK9+pT4vB8nD1"

  @Test(arguments: [
    ("Authorization: Bearer abc.def", "Authorization: [REDACTED]"),
    ("authorization: abc def\nnext", "authorization: [REDACTED]\nnext"),
    (#"{"Authorization": "abc", "a": 1}"#, #"{"Authorization": "[REDACTED]", "a": 1}"#),
    (#"{\"Authorization\": \"abc\"}"#, #"{\"Authorization\": \"[REDACTED]"}"#),
    ("curl -H 'Authorization: abc' x", "curl -H 'Authorization: [REDACTED]"),
    ("Authorization header is missing", "Authorization header is missing"),
    ("got bearer abc-def, sorry", "got bearer [REDACTED], sorry"),
    ("the bearer", "the bearer"),
    ("key=abc&x=y", "key=[REDACTED]&x=y"),
    ("api_key = 'a b' and sig=x", "api_key = '[REDACTED]' and sig=[REDACTED]"),
    ("X-Api-Key: abc", "X-Api-Key: [REDACTED]"),
    (#"{"access_token":"abc"}"#, #"{"access_token":"[REDACTED]"}"#),
    ("Invalid API key: abc.", "Invalid API key: [REDACTED]"),
    ("missing required key: audio_url", "missing required key: audio_url"),
    ("key=token= abc", "key=[REDACTED] [REDACTED]"),
    ("token=Bearer abc", "token=[REDACTED] [REDACTED]"),
    ("get https://a.b/c?x=y&z#f now", "get https://a.b/c?[REDACTED] now"),
    ("https://user:pass@a.b/c", "https://[REDACTED]@a.b/c"),
    ("GET /v2/a?expires=12 failed", "GET /v2/a?[REDACTED] failed"),
    ("Really? Yes = no", "Really? Yes = no"),
    ("see https%3A%2F%2Fa.b%2Fc%3FX%3Dy z", "see https%3A%2F%2Fa.b%2Fc%3F[REDACTED] z"),
    (#"{"api_key"=>"abc"}"#, #"{"api_key"=>"[REDACTED]"}"#),
    ("token => abc, token := abc", "token => [REDACTED], token := [REDACTED]"),
    ("token=<abc> and", "token=<[REDACTED]> and"),
    (#"{"X-Api-Key":["abc"]}"#, #"{"X-Api-Key":["[REDACTED]"]}"#),
    (#"Bearer "abc", Bearer: abc"#, #"Bearer "[REDACTED]", Bearer: [REDACTED]"#),
    ("bearer=abc", "bearer=[REDACTED]"),
    (#"{"password":"ab\"cd","a":1}"#, #"{"password":"[REDACTED]","a":1}"#),
    (#"{"password":"abc\"#, #"{"password":"[REDACTED]"#),
    ("X-Api-Key      : abc", "X-Api-Key      : [REDACTED]"),
    ("webhook_auth_header_value: abc", "webhook_auth_header_value: [REDACTED]"),
    ("GET /v2/a?abc failed", "GET /v2/a?[REDACTED] failed"),
    ("Yes and/or no? Really?No", "Yes and/or no? Really?No"),
    ("was sk-abcdefgh1, not", "was [REDACTED], not"),
    ("(ghp_0123456789)", "([REDACTED])"),
    ("AKIAIOSFODNN7EXAMPLE xoxb-12345678", "[REDACTED] [REDACTED]"),
    ("task-abcdefgh1 sk-short", "task-abcdefgh1 sk-short"),
    ("Rate limit exceeded. Retry after 2 seconds.", "Rate limit exceeded. Retry after 2 seconds."),
    ("", ""),
  ])
  func `what looks like a secret is hidden, once and for all`(text: String, expected: String) {
    let redacted = Redaction().redacted(text)
    #expect(redacted == expected)
    #expect(Redaction().redacted(redacted) == redacted)
  }

  /// Base64 written as a test would, apart from the code under test.
  static func base64(_ text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bits = text.utf8.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    return stride(from: 0, to: bits.count, by: 6).map { start in
      let six = bits[start..<min(start + 6, bits.count)] + [0, 0, 0, 0, 0]
      return String(digits[six.prefix(6).reduce(0) { $0 << 1 | Int($1) }])
    }.joined()
  }

  static func percentEncoded(_ text: String) -> String {
    text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test(arguments: [
    secret, "a: \(secret)!", percentEncoded(secret), percentEncoded(secret).uppercased(),
    secret.replacing("/", with: "%2F").replacing("+", with: "%2b"),
    percentEncoded(percentEncoded(secret)), base64(secret), base64("user:" + secret),
    base64("u:" + secret), base64("me:" + secret),
    base64(secret).replacing("+", with: "-").replacing("/", with: "_"),
    String(secret.prefix(8)), String(secret.suffix(8)), String(secret.dropFirst(5).prefix(11)),
    secret + secret, "é\(secret)é",
  ])
  func `a known secret is hidden in every form`(text: String) {
    let redacted = Redaction(secrets: ["other", Self.secret]).redacted(text)
    #expect(redacted.contains(Redaction.placeholder))
    for form in [Self.secret, Self.percentEncoded(Self.secret), Self.base64(Self.secret)] {
      for start in 0...form.count - 8 {
        #expect(!redacted.contains(form.dropFirst(start).prefix(8)))
      }
    }
  }

  @Test func `text around a secret stays, and a piece of 7 bytes is no piece`() {
    let redaction = Redaction(secrets: [Self.secret, "s3cr"])
    #expect(redaction.redacted("a\(Self.secret)b") == "a[REDACTED]b")
    #expect(redaction.redacted("é\(Self.secret)é") == "é[REDACTED]é")
    #expect(redaction.redacted("a \(Self.secret.prefix(7)) b") == "a \(Self.secret.prefix(7)) b")
    #expect(redaction.redacted("my s3cr, \(Self.base64("s3cr"))") == "my [REDACTED], [REDACTED]g")
    #expect(Redaction(secrets: [""]).redacted("a") == "a")
    #expect(Redaction().hiding(["wxyz"]).redacted("a wxyz") == "a [REDACTED]")
  }

  @Test func `no piece of a planted secret survives in random surroundings`() {
    let pieces = [
      Self.secret, Self.percentEncoded(Self.secret), "key=", " ", "\"", "?", "://", "%", "é", "a",
      "Authorization:", "Bearer ", "@", "\n", "sk-", "\\", "'", "=", ":", "%25", "%3",
    ]
    let redaction = Redaction(secrets: [Self.secret])
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &generator)]
      }.joined()
      let redacted = redaction.redacted(text)
      #expect(!redacted.contains(Self.secret.prefix(8)), "\(text)")
      #expect(!redacted.contains(Self.secret.suffix(8)), "\(text)")
      #expect(!redacted.contains(Self.percentEncoded(Self.secret).prefix(24)), "\(text)")
      #expect(!redacted.contains("\u{FFFD}"), "\(text)")
    }
  }

  @Test(arguments: [
    "a", "key=", "key= ", "authorization:", "sk-", "bearer ", "://", "?a", "https://a?", "%25",
    "key=\"", "=", "q7Zr-Lw2", "\"", "token: ", "token=>", " \"", "/?", "bearer \"", "token=\\",
  ])
  func `a hostile text of 1 MiB takes time in proportion`(piece: String) {
    let redaction = Redaction(secrets: [Self.secret])
    func time(_ bytes: Int) -> Duration {
      let text = String(repeating: piece, count: bytes / piece.utf8.count)
      return ContinuousClock().measure { _ = redaction.redacted(text) }
    }
    // Quadratic work would take 256 times as long for 16 times the text; noise gets its share.
    let small = max(time(1 << 16), .milliseconds(20))
    #expect(time(1 << 20) < small * 100)
  }

  @Test func `a redaction shows nothing of its secrets`() {
    var shown = ""
    dump(Redaction(secrets: [Self.secret]), to: &shown)
    #expect(shown.contains("Redaction") && !shown.contains("windows") && !shown.contains("q7Zr"))
    #expect("\(Redaction(secrets: [Self.secret]))" == "Redaction")
  }

  @Test(arguments: [nil, 503])
  func `whatever the body noted or threw, no event and no error holds a secret`(
    status: Int?
  ) async throws {
    let events = RecordedEvents()
    let retrier = Retrier(
      policy: RetryPolicy(backoff: .none), clock: MonotonicClock(VirtualClock()),
      redaction: Redaction(secrets: [Self.secret]), record: events.record)
    var operation = LoggedOperation.make()
    operation.idempotencyKey = "order-wxyz-of-today"
    var thrown = ""
    do {
      try await retrier.run(operation) { attempt in
        attempt.hide(["only-here-q0q"])
        attempt.note { facts in
          facts = AttemptFacts(
            httpStatus: status, layer: .http, type: "t \(Self.secret)", code: Self.secret,
            message: "\(Self.secret) https://a.b/?sig=s1gn of order-wxyz-of-today, only-here-q0q")
          facts.parameter = Self.secret
          facts.requestID = Self.secret
          facts.jobID = "job-\(Self.secret)"
        }
        if status != nil { throw Unknown() }
      }
    } catch {
      thrown = "\(error)"
    }
    let shown = "\(events.all)" + thrown
    #expect(events.operations.last?.jobID == "job-[REDACTED]")
    // None of them is hexadecimal: a random id must not look like one.
    for leak in ["q7Zr", "wxyz", "s1gn", "q0q"] { #expect(!shown.contains(leak)) }
  }

  @Test func `classification reads what redaction hides afterwards`() async {
    let events = RecordedEvents()
    let retrier = Retrier(
      errors: [ErrorRule(messagePrefix: "key=abc", .auth, retry: .never, pattern: "bad_key")],
      record: events.record)
    _ = try? await retrier.run(.make()) { _ in
      throw Refusal(attemptFacts: AttemptFacts(httpStatus: 400, layer: .http, message: "key=abc"))
    }
    #expect(events.attempts.first?.error.message == "key=[REDACTED]")
    #expect(events.attempts.first?.error.code == "bad_key")
  }
}
