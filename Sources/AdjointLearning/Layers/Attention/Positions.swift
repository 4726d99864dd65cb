import Adjoint

/// Positions as sines and cosines, [count, width]: P[t, 2i] = sin(t/bᵘ), P[t, 2i + 1] = cos(t/bᵘ), u = 2i/width.
///
/// ```swift
/// let x = embedding(tokens) + sinusoidalPositions(time, width)
/// ```
///
/// Source: Vaswani et al., "Attention is all you need", 2017, section 3.5.
/// - Parameter start: the position of the first row.
public func sinusoidalPositions<S: Scalar>(
  _ count: Int, _ width: Int, from start: Int = 0, base: Double = 10_000,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor<S> {
  let site = CallSite(file, line)
  check(count, "sinusoidalPositions: the count", atLeast: 0, at: site)
  check(width, "sinusoidalPositions: the width", atLeast: 1, at: site)
  check(base, "sinusoidalPositions: the base", .positiveFloat, at: site)
  let rates: [Double] = (0..<width).map { j in Double.power(base, -Double(j - j % 2) / Double(width)) }
  var elements: [S] = []
  for t in start..<start + count {
    for (j, rate) in rates.enumerated() {
      let angle = Double(t) * rate
      elements.append(S(j % 2 == 0 ? Double.sine(angle) : Double.cosine(angle)))
    }
  }
  return Tensor(shape: [count, width], elements: elements)
}

/// Positions as learned vectors: x + P[start ..< start + time] for x […, time, width].
public struct LearnedPositions<S: Scalar>: LibraryLayer {
  /// The vectors P, [count, width].
  public private(set) var weight: Parameter<S>
  package let name: String?

  /// Vectors that are drawn, one for each position.
  /// - Parameters:
  ///   - count: the longest sequence.
  ///   - name: the prefix of the parameter's name, `name/weight`; numbered by first use when left out.
  public init(
    _ count: Int, _ width: Int, name: String? = nil, initializer: Initializer = .normal(mean: 0, deviation: 0.02),
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    check(count, "LearnedPositions: the count", atLeast: 1, at: CallSite(file, line))
    check(width, "LearnedPositions: the width", atLeast: 1, at: CallSite(file, line))
    let values: Tensor<S> = initializer.tensor(
      [count, width], fanIn: count, fanOut: width, using: &generator, file: file, line: line)
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    self.name = name
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { callAsFunction(x, from: 0) }

  /// x with positions that begin at `start`, as in generation with a cache.
  public func callAsFunction(
    _ x: Variable<S>, from start: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    let (count, width) = (weight.shape[0], weight.shape[1])
    let fits = x.shape.rank >= 2 && x.shape.last == width && start >= 0 && start <= count - x.shape[x.shape.rank - 2]
    let site = CallSite(file, line)
    require(fits, x, takes: "[…, time, \(width)] with positions below \(count), here from \(start) on", at: site)
    return x.tape.scoped(name ?? "positions") {
      x + x.tape.parameter(weight).slice(start..<start + x.shape[x.shape.rank - 2])
    }
  }

  package mutating func detach() { weight = weight.copy() }

  public var description: String {
    title("LearnedPositions", name) + "\(weight.shape[0]) positions, width \(weight.shape[1]), " + words(of: [weight])
  }
}

/// The numbers that `rotary` turns together.
public enum RotaryPairs: Sendable, Hashable, CaseIterable {
  /// Number i and number i + d/2, as in GPT-NeoX and in the Llama of Hugging Face.
  case halves
  /// Numbers 2i and 2i + 1, as in RoFormer and in Meta's Llama.
  case neighbours
}

/// Positions as turns, for x […, time, d]: pair i of a vector at position t is turned by the angle t·b^(−2i/d). The product
/// of a turned query and a turned key depends on the distance of their positions alone.
///
/// Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
/// - Parameters:
///   - positions: one for each step; `start`, `start + 1`, … when left out.
///   - base: b.
/// - Precondition: d is even.
public func rotary<S: Scalar>(
  _ x: Variable<S>, positions: [Int]? = nil, from start: Int = 0, base: Double = 10_000, pairs: RotaryPairs = .halves,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let (site, rank) = (CallSite(file, line), x.shape.rank)
  guard rank >= 2, x.shape[rank - 1] % 2 == 0 else {
    site.trap("rotary: takes […, time, width] with an even width; it was given \(x.tape.describe(x.index))")
  }
  let (time, half) = (x.shape[rank - 2], x.shape[rank - 1] / 2)
  guard start <= Int(Int32.max) - time, start >= Int(Int32.min) else {
    site.trap("rotary: \(time) positions from \(start) on; begin between \(Int32.min) and \(Int(Int32.max) - time)")
  }
  let positions = positions ?? Array(start..<start + time)
  guard positions.count == time else {
    site.trap(
      "rotary: \(positions.count) positions for \(time) steps of \(x.tape.describe(x.index)); give one for each")
  }
  check(base, "rotary: the base", .positiveFloat, at: site)
  let rates: [Double] = (0..<half).map { i in Double.power(base, -Double(i) / Double(half)) }
  let angles: [Double] = positions.flatMap { t in rates.map { Double(t) * $0 } }
  // One axis more: that of the two numbers of a pair.
  let (inner, axis): ([Int], Int) = pairs == .halves ? ([2, half], rank - 1) : ([half, 2], rank)
  let shape: Shape = pairs == .halves ? [time, 1, half] : [time, half, 1]
  return x.tape.scoped("rotary") {
    let cosine = x.tape.constant(Tensor<S>(shape: shape, elements: angles.map { S(Double.cosine($0)) }))
    let sine = x.tape.constant(Tensor<S>(shape: shape, elements: angles.map { S(Double.sine($0)) }))
    let paired = x.reshape(to: Shape(x.shape.dropLast() + inner))
    let (a, b) = (paired.slice(0..<1, axis: axis), paired.slice(1..<2, axis: axis))
    return concatenate([a * cosine - b * sine, a * sine + b * cosine], axis: axis).reshape(to: x.shape)
  }
}
