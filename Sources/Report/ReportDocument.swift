/// A report in words, tables and charts, before it has a format.
///
/// It is made once of a `Report`. The renderings lay out what is here and compute nothing, so they
/// cannot disagree; and as text from a log is marked as such (`Run.name`), each makes it harmless by
/// its own rules.
public struct ReportDocument: Equatable, Sendable {
  /// One line.
  public var title: [Run]
  /// The span of time, in words, and whose days are meant.
  public var period: [Run]
  public var verdict: Verdict
  public var sections: [Section] = []

  public init(title: [Run], period: [Run], verdict: Verdict) {
    self.title = title
    self.period = period
    self.verdict = verdict
  }

  /// A piece of a line.
  public enum Run: Hashable, Sendable {
    /// Our own words and numbers.
    case text(String)
    /// The same, but it matters more than what stands beside it.
    case strong(String)
    /// From a log, and untrusted: a name, a code, an id.
    case name(String)

    /// The text without its mark.
    var plain: String {
      switch self {
      case .text(let text), .strong(let text), .name(let text): text
      }
    }
  }

  /// What a colour would say; it never says it alone.
  public enum Tone: Hashable, Sendable {
    case good, warning, bad, muted
  }

  public struct Verdict: Equatable, Sendable {
    public enum State: String, Sendable {
      case ok = "OK"
      case atRisk = "AT RISK"
      case breached = "BREACHED"
      case insufficientData = "INSUFFICIENT DATA"
    }

    public var state: State
    /// The one reason.
    public var reason: [Run]

    public init(state: State, reason: [Run]) {
      self.state = state
      self.reason = reason
    }
  }

  public struct Section: Equatable, Sendable {
    /// Lower-case letters and hyphens, ours: an anchor.
    public var id: String
    public var title: String
    public var blocks: [Block]

    public init(id: String, title: String, blocks: [Block]) {
      self.id = id
      self.title = title
      self.blocks = blocks
    }
  }

  public enum Block: Equatable, Sendable {
    case paragraph([Run])
    case list([[Run]])
    case notices([Notice])
    case table(Table)
    case heatMap(HeatMap)
    case lines(LineChart)
    case columns(ColumnChart)
  }

  /// Something to act on.
  public struct Notice: Equatable, Sendable {
    public enum Severity: String, CaseIterable, Sendable {
      case critical, warning, info
    }

    public var severity: Severity
    /// What is so, with its evidence, then what to do.
    public var text: [Run]

    public init(severity: Severity, text: [Run]) {
      self.severity = severity
      self.text = text
    }
  }
}

// MARK: - Tables

extension ReportDocument {
  public struct Table: Equatable, Sendable {
    public enum Alignment: Sendable {
      case leading, trailing
    }

    public struct Column: Equatable, Sendable {
      public var title: String
      public var alignment: Alignment
      /// Where there is no room, the column with the highest number is left out first; one with 0
      /// never is.
      public var dispensability: Int

      public init(_ title: String, _ alignment: Alignment = .leading, dispensability: Int = 0) {
        self.title = title
        self.alignment = alignment
        self.dispensability = dispensability
      }
    }

    public struct Cell: Equatable, Sendable {
      public var runs: [Run]
      public var tone: Tone?
      /// A part of a whole to draw behind the text where that can be done; 0...1.
      public var share: Double?
      /// To draw beside the text where that can be done.
      public var span: Span?

      public init(_ runs: [Run], tone: Tone? = nil, share: Double? = nil, span: Span? = nil) {
        self.runs = runs
        self.tone = tone
        self.share = share
        self.span = span
      }
    }

    /// A ratio with its interval, each 0...1.
    public struct Span: Equatable, Sendable {
      public var low: Double
      public var value: Double
      public var high: Double
      /// Such as the objective.
      public var mark: Double?

      public init(low: Double, value: Double, high: Double, mark: Double? = nil) {
        self.low = low
        self.value = value
        self.high = high
        self.mark = mark
      }
    }

