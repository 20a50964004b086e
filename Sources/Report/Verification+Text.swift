import AttemptLog
public import Reliability

extension Finding {
  /// What and where, and of a line how the log reads there.
  public var text: String {
    switch self {
    case .line(let line): line.text
    case .file(let error): TerminalText.visible(error.description) + "\n"
    }
  }
}

extension RejectedLine {
  fileprivate var text: String {
    let place = "\(path):\(position.line): \(cause.text) (file offset \(position.offset))"
    return TerminalText.visible(place) + "\n    \(excerpt.text)\n"
  }
}

extension RejectedLine.Cause {
  var text: String {
    switch self {
    case .rejected(let error): error.description
    case .duplicate(let writer, let seq):
      "duplicate: seq \(seq) of writer \"\(writer.cut(to: Self.writerLengthMax))\" was read before"
        + (seq == 1 ? "; each start of a process needs a writer id of its own" : "")
    }
  }

  /// Characters of a writer's id that are shown.
  static let writerLengthMax = 48
}

extension Excerpt {
  /// Made visible, with an ellipsis where the line goes on.
  var text: String {
    let shown = TerminalText.visible(String(decoding: bytes, as: UTF8.self))
    let cut = shown.prefix(Self.textLengthMax)
    let isCut = isCutBehind || cut.count < shown.count
    return (isCutBefore ? "…" : "") + cut + (isCut ? "…" : "")
  }

  /// Bytes that had to be escaped take more characters.
  static let textLengthMax = 120
}

extension String {
  func cut(to lengthMax: Int) -> String {
    count > lengthMax ? prefix(lengthMax) + "…" : self
  }
}

extension Verification {
  /// Writers that are listed, and ranges of missing numbers of each.
  static let writersMax = 20
  static let gapsMax = 6

