import AttemptLog
import HTTPServer
import ProviderSimulator
import Testing

struct FaultScheduleTests {
  static func schedule(_ text: String) throws -> [Fault] {
    try FaultSchedule(Array(text.utf8)).faults
  }

  @Test func `a schedule is read`() throws {
    let faults = try Self.schedule(
      """
      [
        {"fault": "lesan:503:p=0.9", "from": "2026-11-16T09:00:00+01:00",
         "to": "2026-11-16T10:00:00Z"},
        {"count": 3, "after_requests": 10, "fault": "assemblyai:reset:after"},
        {"fault": "lesan:slow"}
      ]
      """)
    #expect(faults.count == 3)
    #expect(faults[0].from == VirtualClient.start)
    #expect(faults[0].to == VirtualClient.start.advanced(byMilliseconds: 7_200_000))
    #expect(faults[0].probability == 0.9)
    #expect(faults[1].effect == .resetAfter)
    #expect(faults[1].afterRequests == 10)
    #expect(faults[1].count == 3)
    #expect(try faults[2] == Fault("lesan:slow"))
    #expect(try Self.schedule(" [ ] ") == [])
  }

  @Test func `requests are counted for each fault by those that it concerns`() throws {
    let faults = try Self.schedule(
      """
      [{"fault": "lesan:503:on=usage", "after_requests": 2, "count": 3},
       {"fault": "lesan:500:on=submit", "after_requests": 1}]
      """)
    let client = try VirtualClient { $0.faults = faults }
    #expect(client.submitLesan("async").status == 200)
    let statuses = (1...7).map { _ in client.call("GET", "/lesan/v1/usage").status }
    #expect(statuses == [200, 200, 503, 503, 503, 200, 200])
    #expect(client.submitLesan("async").status == 500)
    #expect(client.submitAssemblyAI().status == 200)
  }

  static let time = "a time like \"2026-11-16T08:00:00Z\""

  @Test(arguments: [
    ("", "line 1, column 1: expected an array of objects"),
    ("{}", "line 1, column 1: expected an array of objects"),
    ("[", "line 1, column 2: expected an object"),
    ("[1]", "line 1, column 2: expected an object"),
    ("[{}]", "line 1, column 2: an object without \"fault\""),
    ("[{\"fault\": 1}]", "line 1, column 12: expected a fault as a string"),
    (
      "[\n  {\"fault\": \"lesan:200\"}\n]",
      "line 2, column 13: invalid fault \"lesan:200\": the provider has no fault \"200\""
    ),
    ("[{\"fault\": \"lesan:500\"},]", "line 1, column 25: expected an object"),
    ("[{\"fault\": \"lesan:500\"} {}]", "line 1, column 25: expected \",\" or \"]\""),
    ("[{\"fault\": \"lesan:500\"}] x", "line 1, column 26: expected the end of the file"),
    ("[{\"fault\" \"lesan:500\"}]", "line 1, column 11: expected \":\""),
    ("[{\"fault\": \"lesan:500\"", "line 1, column 23: expected \",\" or \"}\""),
    ("[{fault: 1}]", "line 1, column 3: expected the name of a member"),
    (
      "[{\"ሰላም\": 1, \"fault\": 1}]",
      "line 1, column 3: unknown member \"ሰላም\"; expected fault, from, to, after_requests, count"
    ),
    (
      "[{\"fault\": \"lesan:500\", \"fault\": \"lesan:500\"}]",
      "line 1, column 25: member \"fault\" is repeated"
    ),
    ("[{\"from\": \"2026-11-16\"}]", "line 1, column 11: expected \(time)"),
    ("[{\"to\": 5}]", "line 1, column 9: expected \(time)"),
    ("[{\"count\": 0}]", "line 1, column 12: expected a whole number from 1 to 999999999"),
    ("[{\"count\": 1.5}]", "line 1, column 12: expected a whole number from 1 to 999999999"),
    ("[{\"count\": 01}]", "line 1, column 12: expected a whole number from 1 to 999999999"),
    (
      "[{\"after_requests\": -1}]", "line 1, column 21: expected a whole number from 0 to 999999999"
    ),
    (
      "[{\"fault\":\"lesan:500\",\"from\":\"2026-11-16T08:00:00Z\",\"count\":1}]",
      "line 1, column 2: \"from\" and \"to\" exclude \"after_requests\" and \"count\""
    ),
    (
      "[{\"fault\":\"lesan:500\",\"from\":\"2026-11-16T08:00:00Z\",\"to\":\"2026-11-16T08:00:00Z\"}]",
      "line 1, column 2: \"to\" is not after \"from\""
    ),
  ])
  func `what is wrong is said with its place`(text: String, message: String) {
    let error = #expect(throws: FaultScheduleError.self) { try Self.schedule(text) }
    #expect(error?.description == message)
  }

  @Test func `a schedule has limits`() {
    let fault = "{\"fault\":\"lesan:500\"}"
    let many = "[" + Array(repeating: fault, count: 1001).joined(separator: ",") + "]"
    #expect(throws: FaultScheduleError.self) { try Self.schedule(many) }
    let long = "[]" + String(repeating: " ", count: FaultSchedule.bytesMax)
    let error = #expect(throws: FaultScheduleError.self) { try Self.schedule(long) }
    #expect(error?.description == "line 1, column 1: more than 1048576 bytes")
  }
}
