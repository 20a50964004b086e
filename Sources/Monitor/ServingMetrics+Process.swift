import Exposition
import Glibc

extension ServingMetrics.Process {
  /// Asks the kernel about this process (proc(5)).
  static func current() -> Self {
    var process = Self()
    process.readStatus()
    process.openDescriptors = descriptorCount()
    var limit = rlimit()
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      process.maxDescriptors = Int(clamping: limit.rlim_cur)
    }
    return process
  }

  private mutating func readStatus() {
    let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    let pageBytes = sysconf(Int32(_SC_PAGESIZE))
    // What precedes the parenthesis is the name, which may hold anything.
    guard let status = Self.contents("/proc/self/stat"),
      let name = status.lastIndex(of: UInt8(ascii: ")"))
    else { return }
    let fields = status[name...].split(separator: UInt8(ascii: " ")).map {
      Double(String(decoding: $0, as: UTF8.self))
    }
    // proc(5) counts from 1, and the parenthesis ends the second.
    func field(_ number: Int) -> Double? {
      fields.indices.contains(number - 2) ? fields[number - 2] : nil
    }
    if let user = field(14), let system = field(15) {
      cpuSeconds = (user + system) / ticksPerSecond
    }
    virtualBytes = field(23).flatMap { Int(exactly: $0) }
    residentBytes = field(24).flatMap { Int(exactly: $0 * Double(pageBytes)) }
    if let ticks = field(22), let boot = Self.bootSeconds() {
      startSeconds = boot + ticks / ticksPerSecond
    }
  }

  private static func bootSeconds() -> Double? {
    let lines = contents("/proc/stat")?.split(separator: UInt8(ascii: "\n"))
    let boot = lines?.first { $0.starts(with: "btime ".utf8) }
    return boot.flatMap {
      Double(String(decoding: $0.dropFirst("btime ".utf8.count), as: UTF8.self))
    }
  }

  private static func descriptorCount() -> Int? {
    guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
    defer { unsafe closedir(directory) }
    var count = 0
    while unsafe readdir(directory) != nil { count += 1 }
    // Without `.`, `..` and the descriptor that reads.
    return count - 3
  }

  /// More than any of these files has on a machine of hundreds of processors.
  private static let fileBytesMax = 1 << 20

  private static func contents(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while bytes.count < fileBytesMax {
      let count = unsafe read(descriptor, &chunk, chunk.count)
      guard count >= 0 else { return nil }
      if count == 0 { return bytes }
      bytes += chunk.prefix(count)
    }
    return nil
  }
}
