import Glibc
import Synchronization

/// How often this process is the child of a fork(2) since it was started anew: a writer of the
/// parent must not go on in the child.
package enum ForkCount {
  private static let count = Atomic<Int>(0)

  private static let isRegistered: Bool =
    pthread_atfork(
      nil, nil, { ForkCount.count.wrappingAdd(1, ordering: .relaxed) }) == 0

  package static var current: Int {
    _ = isRegistered
    return count.load(ordering: .relaxed)
  }
}