    public var columns: [Column]
    /// As many cells each as there are columns.
    public private(set) var rows: [[Cell]] = []
    /// Below the table: what was left out of it, what a sign means.
    public var note: [Run] = []

    public init(_ columns: [Column]) {
      self.columns = columns
    }

    public mutating func append(_ cells: [Cell]) {
      precondition(
        cells.count == columns.count, "expected \(columns.count) cells, got \(cells.count)")
      rows.append(cells)
    }
  }
}

// MARK: - Charts

extension ReportDocument {
  /// A field of cells, such as hours by days.
  public struct HeatMap: Equatable, Sendable {
    public struct Cell: Equatable, Sendable {
      /// How bad it is, 0...1; nil where nothing happened.
      public var level: Double?
      /// Whole: what, when, k/n.
      public var text: String

      public init(level: Double?, text: String) {
        self.level = level
        self.text = text
      }
    }

    public struct Row: Equatable, Sendable {
      public var title: String
      /// Nil where the row has no such cell, as the hour that summer time skips.
      public var cells: [Cell?]

      public init(title: String, cells: [Cell?]) {
        self.title = title
        self.cells = cells
      }
    }

    public var title: String
    /// What the columns are, such as `hour (UTC)`.
    public var columnsTitle: String
    public var columns: [String]
    public var rows: [Row] = []
    /// What the levels mean, from none to 1.
    public var legend: [(level: Double?, text: String)]

    public init(
      title: String, columnsTitle: String, columns: [String],
      legend: [(level: Double?, text: String)]
    ) {
      self.title = title
      self.columnsTitle = columnsTitle
      self.columns = columns
      self.legend = legend
    }

    public static func == (one: Self, other: Self) -> Bool {
      one.title == other.title && one.columnsTitle == other.columnsTitle
        && one.columns == other.columns && one.rows == other.rows
        && one.legend.elementsEqual(other.legend) { $0 == $1 }
    }
  }

  /// A place on an axis with its label.
  public struct Tick: Equatable, Sendable {
    public var value: Double
    public var label: String

    public init(_ value: Double, _ label: String) {
      self.value = value
      self.label = label
    }
  }

  /// Values over time, each with its interval.
  public struct LineChart: Equatable, Sendable {
    public struct Point: Equatable, Sendable {
      /// On the axis below.
      public var label: String
      public var value: Double?
      public var low: Double?
      public var high: Double?
      /// Whole: when, how much, k/n.
      public var text: String

      public init(label: String, value: Double?, low: Double?, high: Double?, text: String) {
        self.label = label
        self.value = value
        self.low = low
        self.high = high
        self.text = text
      }
    }

    /// With the unit.
    public var title: String
    public var points: [Point] = []
    /// The first and the last are the ends of the axis.
    public var ticks: [Tick]
    /// A line across, such as the objective.
    public var reference: Tick?

    public init(title: String, ticks: [Tick], reference: Tick? = nil) {
      self.title = title
      self.ticks = ticks
      self.reference = reference
    }
  }

  /// Amounts over time, each made of parts.
  public struct ColumnChart: Equatable, Sendable {
    public struct Series: Equatable, Sendable {
      public var title: String
      public var tone: Tone

      public init(_ title: String, _ tone: Tone) {
        self.title = title
        self.tone = tone
      }
    }

    public struct Column: Equatable, Sendable {
      public var label: String
      /// As many as there are series, from below; not negative.
      public var parts: [Double]
      /// Whole: when, how much of what.
      public var text: String

      public init(label: String, parts: [Double], text: String) {
        self.label = label
        self.parts = parts
        self.text = text
      }
    }

    /// With the unit.
    public var title: String
    public var series: [Series]
    public var columns: [Column] = []
    /// The first is 0, the last the end of the axis.
    public var ticks: [Tick]

    public init(title: String, series: [Series], ticks: [Tick]) {
      self.title = title
      self.series = series
      self.ticks = ticks
    }
  }
}
