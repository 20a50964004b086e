import AttemptLog
import CommandLineOptions
import Glibc

/// A small real client of both providers: every attempt goes into the log.
@main
enum Transcribe {
  /// As cli.md counts them; a signal adds 128 to its number.
  enum ExitCode: Int32 {
    case done = 0
    case someFailed = 1
    case usage = 2
    case inputOutput = 5
  }

  static func main() {
    // Blocked before any thread begins, so that every signal waits for `sigwait`.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    // A closed pipe is an errno of write(2).
    Glibc.signal(SIGPIPE, SIG_IGN)

    let options: TranscribeOptions
    do throws(UsageError) {
      options = try TranscribeOptions(Array(CommandLine.arguments.dropFirst())) {
        unsafe getenv($0).map { unsafe String(cString: $0) }
      }
    } catch {
      Terminal.complain(error.description)
      exit(ExitCode.usage.rawValue)
    }
    if options.showsHelp {
      print(TranscribeOptions.help, terminator: "")
      exit(ExitCode.done.rawValue)
    }
    let caught = Locked<Int32?>(nil)
    let work = Task.detached {
      let code = await Transcriptions(options).run()
      exit(caught.withLock { $0 }.map { 128 + $0 } ?? code.rawValue)
    }
    var signal: Int32 = 0
    unsafe sigwait(&signals, &signal)
    caught.withLock { [signal] in $0 = signal }
    // The log is to say that the operation was cancelled; a second signal does not wait for that.
    work.cancel()
    unsafe sigwait(&signals, &signal)
    exit(128 + signal)
  }
}
