import AttemptLog
import Glibc

extension Bench {
  /// The path of a tool that was built beside this one.
  static func tool(_ name: String) throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0, let end = buffer[..<count].lastIndex(of: CChar(UInt8(ascii: "/"))) else {
      throw BenchError(what: "cannot find this program: \(SystemError.text(errno))")
    }
    let path = String(decoding: buffer[...end].map(UInt8.init(bitPattern:)), as: UTF8.self) + name
    guard unsafe access(path, X_OK) == 0 else {
      throw BenchError(what: "\(name) is not built: swift build -c release")
    }
    return path
  }

  /// What a program says on its standard output.
  static func run(_ command: [String]) throws -> String {
    try run([command]).joined()
  }

  /// Runs programs side by side; each must end with success.
  static func run(_ commands: [[String]]) throws -> [String] {
    var running: [(process: pid_t, output: CInt, name: String)] = []
    for command in commands {
      let (process, output) = try spawn(command)
      running.append((process, output, command[0]))
    }
    return try running.map { process, output, name in
      defer { close(output) }
      let bytes = try readAll(output, name)
      var status: CInt = 0
      guard unsafe waitpid(process, &status, 0) == process, status == 0 else {
        throw BenchError(what: "\(name) failed: wait status \(status)")
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Starts a program with its standard output in a pipe.
  private static func spawn(_ command: [String]) throws -> (process: pid_t, output: CInt) {
    var ends: [CInt] = [0, 0]
    guard unsafe pipe(&ends) == 0 else {
      throw BenchError(what: "cannot make a pipe: \(SystemError.text(errno))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[1]) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var process: pid_t = 0
    let error = unsafe posix_spawnp(&process, command[0], &actions, nil, &words, environ)
    guard error == 0 else {
      close(ends[0])
      throw BenchError(what: "cannot start \(command[0]): \(SystemError.text(error))")
    }
    return (process, ends[0])
  }
}
