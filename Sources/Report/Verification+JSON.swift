import AttemptLog
public import Reliability

extension Verification {
  /// Everything as JSON, for machines: the same counts, with the findings that were kept.
  ///
  /// - Parameters:
  ///   - findings: all that were taken.
  ///   - unread: logs that could not be read to their end.
  public func json(_ findings: [Finding], unread: Int = 0) -> [UInt8] {
    let (losses, count) = log.losses(writersMax: Self.writersMax, gapsMax: Self.gapsMax)
    return JSONTree.object([
      ("schema", .integer(1)),
      ("sound", .bool(isSound && unread == 0)),
      ("logs_not_read_to_the_end", .integer(unread)),
      ("files", .integer(files)),
      ("lines", .integer(lines)),
      ("bytes", .integer(bytes)),
      ("records", counts(RecordKind.allCases, log.records)),
      ("rejected", counts(RejectionReason.allCases, log.rejected)),
      ("missing", .integer(log.missing)),
      ("dropped", .integer(log.dropped)),
      (
        "losses",
        .object(
          DropReason.allCases.compactMap { reason in
            log.losses[reason].map {
              (
                reason.rawValue,
                .object([("reports", .integer($0.reports)), ("lines", .integer($0.lines))])
              )
            }
          })
      ),
      ("not_checked", .integer(log.unchecked)),
      ("damaged_files", .integer(damagedFiles)),
      ("recovered", .integer(recovered)),
      ("blank_lines", .integer(blankLines)),
      (
        "unmapped",
        .object(LogLedger.restrictedKeys.map { ($0.name, .integer(log.unmapped[$0, default: 0])) })
      ),
      ("unmapped_values", .array(oddValues.filter { $0.cause.value != nil }.map(\.json))),
      ("ill_typed_keys", .array(oddValues.filter { $0.cause.value == nil }.map(\.json))),
      ("writers", .array(losses.map(\.json))),
      ("writers_left_out", .integer(count - losses.count)),
      ("unfinished", .array(unfinished.map(\.json))),
      ("findings", .array(findings.map(\.json))),
      (
        "findings_left_out",
        .integer(
          leftOut.values.reduce(max(0, damagedFiles - Self.findingsMax), +))
      ),
    ]).rendered()
  }

  private func counts<Label: RawRepresentable<String> & Hashable>(
    _ labels: [Label], _ counts: [Label: Int]
  ) -> JSONTree {
    .object(labels.map { ($0.rawValue, .integer(counts[$0, default: 0])) })
  }
}

extension Verification.OddValue {
  fileprivate var json: JSONTree {
    let what: (String, JSONTree) =
      switch cause {
      case .unmapped(let value): ("value", .string(value))
      case .illTyped(let expected): ("expected", .string(expected.rawValue))
      }
    return .object([
      ("key", .string(key.name)), what, ("lines", .integer(count)), ("file", .string(path)),
      ("line", .integer(position.line)),
    ])
  }
}

extension Verification.UnfinishedLine {
  fileprivate var json: JSONTree {
    .object([
      ("file", .string(path)), ("line", .integer(position.line)),
      ("offset", .integer(position.offset)), ("bytes", .integer(bytes)),
    ])
  }
}

extension LogLedger.WriterLosses {
  fileprivate var json: JSONTree {
    .object([
      ("writer", .string(writer)), ("missing", .integer(missing)),
      (
        "gaps",
        .array(gaps.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) })
      ),
      ("gaps_left_out", .integer(gapCount - gaps.count)),
      ("repeated", .integer(repeated)), ("dropped", .integer(dropped)),
    ])
  }
}

extension Finding {
  fileprivate var json: JSONTree {
    switch self {
    case .line(let line): line.json
    case .file(let error):
      .object([("reason", .string("damaged_file")), ("error", .string(error.description))])
    }
  }
}

extension RejectedLine {
  fileprivate var json: JSONTree {
    .object(
      [
        ("file", .string(path)), ("line", .integer(position.line)),
        ("offset", .integer(position.offset)), ("reason", .string(cause.reason.rawValue)),
      ] + cause.json + [("excerpt", .string(excerpt.text))])
  }
}

extension RejectedLine.Cause {
  /// What the reason leaves open; a byte counts from the beginning of the line.
  fileprivate var json: [(String, JSONTree)] {
    switch self {
    case .rejected(.oversized(let bytes)): [("bytes", .integer(bytes))]
    case .rejected(.malformed(let offset, let expected)):
      [("byte", .integer(offset)), ("expected", .string(expected.rawValue))]
    case .rejected(.schema(let key, let expected, let offset)):
      [
        ("key", .string(key.name)), ("byte", offset.map { .integer($0) } ?? .null),
        ("expected", .string(expected.rawValue)),
      ]
    case .duplicate(let writer, let seq):
      [
        ("writer", .string(writer.cut(to: Self.writerLengthMax))), ("seq", .integer(seq)),
      ]
    }
  }
}
