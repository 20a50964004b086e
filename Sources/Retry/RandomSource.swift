import AttemptLog
import Glibc

/// Any random number generator, shared by all who hold a copy.
public struct RandomSource: RandomNumberGenerator, Sendable {
  private let draw: @Sendable () -> UInt64

  public init(_ generator: some RandomNumberGenerator & Sendable) {
    let shared = Locked(generator)
    draw = { shared.withLock { $0.next() } }
  }

  private init(draw: @escaping @Sendable () -> UInt64) {
    self.draw = draw
  }

  /// The kernel's random numbers, drawn some at a time.
  public static let system = RandomSource {
    // A thread that would wait for the lock asks the kernel itself; so does the child of a fork(2)
    // in which nobody will ever release it.
    if let number = reserve.withLockIfAvailable({ $0.next() }) { return number }
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }

  private static let reserve = Locked(RandomReserve())

  public func next() -> UInt64 {
    draw()
  }

  /// 16 hex digits.
  public func identifier() -> String {
    draw().hexadecimalDigits
  }
}

/// Random numbers that one getentropy(3) brought, each handed out once.
struct RandomReserve {
  /// 256 bytes, the most that getentropy(3) gives.
  static let countMax = 32

  private var numbers = [UInt64](repeating: 0, count: countMax)
  /// How many of them, the first ones, may still be handed out.
  private var count = 0
  /// Of the process that drew them: those of a parent are not for its children.
  private var forkCount = 0

  mutating func next(in process: Int = ForkCount.current) -> UInt64 {
    if count == 0 || forkCount != process {
      let isFilled = unsafe numbers.withUnsafeMutableBytes {
        unsafe getentropy($0.baseAddress, $0.count) == 0
      }
      guard isFilled else {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
      }
      count = Self.countMax
      forkCount = process
    }
    count -= 1
    return numbers[count]
  }
}
