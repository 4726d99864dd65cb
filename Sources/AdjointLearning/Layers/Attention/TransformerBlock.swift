import Adjoint

/// Two layers on each step, y = f(x·W₁ᵀ + b₁)·W₂ᵀ + b₂; gated, f(x·W₁ᵀ + b₁) ⊙ (x·W₃ᵀ + b₃) in place of the first. With SiLU
/// the gated form is SwiGLU.
///
/// Source: Vaswani et al., 2017, section 3.3; Shazeer, "GLU variants improve transformer", 2020.
public struct FeedForward<S: Scalar>: LibraryLayer {
  package private(set) var up: Linear<S>
  package private(set) var gate: Linear<S>?
  package private(set) var down: Linear<S>
  package let activation: Activation
  package let dropoutRate: Double
  package let name: String?

  /// A layer with new parameters, the weights and biases of `name/up`, `name/down` and, gated, `name/gate`.
  /// - Parameters:
  ///   - hidden: the width between; four times `width` when left out.
  ///   - dropout: the rate on what is between.
  public init(
    _ width: Int, hidden: Int? = nil, activation: Activation = .gelu, isGated: Bool = false, bias: Bool = true,
    dropout: Double = 0, name: String? = nil, initializer: Initializer = .glorotUniform,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    func linear(_ inputs: Int, _ outputs: Int, _ part: String) -> Linear<S> {
      Linear(
        inputs, outputs, bias: bias, name: name.map { "\($0)/\(part)" }, initializer: initializer, using: &generator,
        file: file, line: line)
    }
    let between = hidden ?? 4 * width
    up = linear(width, between, "up")
    gate = isGated ? linear(width, between, "gate") : nil
    down = linear(between, width, "down")
    (self.activation, self.name) = (activation, name)
    dropoutRate = checked(dropout, "FeedForward: dropout", .share, at: CallSite(file, line))
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.tape.scoped(name ?? "feedForward") {
      let z = activation(up(x))
      return down(dropout(gate.map { z * $0(x) } ?? z, rate: dropoutRate))
    }
  }

  package mutating func detach() { (up, gate, down) = (up.copy(), gate?.copy(), down.copy()) }

  public var description: String {
    let all = [up, down] + (gate.map { [$0] } ?? [])
    return title("FeedForward", name) + "\(up.weight.shape[1]) → \(up.weight.shape[0]) → \(up.weight.shape[1]), "
      + "\(activation)\(gate == nil ? "" : ", gated"), " + words(of: all.flatMap { [$0.weight, $0.bias] })
  }
}

/// The normalisation in a transformer block.
public enum BlockNorm: Sendable, CaseIterable {
  /// `LayerNorm`.
  case layer
  /// `RMSNorm`.
  case rootMeanSquare

  fileprivate func make<S: Scalar>(_ width: Int, _ epsilon: Double, _ name: String?, at site: CallSite) -> any Layer<S>
  {
    switch self {
    case .layer: LayerNorm<S>(width, epsilon: epsilon, name: name, file: site.file, line: site.line)
    case .rootMeanSquare: RMSNorm<S>(width, epsilon: epsilon, name: name, file: site.file, line: site.line)
    }
  }
}

/// A block of a transformer on x [batch, time, width]: attention to itself, attention to a memory where it has one, and two
/// layers on each step, each with its normalisation and with the way around it:
///   x ← x + f(norm(x)), the normalisation first, or x ← norm(x + f(x)).
///
/// An encoder is a row of blocks. A decoder's blocks are causal, and have a memory where there is an encoder.
///
/// ```swift
/// let block = TransformerBlock<Float>(64, heads: 4, isCausal: true, dropout: 0.1, name: "block1", using: &generator)
/// ```
///
/// Source: Vaswani et al., 2017; the normalisation first: Xiong et al., "On layer normalization in the transformer", 2020.
public struct TransformerBlock<S: Scalar>: LibraryLayer {
  package private(set) var attention: MultiHeadAttention<S>
  package private(set) var memoryAttention: MultiHeadAttention<S>?
  package private(set) var feedForward: FeedForward<S>
  package private(set) var norms: [any Layer<S>]
  package let isNormFirst: Bool
  package let dropoutRate: Double
  package let name: String?

