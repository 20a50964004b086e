import AttemptLog
import Foundation
import Glibc
import HTTPServer
import Reliability
import TestSupport
import Testing

@testable import Monitor

struct StateFileTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.file("state") }

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func load(_ file: StateFile) -> StateFile.Loaded<[UInt8]> {
    file.load { payload throws(StateError) in
      if payload == [0xFF] { throw .truncated(offset: 1) }
      return payload
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test func `the checksum of RFC 3720`() {
    #expect(Checksum.crc32C(Array("123456789".utf8)) == 0xE306_9283)
    #expect(Checksum.crc32C([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(Checksum.crc32C(0..<32) == 0x46DD_794E)
  }

  @Test func `what was saved is loaded, with the generation before beside it`() throws {
    let file = try StateFile(path: path)
    #expect(load(file).state == nil)
    #expect(load(file).errors == [])
    for content in [[1, 2, 3], [4], []] as [[UInt8]] {
      try file.save(content)
      #expect(load(file).state == content)
    }
    var status = stat()
    let result = unsafe stat(path, &status)
    #expect(result == 0 && status.st_mode & 0o7777 == 0o600)
    try FileManager.default.removeItem(atPath: path)
    #expect(load(file).state == [4])
    #expect(load(file).errors == [])
    #expect(!FileManager.default.fileExists(atPath: path + ".new"))
  }

  @Test func `a file of which a bit is wrong or a part is missing is not used`() throws {
    let file = try StateFile(path: path)
    try file.save([7])
    try file.save(Array("the state".utf8))
    let content = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    var broken = content.indices.map { Array(content.prefix($0)) }
    for index in content.indices {
      for bit in 0..<8 {
        var wrong = content
        wrong[index] ^= 1 << UInt8(bit)
        broken.append(wrong)
      }
    }
    broken += [content + [0], [UInt8](repeating: 0, count: content.count)]
    for bytes in broken {
      try write(bytes, to: path)
      let loaded = load(file)
      #expect(loaded.state == [7])
      #expect(loaded.errors.count == 1)
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path + ".broken"))) == bytes)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test func `without a generation that can be used there is no state, and each is kept`() throws {
    let file = try StateFile(path: path)
    try file.save([0xFF])
    try file.save([1])
    try write([], to: path)
    let loaded = load(file)
    #expect(loaded.state == nil)
    #expect(
      loaded.errors == [
        .damaged(path: path),
        .undecodable(path: file.previousPath, .truncated(offset: 1)),
      ])
    for path in [path, file.previousPath] {
      #expect(FileManager.default.fileExists(atPath: path + ".broken"))
    }
  }

  @Test func `a state of a later version is refused by its number`() throws {
    var content = StateFile.content([1])
    content[8] = UInt8(StateFile.version) + 1
    let sum = Checksum.crc32C(content[8..<24] + content[32...])
    for index in 0..<4 { content[24 + index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
    #expect(throws: StateFileError.unknownVersion(path: "s", StateFile.version + 1)) {
      try StateFile.payload(of: content, path: "s")
    }
  }

  @Test func `a second process is refused until the first is gone`() throws {
    do {
      let first = try StateFile(path: path)
      try first.save([1])
      #expect(throws: StateFileError.inUse(path: path)) { try StateFile(path: path) }
      #expect(load(first).state == [1])
    }
    #expect(load(try StateFile(path: path)).state == [1])
  }

  @Test(arguments: [Array("{\"v\":1}\n".utf8), Array("hello\n".utf8), [0x7F]])
  func `a file that was never a state is left as it is`(content: [UInt8]) throws {
    try write(content, to: path)
    #expect(throws: StateFileError.notState(path: path)) { try StateFile(path: path) }
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == content)
    #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
    #expect(throws: StateFileError.notState(path: directory.path)) {
      try StateFile(path: directory.path)
    }
  }

  @Test func `a symbolic link is not followed`() throws {
    let victim = directory.file("victim")
    try write([1], to: victim)
    try FileManager.default.createSymbolicLink(
      atPath: path + ".new", withDestinationPath: victim)
    let file = try StateFile(path: path)
    try file.save([2])
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: victim))) == [1])
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
    #expect(load(file).errors == [.system(path: path, call: "open", errno: ELOOP)])
  }

  @Test func `where it cannot be saved the error says why, and it goes on when it can`() throws {
    let missing = directory.file("missing")
    let file = try StateFile(path: missing + "/state")
    #expect(
      throws: StateFileError.system(path: missing + "/state.lock", call: "open", errno: ENOENT)
    ) { try file.save([1]) }
    try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: false)
    try file.save([2])
    #expect(load(file).state == [2])
    #expect(throws: StateFileError.inUse(path: file.path)) { try StateFile(path: file.path) }
  }
}
