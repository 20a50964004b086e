import Foundation

/// A tool of this package as it was built, run as a process.
// Unchecked: the only owner is the test that made it.
public final class BuiltTool: @unchecked Sendable {
  private let process = Process()
  private let output = Pipe()
  private let errors = Pipe()

  /// Runs it in a directory, that of the tests if none is given, with so many descriptors, or on a
  /// terminal of so many columns; `input` is its standard input and fits a pipe.
  ///
  /// - Parameter environment: what is different from that of the tests; nil removes.
  public init(
    _ name: String, _ arguments: [String], in directory: String? = nil, input: [UInt8] = [],
    descriptorsMax: Int? = nil, columns: Int? = nil, environment: [String: String?] = [:]
  ) throws {
    // The tests' own executable stands beside the tools.
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let tool = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(name)
    if let descriptorsMax {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      let script = "ulimit -n \(descriptorsMax); exec \"$0\" \"$@\""
      process.arguments = ["-c", script, tool.path] + arguments
    } else if let columns {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
      let words = ([tool.path] + arguments).map { "'\($0.replacing("'", with: #"'\''"#))'" }
      let command = "stty columns \(columns); exec " + words.joined(separator: " ")
      process.arguments = ["--quiet", "--return", "--command", command, "/dev/null"]
    } else {
      process.executableURL = tool
      process.arguments = arguments
    }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.environment = environment.reduce(into: ProcessInfo.processInfo.environment) {
      $0[$1.key] = $1.value
    }
    process.standardOutput = output
    process.standardError = errors
    let source = Pipe()
    process.standardInput = source
    try process.run()
    try source.fileHandleForWriting.write(contentsOf: input)
    try source.fileHandleForWriting.close()
  }

  private static let lineSecondsMax = 20

  /// Where a tool writes.
  public enum Stream: Sendable {
    case output, errors
  }

  /// Waits for the next line, for the end of what is written, or for 20 seconds.
  public func line(of stream: Stream = .output) -> String {
    var bytes: [UInt8] = []
    let pipe = (stream == .output ? output : errors).fileHandleForReading
    var polled = pollfd(fd: pipe.fileDescriptor, events: Int16(POLLIN), revents: 0)
    while unsafe poll(&polled, 1, Int32(Self.lineSecondsMax * 1000)) > 0,
      let byte = pipe.readData(ofLength: 1).first, byte != UInt8(ascii: "\n")
    {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Processor time used so far, in clock ticks of 10 ms (proc(5), `utime` and `stime`).
  public func processorTicks() throws -> Int {
    let path = "/proc/\(process.processIdentifier)/stat"
    let fields =
      try String(contentsOfFile: path, encoding: .utf8)
      .split(separator: ") ").last?.split(separator: " ") ?? []
    return fields.dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +)
  }

  public func send(signal: Int32) {
    kill(process.processIdentifier, signal)
  }

  /// What was written since, and how the tool ended; waits for that.
  public func finish() -> (output: String, errors: String, status: Int32) {
    let written = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      String(decoding: written, as: UTF8.self), String(decoding: complaints, as: UTF8.self),
      process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    )
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }
}
