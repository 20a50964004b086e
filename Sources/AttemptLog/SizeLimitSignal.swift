import Glibc

/// SIGXFSZ, which a write beyond `RLIMIT_FSIZE` raises and which ends the process by default.
enum SizeLimitSignal {
  /// Whether the process has a limit on the size of files, so that the signal can come.
  static var canCome: Bool {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
      return true
    }
    return limit.rlim_cur != rlim_t.max
  }

  /// Runs `body` with the signal blocked on this thread, takes the signal away if `body` raised it,
  /// and leaves the host's dispositions as they are; `errno` stays that of `body`.
  static func held(_ body: () -> Int) -> Int {
    var signal = sigset_t()
    unsafe sigemptyset(&signal)
    unsafe sigaddset(&signal, SIGXFSZ)
    var before = sigset_t()
    unsafe pthread_sigmask(SIG_BLOCK, &signal, &before)
    let result = body()
    let error = errno
    if result < 0, error == EFBIG, unsafe sigismember(&before, SIGXFSZ) == 0 {
      // A synchronous signal is pending for this thread: it is taken without waiting.
      var none = timespec()
      unsafe sigtimedwait(&signal, nil, &none)
    }
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = error
    return result
  }
}