  /// Everything but the findings, as a person on call reads it; the last line is the verdict.
  ///
  /// - Parameter unread: logs that could not be read to their end.
  public func summary(unread: Int = 0) -> String {
    let sections = [
      leftOutText, totals, writersText, unmappedText, illTypedText, unfinishedText,
      verdict(unread: unread),
    ]
    // A line between the findings and what comes behind them.
    let hasFindings = log.damaged + log.duplicates + damagedFiles > 0
    let gap = hasFindings && leftOutText.isEmpty ? "\n" : ""
    return gap + sections.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var leftOutText: String {
    let lines = RejectionReason.allCases.compactMap { reason in
      leftOut[reason].map { "… and \($0.grouped) more: \(reason.rawValue)\n" }
    }.joined()
    let files = damagedFiles - Self.findingsMax
    return lines + (files > 0 ? "… and \(files.grouped) more damaged files\n" : "")
  }

  private var totals: String {
    var rows: [(label: String, count: String, note: String)] = []
    func add(_ label: String, _ count: Int, _ note: String = "", always: Bool = false) {
      if count > 0 || always { rows.append((label, count.grouped, note)) }
    }
    add("accepted", log.recordCount, always: true)
    for kind in RecordKind.allCases {
      let name = kind == .unknown ? "of unknown kinds" : kind.rawValue
      add("  " + name, log.records[kind, default: 0])
    }
    add("rejected", log.damaged + log.duplicates, always: true)
    for reason in RejectionReason.allCases {
      add("  " + reason.rawValue, log.rejected[reason, default: 0])
    }
    add("missing", Int(clamping: log.missing), "numbers that no accepted line has", always: true)
    add(
      "lost", Int(clamping: log.dropped), "lines that their writers could not write, as they say",
      always: true)
    for reason in DropReason.allCases {
      add("  " + reason.rawValue, Int(clamping: log.losses[reason]?.lines ?? 0))
    }
    add("cut by others", log.truncations, "times; what the file held is gone")
    add(
      "failed syncs", log.losses[.syncFailed]?.reports ?? 0,
      "what a file held is lost if the machine crashed then")
    add("not checked", log.unchecked, "lines beyond what is remembered of writers")
    add("damaged files", damagedFiles, "compressed ones that could not be read to the end")
    add("recovered", recovered, "records that share their line with something else")
    add("blank", blankLines, "lines of white space")
    let unmapped = LogLedger.restrictedKeys.compactMap { key in
      log.unmapped[key].map { "\(key.name) \($0.grouped)" }
    }
    add(
      "unmapped values", log.unmapped.values.reduce(0, +), unmapped.joined(separator: ", "))
    let read = [(lines, "line"), (Int(clamping: bytes), "byte"), (files, "file")].map { count in
      "\(count.0.grouped) \(count.1)\(count.0 == 1 ? "" : "s")"
    }
    return "Read \(read[0]) (\(read[1])) of \(read[2]).\n\n" + Self.aligned(rows)
  }

  private static func aligned(_ rows: [(label: String, count: String, note: String)]) -> String {
    let labels = rows.map(\.label.count).max() ?? 0
    let counts = rows.map(\.count.count).max() ?? 0
    return rows.map { row in
      let gap = String(
        repeating: " ", count: labels - row.label.count + 2 + counts - row.count.count)
      return "  " + row.label + gap + row.count + (row.note.isEmpty ? "" : "  " + row.note) + "\n"
    }.joined()
  }

  private var writersText: String {
    let (losses, count) = log.losses(writersMax: Self.writersMax, gapsMax: Self.gapsMax)
    guard count > 0 else { return "" }
    var table = TextTable([
      ("writer", .left), ("missing", .right), ("repeated", .right), ("lost", .right),
      ("missing numbers", .left),
    ])
    for writer in losses {
      table.append([
        writer.writer, Int(clamping: writer.missing).grouped, writer.repeated.grouped,
        Int(clamping: writer.dropped).grouped, writer.gapsText,
      ])
    }
    let rest = count - losses.count
    return "By writer\n" + table.rendered()
      + (rest > 0 ? "  … and \(rest.grouped) more writers\n" : "")
  }

  private var unmappedText: String {
    let unmapped = oddValues.filter { $0.cause.value != nil }
    guard !unmapped.isEmpty else { return "" }
    let rest = log.unmapped.values.reduce(0, +) - unmapped.reduce(0) { $0 + $1.count }
    return "Values outside the closed set of their key\n" + unmapped.map(\.row).joined()
      + (rest > 0 ? "  … and others in \(rest.grouped) lines\n" : "")
  }

  private var illTypedText: String {
    let illTyped = oddValues.filter { $0.cause.value == nil }
    guard !illTyped.isEmpty else { return "" }
    return "Keys that count as absent, for their values are of another type\n"
      + illTyped.map(\.row).joined()
  }

  private var unfinishedText: String {
    unfinished.map { line in
      let place = "\(line.path):\(line.position.line)"
      let bytes = line.bytes == 1 ? "1 byte has" : "\(line.bytes.grouped) bytes have"
      return TerminalText.visible(place)
        + ": the last \(bytes) no newline yet and are no line (file offset \(line.position.offset))\n"
    }.joined()
  }

  private func verdict(unread: Int) -> String {
    let problems = [
      (log.damaged + log.duplicates, "rejected"), (Int(clamping: log.missing), "missing"),
      (Int(clamping: log.dropped), "lost"), (log.truncations, "cut by others"),
      (log.unchecked, "not checked"),
      (damagedFiles, damagedFiles == 1 ? "damaged file" : "damaged files"),
    ].filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
    let wrong = problems.isEmpty ? "" : "WRONG: \(problems.joined(separator: ", ")).\n"
    if unread > 0 {
      return wrong + "INCOMPLETE: \(unread.grouped) of the logs could not be read to the end.\n"
    }
    guard problems.isEmpty else { return wrong }
    let attempts = log.records[.attempt, default: 0]
    let isWithoutEnds = attempts > 0 && log.records[.operation, default: 0] == 0
    return "OK: every line is sound and none is missing.\n"
      + (isWithoutEnds
        ? "But no line of kind \"operation\" says how a call ended: no success can be judged.\n"
        : "")
  }
}

extension Verification.OddValue {
  /// Characters of a value that are shown.
  private static let valueLengthMax = 48

  fileprivate var row: String {
    let what =
      switch cause {
      case .unmapped(let value): " \"\(value.cut(to: Self.valueLengthMax))\""
      case .illTyped(let expected): ", expected \(expected.rawValue),"
      }
    let lines = count == 1 ? "1 line" : "\(count.grouped) lines"
    let text = "\(key.name)\(what) in \(lines), first \(path):\(position.line)"
    return "  " + TerminalText.visible(text) + "\n"
  }
}

extension LogLedger.WriterLosses {
  /// `41, 57-58, …`.
  var gapsText: String {
    let ranges = gaps.map { gap in
      gap.count == 1 ? "\(gap.lowerBound)" : "\(gap.lowerBound)-\(gap.upperBound)"
    }
    let rest = gapCount - gaps.count
    let more = rest > 0 ? ["… and \(rest.grouped) more ranges"] : []
    return (ranges + more).joined(separator: ", ")
  }
}
