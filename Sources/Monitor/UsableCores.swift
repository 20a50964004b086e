import Glibc

/// The cores that the scheduler may run this process on (proc(5), `Cpus_allowed`); 1 if it does not
/// tell.
///
/// sched_getaffinity(2) says the same, but is not in the module `Glibc`.
func usableCores(status: String = "/proc/self/status") -> Int {
  let descriptor = unsafe open(status, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return 1 }
  defer { close(descriptor) }
  // Longer than the file.
  var bytes = [UInt8](repeating: 0, count: 16_384)
  let count = unsafe bytes.withUnsafeMutableBytes {
    unsafe read(descriptor, $0.baseAddress, $0.count)
  }
  let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  let name = "Cpus_allowed:"
  guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else {
    return 1
  }
  // A mask in hexadecimal digits.
  let mask = line.dropFirst(name.count).compactMap(\.hexDigitValue)
  return max(1, mask.reduce(0) { $0 + $1.nonzeroBitCount })
}
