import AttemptLog
import CommandLineOptions
import Reliability
import Report

extension Command {
  static let verify = Command(
    name: "verify",
    summary: "Checks every line against the schema, and that none is missing or there twice.",
    options: [.format],
    example: "relmon verify /var/log/app/attempts"
  ) { arguments in
    let isJSON = try arguments.format() == .json
    var verification = Verification()
    var findings: [Finding] = []
    var unread = 0
    let followers = try LogInput(arguments).followers()
    var progress = LogProgress(followers)
    for follower in followers {
      do {
        while try verification.read(follower) {
          try Self.show(&verification, &findings, &progress, isJSON: isJSON)
          progress.update()
        }
      } catch let error as LogReadError {
        Output.diagnose(error.description)
        unread += 1
      }
      verification.close(follower)
      try Self.show(&verification, &findings, &progress, isJSON: isJSON)
    }
    progress.erase()
    if isJSON {
      try Output.write(verification.json(findings, unread: unread))
    } else {
      try Output.write(Array(verification.summary(unread: unread).utf8))
    }
    if unread > 0 { return .inputOutput }
    return verification.isSound ? .ok : .checkFailed
  }

  /// Tells of what was found so far, or keeps it for the JSON.
  private static func show(
    _ verification: inout Verification, _ findings: inout [Finding],
    _ progress: inout LogProgress, isJSON: Bool
  ) throws(Failure) {
    let new = verification.takeFindings()
    if !new.isEmpty { progress.erase() }
    if isJSON {
      findings += new
    } else {
      try Output.write(Array(new.map(\.text).joined().utf8))
    }
  }
}
