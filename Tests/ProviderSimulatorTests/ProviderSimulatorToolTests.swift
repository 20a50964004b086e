import Foundation
import TestSupport
import Testing

struct ProviderSimulatorToolTests {
  @Test(arguments: [SIGTERM, SIGINT])
  func `the tool prints its port, answers, and stops on a signal`(signal: Int32) throws {
    let tool = try BuiltTool(
      "provider-simulator", ["--port", "0", "--seed=7", "--fault", "lesan:429:retry_after=3"])
    let line = tool.line()
    #expect(line.hasPrefix("listening on http://127.0.0.1:"))
    let port = try #require(UInt16(line.drop { $0 != "1" }.split(separator: ":").last ?? ""))
    let client = try TCPClient(port: port)
    try client.send("GET /lesan/v1/usage HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(client.readAnswer().contains("Retry-After: 3\r\n"))
    tool.send(signal: signal)
    #expect(tool.finish() == ("", "", 0))
  }

  @Test func `at the end the tool says what it answered`() throws {
    let tool = try BuiltTool(
      "provider-simulator",
      ["--counts", "--fault", "assemblyai:reset:on=submit", "--fault=lesan:503"])
    let port = try #require(UInt16(tool.line().split(separator: ":").last ?? ""))
    for request in ["GET /lesan/v1/usage", "GET /lesan/nowhere", "POST /assemblyai/v2/transcript"] {
      let client = try TCPClient(port: port)
      try client.send("\(request) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      _ = client.readAnswer()
    }
    tool.send(signal: SIGTERM)
    let expected = """
      assemblyai submit reset: 1
      lesan other 503: 1
      lesan usage 503: 1
      assemblyai jobs: 0
      lesan jobs: 0

      """
    #expect(tool.finish() == (expected, "", 0))
  }

  @Test(arguments: [
    (["--prot", "0"], #"unknown option "--prot"; did you mean "--port"?"#),
    (["extra"], #"unexpected argument "extra""#),
    (["--port"], #"option "--port" needs a value: PORT"#),
    (["--port", "65536"], #"option "--port": "65536" is not a whole number from 0 to 65535"#),
    (
      ["--seed=-1"],
      #"option "--seed": "-1" is not a whole number from 0 to 18446744073709551615"#
    ),
    (
      ["--job-seconds", "nan"],
      #"option "--job-seconds": "nan" is not a number from 0 to 86400"#
    ),
    (
      ["--fault", "lesan:200"],
      #"option "--fault": invalid fault "lesan:200": the provider has no fault "200""#
    ),
  ])
  func `a wrong command line is one line and exit 2`(arguments: [String], message: String) throws {
    let result = try BuiltTool("provider-simulator", arguments).finish()
    #expect(result == ("", "provider-simulator: \(message)\n", 2))
  }

  @Test func `a schedule that cannot be used is one line with its place and exit 5`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/faults.json"
    try Data("[\n  {\"fault\": \"lesan:503\", \"cuont\": 3}\n]\n".utf8)
      .write(to: URL(fileURLWithPath: path))
    for (schedule, message) in [
      (
        path,
        "schedule \"\(path)\", line 2, column 26: unknown member \"cuont\";"
          + " expected fault, from, to, after_requests, count"
      ),
      (
        path + ".none",
        "cannot read schedule \"\(path).none\": no such file or directory (open, errno 2)"
      ),
      (
        directory.path,
        "cannot read schedule \"\(directory.path)\": is a directory (read, errno 21)"
      ),
    ] {
      let result = try BuiltTool("provider-simulator", ["--schedule", schedule]).finish()
      #expect(result == ("", "provider-simulator: \(message)\n", 5))
    }
  }

  @Test func `a port in use is one line and exit 5`() throws {
    let first = try BuiltTool("provider-simulator", [])
    let address = String(first.line().dropFirst("listening on http://".count))
    let port = String(address.split(separator: ":").last ?? "")
    let second = try BuiltTool("provider-simulator", ["--port", port]).finish()
    #expect(
      second
        == (
          "",
          "provider-simulator: cannot listen on \(address): address already in use (bind, errno 98)\n",
          5
        ))
    first.send(signal: SIGTERM)
    #expect(first.finish().status == 0)
  }

  @Test func `help goes to standard output`() throws {
    let result = try BuiltTool("provider-simulator", ["--help"]).finish()
    #expect(result.output.hasPrefix("usage: provider-simulator "))
    #expect(result.status == 0)
  }
}
