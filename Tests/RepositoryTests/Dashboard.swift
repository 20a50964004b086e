import Foundation

/// A Grafana dashboard of the classic model, as far as the rules look at it.
struct Dashboard: Decodable {
  struct Source: Decodable {
    let type: String
    let uid: String
  }

  struct Variable: Decodable {
    let name: String
    let label: String?
    let type: String
    let datasource: Source?
    let query: Query
    let multi: Bool
    let includeAll: Bool
    let allValue: String?
    /// 2: when the time range changes.
    let refresh: Int
  }

  /// A text, or an object with it.
  struct Query: Decodable {
    let text: String

    private enum CodingKeys: String, CodingKey { case query }

    init(from decoder: any Decoder) throws {
      do {
        text = try decoder.singleValueContainer().decode(String.self)
      } catch DecodingError.typeMismatch {
        text = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .query)
      }
    }
  }

  struct Panel: Decodable {
    let id: Int
    let type: String
    let title: String?
    let description: String?
    let datasource: Source?
    let gridPos: Place
    let targets: [Target]?
    let fieldConfig: FieldConfig?
  }

  /// In cells of a grid that is `width` wide.
  struct Place: Decodable {
    let x: Int
    let y: Int
    let w: Int
    let h: Int

    static let width = 24

    var isInside: Bool { x >= 0 && y >= 0 && w > 0 && h > 0 && x <= Self.width - w }

    func overlaps(_ other: Place) -> Bool {
      x < other.x + other.w && other.x < x + w && y < other.y + other.h && other.y < y + h
    }
  }

  struct Target: Decodable {
    let refId: String
    let expr: String
    let legendFormat: String?
    let datasource: Source?
  }

  struct FieldConfig: Decodable {
    struct Defaults: Decodable {
      let unit: String?
      let noValue: String?
      let thresholds: Thresholds?
    }

    struct Thresholds: Decodable {
      struct Step: Decodable { let color: String }
      let steps: [Step]
    }

    let defaults: Defaults
  }

  struct Annotation: Decodable {
    let expr: String?
  }

  struct Link: Decodable {
    let type: String
    let tags: [String]
    let includeVars: Bool
    let keepTime: Bool
  }

  struct List<Element: Decodable>: Decodable {
    let list: [Element]
  }

  let id: Int?
  let uid: String
  let title: String
  let tags: [String]
  let editable: Bool
  let schemaVersion: Int
  let links: [Link]
  let panels: [Panel]
  let templating: List<Variable>
  let annotations: List<Annotation>

  init(json: String) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(json.utf8))
  }

  func variable(_ name: String) -> Variable? {
    templating.list.first { $0.name == name }
  }

  /// Without the rows' titles.
  var drawnPanels: [Panel] { panels.filter { $0.type != "row" } }

  /// Every query that is asked, with the place that asks it.
  var queries: [(place: String, text: String)] {
    targets.map { ($0.place, $0.target.expr) }
      + templating.list.filter { $0.type == "query" }.map { ("$" + $0.name, $0.query.text) }
      + annotations.list.compactMap(\.expr).map { ("annotation", $0) }
  }

  var targets: [(place: String, target: Target)] {
    drawnPanels.flatMap { panel in
      (panel.targets ?? []).map { (panel.place + " " + $0.refId, $0) }
    }
  }
}

extension Dashboard.Panel {
  var place: String { "\"\(title ?? "panel \(id)")\"" }
}
