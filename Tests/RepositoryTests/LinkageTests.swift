import Foundation
import Testing

struct LinkageTests {
  @Test func `relmon links zlib and no Foundation`() throws {
    let libraries = try Linkage.libraries(of: Linkage.products.appending(path: "relmon"))
    #expect(libraries.contains("libswiftCore.so") || libraries.contains("libc.so.6"))
    #expect(Linkage.foundation(in: libraries) == [])
    #expect(libraries.contains("libz.so.1"))
  }

  /// It is linked by name into everything, but costs a megabyte of the static tool only if it is used.
  @Test func `relmon uses nothing of the library of regular expressions`() throws {
    let module = Data("17_StringProcessing".utf8)
    let relmon = try Data(contentsOf: Linkage.products.appending(path: "relmon"))
    #expect(relmon.range(of: module) == nil, "nm -D .build/debug/relmon tells what is used")
    let tests = try Data(contentsOf: URL(filePath: "/proc/self/exe").resolvingSymlinksInPath())
    #expect(tests.range(of: module) != nil)
  }

  @Test func `these tests link Foundation`() throws {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    #expect(Linkage.foundation(in: try Linkage.libraries(of: tests)).contains("libFoundation.so"))
  }

  @Test func `a program that is not there fails`() {
    #expect(throws: LinkageError.self) {
      try Linkage.libraries(of: Linkage.products.appending(path: "no-such-program"))
    }
  }

  @Test func `the loader's lines are read`() {
    let text = """
      \tlinux-vdso.so.1 (0x00007ffd)
      \tlib_FoundationICU.so => /usr/lib/swift/linux/lib_FoundationICU.so (0x00007f)
      \tlibFoundationEssentials.so => not found
      \tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)
      \t/lib64/ld-linux-x86-64.so.2 (0x00007f)
      """
    let names = Linkage.names(in: text)
    #expect(
      names == [
        "linux-vdso.so.1", "lib_FoundationICU.so", "libFoundationEssentials.so", "libm.so.6",
        "ld-linux-x86-64.so.2",
      ])
    #expect(Linkage.foundation(in: names).count == 2)
  }
}
