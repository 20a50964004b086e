/// What the thread is asked to do.
struct WriterTasks {
  var writes = false
  /// To look whether the file is still the log's, and whether it is to be rotated.
  var looks = false
  var stops = false
  /// Counts the requests to sync; the highest is the latest.
  var syncRequest: Int64 = 0
  private var taken: Int64 = 0

  /// Nil if nothing is asked.
  mutating func take() -> WriterTasks? {
    guard writes || looks || stops || syncRequest > taken else { return nil }
    let order = self
    (writes, looks, taken) = (false, false, syncRequest)
    return order
  }
}

/// How far the thread has come.
struct WriterProgress {
  /// Lines of the queue that were written or lost.
  var lines: Int64 = 0
  /// The last request to sync that was dealt with, and whether all is on the disk.
  var syncRequest: Int64 = 0
  var isSynced = true
  var hasEnded = false
}