  /// A block with new parameters, those of `name/attention`, `name/memory`, `name/feedForward`, and `name/norm1`, `name/norm2`, …
  /// in order of use.
  /// - Parameters:
  ///   - hidden: the width between the two layers; four times `width` when left out.
  ///   - isCausal: true when a step sees no later one.
  ///   - hasMemory: true when it attends to a memory too.
  ///   - isNormFirst: whether each part is given what is normalised, or its result is.
  ///   - activation: between the two layers; with `isGated` and `.silu` it is SwiGLU.
  ///   - rotaryBase: the base of rotary positions; without one there are none.
  ///   - dropout: the rate on weights of attention, between the two layers, and on the result of each part.
  public init(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil, hidden: Int? = nil, isCausal: Bool = false,
    hasMemory: Bool = false, isNormFirst: Bool = true, norm: BlockNorm = .layer, epsilon: Double = 1e-5,
    activation: Activation = .gelu, isGated: Bool = false, rotaryBase: Double? = nil, bias: Bool = true,
    dropout: Double = 0, name: String? = nil, initializer: Initializer = .glorotUniform,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) {
    func part(_ part: String) -> String? { name.map { "\($0)/\(part)" } }
    attention = MultiHeadAttention(
      width, heads: heads, keyValueHeads: keyValueHeads, isCausal: isCausal, rotaryBase: rotaryBase, bias: bias,
      dropout: dropout, name: part("attention"), initializer: initializer, using: &generator, file: file, line: line)
    memoryAttention =
      hasMemory
      ? MultiHeadAttention(
        width, heads: heads, keyValueHeads: keyValueHeads, bias: bias, dropout: dropout, name: part("memory"),
        initializer: initializer, using: &generator, file: file, line: line) : nil
    feedForward = FeedForward(
      width, hidden: hidden, activation: activation, isGated: isGated, bias: bias, dropout: dropout,
      name: part("feedForward"), initializer: initializer, using: &generator, file: file, line: line)
    norms = (1...(hasMemory ? 3 : 2)).map {
      norm.make(width, epsilon, part("norm\($0)"), at: CallSite(file, line))
    }
    (self.isNormFirst, dropoutRate, self.name) = (isNormFirst, dropout, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { transform(x) }

  /// The block with masks, as `MultiHeadAttention.attend` takes them, and with a memory [batch, steps, width].
  public func transform(
    _ x: Variable<S>, memory: Variable<S>? = nil, mask: Variable<S>? = nil, keyMask: Variable<S>? = nil,
    memoryMask: Variable<S>? = nil, memoryKeyMask: Variable<S>? = nil
  ) -> Variable<S> {
    apply(x, memory, memoryMask, memoryKeyMask) { attention.attend($0, mask: mask, keyMask: keyMask) }
  }

  /// The block on the next steps of a generation: see `MultiHeadAttention.attend(_:cache:)`.
  public func transform(_ x: Variable<S>, memory: Variable<S>? = nil, cache: inout KeyValueCache<S>) -> Variable<S> {
    apply(x, memory, nil, nil) { attention.attend($0, cache: &cache) }
  }

  private func apply(
    _ x: Variable<S>, _ memory: Variable<S>?, _ memoryMask: Variable<S>?, _ memoryKeyMask: Variable<S>?,
    _ attend: (Variable<S>) -> Variable<S>
  ) -> Variable<S> {
    guard (memory == nil) == (memoryAttention == nil) else {
      fatalError(
        memory == nil
          ? "\(self): it attends to a memory; give one"
          : "\(self): it has no attention to a memory; make it with hasMemory")
    }
    func around(_ x: Variable<S>, _ norm: any Layer<S>, _ part: (Variable<S>) -> Variable<S>) -> Variable<S> {
      func result(_ x: Variable<S>) -> Variable<S> { dropout(part(x), rate: dropoutRate) }
      return isNormFirst ? x + result(norm(x)) : norm(x + result(x))
    }
    return x.tape.scoped(name ?? "block") {
      var y = around(x, norms[0], attend)
      if let memory, let memoryAttention {
        y = around(y, norms[1]) {
          memoryAttention.attend($0, to: memory, mask: memoryMask, keyMask: memoryKeyMask)
        }
      }
      return around(y, norms[norms.count - 1]) { feedForward($0) }
    }
  }

  package mutating func detach() {
    (attention, memoryAttention, feedForward) = (attention.copy(), memoryAttention?.copy(), feedForward.copy())
    norms = norms.map { detached($0, in: "TransformerBlock") }
  }

  public var description: String {
    title("TransformerBlock", name) + "the normalisation \(isNormFirst ? "first" : "last"); \(attention)"
      + (memoryAttention.map { "; to a memory: \($0)" } ?? "") + "; \(feedForward)"
  }
}
