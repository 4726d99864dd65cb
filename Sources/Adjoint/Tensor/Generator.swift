import Foundation

/// A counter-based random number generator: Philox 4×32 with 10 rounds.
///
/// The n-th number is a pure function of the key and n. So a stream can be entered anywhere, and is the same on every
/// system and any number of threads. Its whole state is two words, which a checkpoint stores.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct Generator: RandomNumberGenerator, Hashable, Sendable, Codable {
  /// The number that makes this stream different from another one.
  @usableFromInline package let key: UInt64
  /// The number of 64-bit words drawn so far.
  @usableFromInline package var position: UInt64

  /// The stream of `seed`, from its beginning.
  public init(seed: UInt64) { self.init(key: seed, position: 0) }

  package init(key: UInt64, position: UInt64) {
    self.key = key
    self.position = position
  }

  /// An independent stream for each triple of numbers, such as (step, leaf, row). The same triple gives the same
  /// stream.
  public func stream(_ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0) -> Generator {
    func mix(_ key: UInt64, _ number: UInt64) -> UInt64 {
      Generator.word(key: key, stream: number, index: 0) ^ 0x9E37_79B9_7F4A_7C15
    }
    return Generator(key: mix(mix(mix(key, a), b), c), position: 0)
  }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    defer { position &+= 1 }
    return Generator.word(key: key, stream: 0, index: position)
  }

  /// A number in [0, 1) with 53 random bits.
  @inlinable
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in [low, high).
  @inlinable
  public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

  /// A standard normal number, by the Box–Muller transform.
  @inlinable
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }

  /// The numbers 0 ..< count in random order, by the Fisher–Yates shuffle. The order is the same in every release,
  /// which the standard library's `shuffled` does not promise.
  /// - Precondition: the count is not negative, and below 2⁴⁰.
  public mutating func permutation(of count: Int) -> [Int] {
    guard count >= 0 else { fatalError("permutation: \(count) numbers; the count cannot be negative") }
    guard count < Shape.elementLimit else {
      fatalError("permutation: \(count) numbers are 2⁴⁰ or more, which no memory holds")
    }
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(next().multipliedFullWidth(by: UInt64(last + 1)).high))
    }
    return order
  }

  /// Word `index` of a stream: half of the Philox block with counter (index / 2, stream).
  @inlinable
  package static func word(key: UInt64, stream: UInt64, index: UInt64) -> UInt64 {
    let block = philox(key: key, counter: (index >> 1, stream))
    return index & 1 == 0 ? block.0 : block.1
  }

  /// The Philox 4×32-10 bijection: 128 random bits for each 128-bit counter.
  @inlinable
  package static func philox(key: UInt64, counter: (UInt64, UInt64)) -> (UInt64, UInt64) {
    // Words of 32 bits in 64: a debug build then calls no generic conversion, here where every random bit is made.
    let low: UInt64 = 0xFFFF_FFFF
    var (c0, c1, c2, c3) = (counter.0 & low, counter.0 &>> 32, counter.1 & low, counter.1 &>> 32)
    var (k0, k1) = (key & low, key &>> 32)
    var round = 0
    while round < 10 {
      let (product0, product1) = (0xD251_1F53 &* c0, 0xCD9E_8D57 &* c2)
      (c0, c1) = (product1 &>> 32 ^ c1 ^ k0, product1 & low)
      (c2, c3) = (product0 &>> 32 ^ c3 ^ k1, product0 & low)
      k0 = (k0 &+ 0x9E37_79B9) & low
      k1 = (k1 &+ 0xBB67_AE85) & low
      round &+= 1
    }
    return (c0 | c1 &<< 32, c2 | c3 &<< 32)
  }
}
