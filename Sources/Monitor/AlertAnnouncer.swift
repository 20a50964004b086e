public import AttemptLog
import Glibc
import Reliability

/// Something that is wrong, as an Alertmanager is told of it.
public struct Alert: Sendable {
  /// What identifies it: one with the same labels is the same alert.
  public let labels: [Label]
  /// One line for people.
  public let summary: String

  public struct Label: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// - Parameter labels: `alertname` among them; the order does not matter.
  public init(labels: [Label], summary: String) {
    self.labels = labels.sorted { $0.name < $1.name }
    self.summary = summary
  }
}

/// Tells an Alertmanager by its API v2 what is wrong, and when that is over.
///
/// What was told is remembered in a file, so that an alert keeps the time at which it began, and is
/// resolved when it is gone. All alerts are sent again each time, for an Alertmanager that was restarted
/// has forgotten them; it takes those with the same labels for one.
public struct AlertAnnouncer {
  private let url: WebhookURL
  private let file: StateFile
  private var told: [ToldAlert]

  /// An alert that is neither sent again nor resolved, as nobody checks any more, ends after this time.
  static let lifetimeSeconds: Int64 = 86_400
  /// So long the end of an alert is sent again (Alertmanager's documentation, "Alerts API").
  static let resolvedSeconds: Int64 = 300

  /// Reads what was told before.
  ///
  /// - Parameter diagnose: told of a state that cannot be used; what it knew is then not resolved.
  public init(
    url: WebhookURL, statePath: String, diagnose: (String) -> Void
  ) throws(StateFileError) {
    self.url = url
    file = try StateFile(path: statePath)
    let loaded = file.load { payload throws(StateError) in try ToldAlert.decode(payload) }
    for error in loaded.errors { diagnose(error.description) }
    told = loaded.state ?? []
  }

  /// Sends what is wrong now and what is not any more, and remembers it.
  ///
  /// What could not be sent is not remembered: the next time it is news again.
  public mutating func announce(
    _ alerts: [Alert], at now: Timestamp
  ) throws(AnnouncementError) {
    let updated = ToldAlert.update(told, alerts, at: now)
    do throws(HTTPPostError) {
      // An empty list too: that nobody takes it is better known before there is something to tell.
      try HTTPPost(url: url, body: ToldAlert.json(updated, at: now)).send()
    } catch {
      throw .notSent(error)
    }
    do throws(StateFileError) {
      try file.save(ToldAlert.encode(updated))
    } catch {
      throw .notKept(error)
    }
    told = updated
  }
}

// As its file.
@available(*, unavailable)
extension AlertAnnouncer: Sendable {}

/// Why alerts were not told, or will not be resolved.
public enum AnnouncementError: Error, CustomStringConvertible {
  case notSent(HTTPPostError)
  case notKept(StateFileError)

  public var description: String {
    switch self {
    case .notSent(let error): error.description
    case .notKept(let error): error.description
    }
  }
}

/// An alert that an Alertmanager was told of.
struct ToldAlert {
  var labels: [Alert.Label] = []
  var summary = ""
  var began = Timestamp.earliest
  /// Nil while it goes on.
  var resolved: Timestamp?

  /// What is told next: alerts that go on keep their beginning, those that are gone are resolved, and
  /// forgotten some time later.
  static func update(_ told: [ToldAlert], _ alerts: [Alert], at now: Timestamp) -> [ToldAlert] {
    let open = Dictionary(
      told.filter { $0.resolved == nil }.map { ($0.labels, $0.began) }, uniquingKeysWith: min)
    let current = Set(alerts.map(\.labels))
    let firing = alerts.map {
      ToldAlert(labels: $0.labels, summary: $0.summary, began: open[$0.labels] ?? now)
    }
    let gone = told.compactMap { alert -> ToldAlert? in
      guard !current.contains(alert.labels) else { return nil }
      var alert = alert
      alert.resolved = alert.resolved ?? now
      let seconds = now.seconds - (alert.resolved ?? now).seconds
      return seconds <= Double(AlertAnnouncer.resolvedSeconds) ? alert : nil
    }
    return firing + gone
  }

  /// The body of `POST /api/v2/alerts`.
  static func json(_ alerts: [ToldAlert], at now: Timestamp) -> [UInt8] {
    let lifetime = AlertAnnouncer.lifetimeSeconds * Timestamp.microsecondsPerSecond
    var bytes = Array("[".utf8)
    for (index, alert) in alerts.enumerated() {
      if index > 0 { bytes += ",\n".utf8 }
      let end = alert.resolved ?? now.advanced(byMicroseconds: lifetime)
      bytes += "{\"labels\":".utf8
      append(alert.labels, to: &bytes)
      bytes += ",\"annotations\":".utf8
      append([Alert.Label("summary", alert.summary)], to: &bytes)
      bytes += ",\"startsAt\":\"\(alert.began.rfc3339())\",\"endsAt\":\"\(end.rfc3339())\"}".utf8
    }
    return bytes + "]\n".utf8
  }

  private static func append(_ fields: [Alert.Label], to bytes: inout [UInt8]) {
    bytes += "{".utf8
    for (index, field) in fields.enumerated() {
      if index > 0 { bytes += ",".utf8 }
      bytes.appendJSONString(field.name)
      bytes += ":".utf8
      bytes.appendJSONString(field.value)
    }
    bytes += "}".utf8
  }
}

// MARK: - State

extension ToldAlert {
  /// Stands first, so that no other state is taken for one of these.
  private static let mark = "relmon check, alerts 1"

  static func encode(_ alerts: [ToldAlert]) -> [UInt8] {
    var (alerts, coder) = (alerts, StateCoder())
    code(&alerts, with: &coder)
    return coder.bytes
  }

  static func decode(_ payload: [UInt8]) throws(StateError) -> [ToldAlert] {
    var (alerts, coder) = ([ToldAlert](), StateCoder(reading: payload))
    code(&alerts, with: &coder)
    try coder.finish()
    return alerts
  }

  private static func code(_ alerts: inout [ToldAlert], with coder: inout StateCoder) {
    var mark = mark
    coder.code(&mark)
    coder.check(mark == Self.mark)
    coder.code(&alerts, blank: ToldAlert()) { alert, coder in
      var labels = alert.labels.map { (name: $0.name, value: $0.value) }
      coder.code(&labels, blank: ("", "")) {
        $1.code(&$0.name)
        $1.code(&$0.value)
      }
      alert.labels = labels.map { Alert.Label($0.name, $0.value) }
      coder.code(&alert.summary)
      coder.code(&alert.began)
      coder.code(&alert.resolved)
    }
  }
}
