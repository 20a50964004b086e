import AttemptLog
import Exposition
import HTTPServer

/// The rendered bytes of the newest page, so that scrapes of one state cost its rendering once.
final class PageCache: Sendable {
  private struct Entry {
    let page: MetricsPage
    var text: [ExpositionFormat: [UInt8]] = [:]
    var deflated: [ExpositionFormat: GzipBlock] = [:]
  }

  private let entry = Locked<Entry?>(nil)

  /// All but what `ServingMetrics` says.
  func text(of page: MetricsPage, as format: ExpositionFormat) -> [UInt8] {
    entry.withLock { Self.text(&$0, page, format) }
  }

  /// The same, deflated; nil if there is no memory for that.
  func deflated(of page: MetricsPage, as format: ExpositionFormat) -> GzipBlock? {
    entry.withLock { entry in
      let text = Self.text(&entry, page, format)
      if let block = entry?.deflated[format] { return block }
      let block = GzipBlock(text)
      entry?.deflated[format] = block
      return block
    }
  }

  private static func text(
    _ entry: inout Entry?, _ page: MetricsPage, _ format: ExpositionFormat
  ) -> [UInt8] {
    if entry?.page.isCopy(of: page) != true { entry = Entry(page: page) }
    if let text = entry?.text[format] { return text }
    let text = page.beginning(as: format)
    entry?.text[format] = text
    return text
  }
}
