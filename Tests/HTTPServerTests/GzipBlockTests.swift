import HTTPServer
import TestSupport
import Testing

struct GzipBlockTests {
  private static let page = Array(
    (0..<5000).map { "api_client_attempts_total{a=\"\($0 % 700)\"} \($0)\n" }.joined().utf8)
  private static let noise = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

  @Test(arguments: [
    [], [[]], [[], [0x61]], [page], [page, Array("end\n".utf8)], [noise, page, [], noise],
  ])
  func `blocks are one member together`(blocks: [[UInt8]]) throws {
    let member = GzipBlock.member(try blocks.map { try #require(GzipBlock($0)) })
    let whole = Array(blocks.joined())
    #expect(Gzip.inflated(member, atMost: whole.count + 1) == whole)
  }

  @Test func `a block may be used again`() throws {
    let page = try #require(GzipBlock(Self.page))
    let member = GzipBlock.member([page, page])
    #expect(Gzip.inflated(member, atMost: 1 << 20) == Self.page + Self.page)
    #expect(member.count < Self.page.count / 3)
  }
}
