/// A shell that completes what is typed.
public enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish
}

extension ToolDescription {
  /// What the shell reads to complete commands, options and their values.
  public func completions(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletions
    case .zsh: zshCompletions
    case .fish: fishCompletions
    }
  }

  /// For the programmable completion of bash(1).
  ///
  /// `=` parts words there, so that an attached value is a word of its own.
  private var bashCompletions: String {
    let cases = commands.map { command in
      let valued = command.options.compactMap { option -> String? in
        guard option.value != nil else { return nil }
        let action =
          switch option.values {
          case .anything: "COMPREPLY=()"
          case .files: #"compopt -o default; COMPREPLY=()"#
          case .words(let words): Self.bashWords(words)
          }
        return "        \(option.name)) \(action); return ;;\n"
      }.joined()
      let names = (command.options + [.help]).map(\.name)
      let operands =
        switch command.operands {
        case .none: "COMPREPLY=()"
        case .files: "compopt -o default; COMPREPLY=()"
        case .word(_, let words): Self.bashWords(words)
        }
      let values = valued.isEmpty ? "" : "      case $option in\n\(valued)      esac\n"
      return """
            \(command.name))
        \(values)      if [[ $current == -* ]]; then
                \(Self.bashWords(names))
              else
                \(operands)
              fi
              ;;

        """
    }.joined()
    return """
      # bash completion for \(name)
      _\(name)() {
        local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}
        if [[ $current == = ]]; then
          current=
        elif [[ $option == = ]]; then
          option=${COMP_WORDS[COMP_CWORD-2]}
        fi
        if ((COMP_CWORD == 1)); then
          \(Self.bashWords(commands.map(\.name) + ["help", "--help", "--version"]))
          return
        fi
        case ${COMP_WORDS[1]} in
          help)
            \(Self.bashWords(commands.map(\.name)))
            ;;
      \(cases)  esac
      }
      complete -F _\(name) \(name)

      """
  }

  private static func bashWords(_ words: [String]) -> String {
    #"COMPREPLY=($(compgen -W '\#(words.joined(separator: " "))' -- "$current"))"#
  }

  /// The functions of zshcompsys(1).
  private var zshCompletions: String {
    let described = commands.map { "    \(Self.quoted("\($0.name):\($0.summary)"))\n" }.joined()
    let cases = commands.map { command in
      let options = (command.options + [.help]).map(Self.zshSpec)
      let operands =
        switch command.operands {
        case .none: ""
        case .files(let name): "'*:\(name.filter(\.isLetter)):_files'"
        case .word(let name, let words): "'1:\(name):(\(words.joined(separator: " ")))'"
        }
      let specs = (options + [operands]).filter { !$0.isEmpty }
        .joined(separator: " \\\n        ")
      return """
            \(command.name))
              _arguments -s : \\
                \(specs)
              ;;

        """
    }.joined()
    return """
      #compdef \(name)
      _\(name)() {
        local -a commands
        commands=(
      \(described)  )
        if ((CURRENT == 2)); then
          _describe command commands
          return
        fi
        local command=$words[2]
        shift words
        ((CURRENT--))
        case $command in
          help)
            _describe command commands
            ;;
      \(cases)  esac
      }
      if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
        _\(name) "$@"
      else
        compdef _\(name) \(name)
      fi

      """
  }

  private static func zshSpec(_ option: Option) -> String {
    // These end the text or begin a part of the specification.
    let help = option.help.escaping(["[": #"\["#, "]": #"\]"#, ":": #"\:"#, "\\": #"\\"#])
    let star = option.isRepeatable ? "*" : ""
    guard let value = option.value else { return quoted("\(star)\(option.name)[\(help)]") }
    let action =
      switch option.values {
      case .anything: " "
      case .files: "_files"
      case .words(let words): "(\(words.joined(separator: " ")))"
      }
    return quoted("\(star)\(option.name)=[\(help)]:\(value):\(action)")
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.escaping(["'": #"'\''"#]) + "'"
  }

  /// complete(1) of fish.
  private var fishCompletions: String {
    let names = commands.map(\.name).joined(separator: " ")
    let first = "not __fish_seen_subcommand_from \(names) help"
    var lines = ["complete -c \(name) -f"]
    for command in commands {
      let summary = Self.fishQuoted(command.summary)
      lines.append("complete -c \(name) -n '\(first)' -a \(command.name) -d \(summary)")
    }
    lines.append("complete -c \(name) -n '__fish_seen_subcommand_from help' -a '\(names)'")
    for command in commands {
      let seen = "complete -c \(name) -n '__fish_seen_subcommand_from \(command.name)'"
      for option in command.options + [.help] {
        let value =
          switch (option.value, option.values) {
          case (nil, _): ""
          case (_, .anything): " -x"
          case (_, .files): " -r -F"
          case (_, .words(let words)): " -x -a '\(words.joined(separator: " "))'"
          }
        let long = option.name.drop { $0 == "-" }
        lines.append("\(seen) -l \(long)\(value) -d \(Self.fishQuoted(option.help))")
      }
      switch command.operands {
      case .none: break
      case .files: lines.append("\(seen) -F")
      case .word(_, let words): lines.append("\(seen) -a '\(words.joined(separator: " "))'")
      }
    }
    return "# fish completion for \(name)\n" + lines.map { $0 + "\n" }.joined()
  }

  private static func fishQuoted(_ text: String) -> String {
    "'" + text.escaping(["\\": #"\\"#, "'": #"\'"#]) + "'"
  }
}
