/// The command line of `provider-simulator`.
public struct SimulatorOptions: Sendable {
  /// 0 lets the system choose.
  public var port: UInt16 = 0
  public var seed: UInt64 = 1
  public var faults: [Fault] = []
  public var showsHelp = false

  public static let help = """
    usage: provider-simulator [--port PORT] [--seed NUMBER] [--fault FAULT]...

    Answers as AssemblyAI below /assemblyai and as Lesan below /lesan, on 127.0.0.1.

      --port PORT    the port; 0, the default, lets the system choose
      --seed NUMBER  the same seed gives the same answers (default 1)
      --fault FAULT  PROVIDER:STATUS[:CODE][:OPTION=VALUE]... or assemblyai:job:CODE[...];
                     options: p=PROBABILITY, retry_after=SECONDS, on=upload|submit|poll|usage
      --help         this text

    example: provider-simulator --port 8080 --fault lesan:429:rate_limit_exceeded:p=0.05
    """

  public init(_ arguments: [String]) throws(SimulatorUsageError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--help" {
        showsHelp = true
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard let name = parts.first, ["--port", "--seed", "--fault"].contains(name) else {
        throw .unknownArgument(argument)
      }
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
        throw .missingValue(name)
      }
      try set(name, value)
    }
  }

  private mutating func set(_ name: String, _ value: String) throws(SimulatorUsageError) {
    if name == "--fault" {
      do throws(FaultError) {
        faults.append(try Fault(value))
      } catch {
        throw .fault(error)
      }
      return
    }
    // The numbers' initialisers also read a sign.
    let isPlain = value.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    if name == "--port", isPlain, let port = UInt16(value) {
      self.port = port
    } else if name == "--seed", isPlain, let seed = UInt64(value) {
      self.seed = seed
    } else {
      throw .malformedValue(name, value)
    }
  }
}

/// A command line that cannot be followed.
public enum SimulatorUsageError: Error, Equatable, CustomStringConvertible {
  case unknownArgument(String)
  case missingValue(String)
  case malformedValue(String, String)
  case fault(FaultError)

  public var description: String {
    switch self {
    case .unknownArgument(let argument): "unknown argument \"\(argument)\"; try --help"
    case .missingValue(let name): "\(name) needs a value"
    case .malformedValue(let name, let value):
      "\(name) cannot be \"\(value)\": expected a whole number from 0 to"
        + " \(name == "--port" ? String(UInt16.max) : String(UInt64.max))"
    case .fault(let error): "\(error)"
    }
  }
}
