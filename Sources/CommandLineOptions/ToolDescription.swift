/// A tool with its commands and their options: the one table of which its help, the completions of
/// shells and the manual page are made.
public struct ToolDescription: Sendable {
  public struct Command: Sendable {
    public let name: String
    /// One sentence.
    public let summary: String
    public let operands: Operands
    public let options: [Option]
    /// A command line.
    public let example: String

    public init(
      name: String, summary: String, operands: Operands, options: [Option], example: String
    ) {
      self.name = name
      self.summary = summary
      self.operands = operands
      self.options = options
      self.example = example
    }
  }

  /// What may stand behind the options.
  public enum Operands: Sendable {
    case none
    /// Any number of files, under a name such as `LOG…`.
    case files(String)
    /// One word of these, under a name such as `SHELL`.
    case word(String, of: [String])

    /// As it stands in a synopsis, with the space before it.
    public var synopsis: String {
      switch self {
      case .none: ""
      case .files(let name): " [\(name)]"
      case .word(let name, _): " \(name)"
      }
    }
  }

  /// Text under a heading of the manual page, by paragraphs or terms.
  public struct Section: Sendable {
    public let title: String
    public let text: String
    /// What is explained, and how.
    public let terms: [(term: String, text: String)]

    public init(title: String, text: String = "", terms: [(term: String, text: String)] = []) {
      self.title = title
      self.text = text
      self.terms = terms
    }
  }

  public let name: String
  public let version: String
  /// One sentence.
  public let summary: String
  public let commands: [Command]
  /// For the manual page, behind the commands.
  public let sections: [Section]

  public init(
    name: String, version: String, summary: String, commands: [Command], sections: [Section]
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.commands = commands
    self.sections = sections
  }
}
