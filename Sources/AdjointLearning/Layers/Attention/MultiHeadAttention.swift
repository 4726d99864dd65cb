import Adjoint

/// The keys and values of the steps that a generation has seen, for one layer of attention. Each call appends those of its
/// own steps.
///
/// ```swift
/// var cache = KeyValueCache<Float>()
/// for token in prompt {
///   let tape = Tape<Float>(mode: .inference)
///   logits = head(attention.attend(embedded(token, on: tape), cache: &cache))
/// }
/// ```
public struct KeyValueCache<S: Scalar>: Sendable {
  /// Keys and values, [batch, key-value heads, 1, steps, width]; `nil` before the first step.
  package private(set) var steps: (keys: Tensor<S>, values: Tensor<S>)?

  /// A cache without steps.
  public init() {}

  /// How many steps it holds: the position of the next one.
  public var count: Int { steps?.keys.shape[3] ?? 0 }

  /// The keys and values with those of further steps appended, on their tape, which is also what the cache then holds.
  mutating func append(
    keys: Variable<S>, values: Variable<S>
  ) -> (keys: Variable<S>, values: Variable<S>) {
    var all = (keys: keys, values: values)
    if let steps {
      guard steps.keys.shape.prefix(3).elementsEqual(keys.shape.prefix(3)), steps.keys.shape[4] == keys.shape[4] else {
        fatalError(
          "KeyValueCache: it holds keys \(steps.keys.shape) and cannot append \(keys.shape) at axis 3; give each layer and "
            + "each generation a cache of its own")
      }
      func joined(_ old: Tensor<S>, _ new: Variable<S>) -> Variable<S> {
        concatenate([new.tape.constant(old), new], axis: 3)
      }
      all = (joined(steps.keys, keys), joined(steps.values, values))
    }
    steps = (all.keys.value, all.values.value)
    return all
  }
}

extension KeyValueCache: CustomStringConvertible {
  /// The number of steps, and the shape of their keys.
  public var description: String {
    "KeyValueCache: \(count) step\(count == 1 ? "" : "s")" + (steps.map { ", keys \($0.keys.shape)" } ?? "")
  }
}

/// Attention with several heads, y = concat(heads)·Wₒᵀ + bₒ, each head scaled dot-product attention over a part of the
/// projected queries, keys and values: x is [batch, time, width], and so is y.
///
/// With fewer heads of keys and values than of queries, several heads of queries share one (grouped queries).
///
/// Source: Vaswani et al., "Attention is all you need", 2017; Ainslie et al., "GQA", 2023.
public struct MultiHeadAttention<S: Scalar>: LibraryLayer {
  package private(set) var query: Linear<S>
  package private(set) var key: Linear<S>
  package private(set) var value: Linear<S>
  package private(set) var output: Linear<S>
  package let width: Int
  package let heads: Int
  package let keyValueHeads: Int
  package let isCausal: Bool
  package let rotaryBase: Double?
  package let dropoutRate: Double
  package let name: String?

  /// A layer with new parameters, the weights and biases of `name/query`, `name/key`, `name/value` and `name/output`.
  /// - Parameters:
  ///   - width: of x, of y, and of all heads of queries together.
  ///   - keyValueHeads: heads of keys and values; `heads` when left out.
  ///   - memoryWidth: the width of what is attended to in cross-attention; `width` when left out.
  ///   - isCausal: true when a step sees no later one, in attention to itself.
  ///   - rotaryBase: the base of rotary positions, such as 10000, in attention to itself; without one there are none.
  ///   - dropout: the rate on the weights of attention.
  ///   - initializer: by default Glorot's, as PyTorch's begins.
  /// - Precondition: `heads` divides `width`, and `keyValueHeads` divides `heads`.
  public init(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil, memoryWidth: Int? = nil, isCausal: Bool = false,
    rotaryBase: Double? = nil, bias: Bool = true, dropout: Double = 0, name: String? = nil,
    initializer: Initializer = .glorotUniform, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let (site, shared) = (CallSite(file, line), keyValueHeads ?? heads)
    check(width, "MultiHeadAttention: the width", atLeast: 1, at: site)
    check(heads, "MultiHeadAttention: heads", atLeast: 1, at: site)
    check(shared, "MultiHeadAttention: keyValueHeads", atLeast: 1, at: site)
    guard width % heads == 0, heads % shared == 0 else {
      site.trap(
        "MultiHeadAttention: width \(width), \(heads) heads, \(shared) heads of keys and values: each must be a multiple of "
          + "the next")
    }
    if rotaryBase != nil, width / heads % 2 != 0 {
      site.trap(
        "MultiHeadAttention: a head is \(width / heads) wide; rotary positions turn pairs, so give an even width")
    }
    func linear(_ inputs: Int, _ outputs: Int, _ part: String) -> Linear<S> {
      Linear(
        inputs, outputs, bias: bias, name: name.map { "\($0)/\(part)" }, initializer: initializer, using: &generator,
        file: file, line: line)
    }
    let keyWidth = width / heads * shared
    query = linear(width, width, "query")
    key = linear(memoryWidth ?? width, keyWidth, "key")
    value = linear(memoryWidth ?? width, keyWidth, "value")
    output = linear(width, width, "output")
    (self.width, self.heads, self.keyValueHeads, self.isCausal) = (width, heads, shared, isCausal)
    self.rotaryBase = rotaryBase.map { checked($0, "MultiHeadAttention: rotaryBase", .positiveFloat, at: site) }
    (dropoutRate, self.name) = (checked(dropout, "MultiHeadAttention: dropout", .share, at: site), name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { attend(x) }

  /// Attention of x to itself, or to a memory [batch, steps, memory width].
  /// - Parameters:
  ///   - mask: which keys a query sees, not 0 where it does: [time, steps], [batch, time, steps] or [batch, heads, time, steps].
  ///   - keyMask: which keys count, [batch, steps], not 0 where they do: 0 at padding.
  public func attend(
    _ x: Variable<S>, to memory: Variable<S>? = nil, mask: Variable<S>? = nil, keyMask: Variable<S>? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    let site = CallSite(file, line)
    require(x, at: site)
    if let memory { require(memory, isMemory: true, batch: x.shape[0], at: site) }
    return x.tape.scoped(name ?? "attention") {
      let isSelf = memory == nil
      let (keys, values) = keysAndValues(memory ?? x, isSelf: isSelf, from: 0)
      return mixed(
        queries(x, isSelf: isSelf, from: 0), keys, values, mask: visible(mask, keyMask, x, memory ?? x, site),
        isCausal: isCausal && isSelf)
    }
  }

  /// Attention of the next steps x [batch, steps, width] to all steps that the cache holds and to themselves; the cache then
  /// holds these too. The results are those of the whole sequence at once, to rounding.
  /// - Precondition: the tape computes values as it records: this is no part of a step or a predictor that is replayed.
  public func attend(
    _ x: Variable<S>, cache: inout KeyValueCache<S>, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable<S> {
    let site = CallSite(file, line)
    require(x, at: site)
    guard !x.tape.isRecordingForReplay else {
      site.trap(
        "\(self): a cache grows from call to call, and a recording would repeat the first one; use it on a tape of its own"
      )
    }
    return x.tape.scoped(name ?? "attention") {
      let start = cache.count
      let new = keysAndValues(x, isSelf: true, from: start)
      let all = cache.append(keys: new.keys, values: new.values)
      return mixed(queries(x, isSelf: true, from: start), all.keys, all.values, mask: nil, isCausal: isCausal)
    }
  }

  /// Queries [batch, key-value heads, heads of each, time, width of a head].
  private func queries(_ x: Variable<S>, isSelf: Bool, from start: Int) -> Variable<S> {
    turned(parts(query(x), groups: heads / keyValueHeads), isSelf, start)
  }

  private func keysAndValues(
    _ x: Variable<S>, isSelf: Bool, from start: Int
  ) -> (keys: Variable<S>, values: Variable<S>) {
    (turned(parts(key(x), groups: 1), isSelf, start), parts(value(x), groups: 1))
  }

  private func turned(_ x: Variable<S>, _ isSelf: Bool, _ start: Int) -> Variable<S> {
    guard isSelf, let rotaryBase else { return x }
    return rotary(x, from: start, base: rotaryBase)
  }

  private func parts(_ x: Variable<S>, groups: Int) -> Variable<S> {
    x.reshape(to: [x.shape[0], x.shape[1], keyValueHeads, groups, width / heads]).permute([0, 2, 3, 1, 4])
  }

  private func mixed(
    _ queries: Variable<S>, _ keys: Variable<S>, _ values: Variable<S>, mask: Variable<S>?, isCausal: Bool
  ) -> Variable<S> {
    let mixed = scaledDotProductAttention(
      queries, keys, values, mask: mask, isCausal: isCausal, dropout: dropoutRate)
    return output(mixed.permute([0, 3, 1, 2, 4]).reshape(to: [queries.shape[0], queries.shape[3], width]))
  }

  /// Both masks in one that is repeated to [batch, key-value heads, heads of each, time, steps].
  private func visible(
    _ mask: Variable<S>?, _ keyMask: Variable<S>?, _ x: Variable<S>, _ memory: Variable<S>, _ site: CallSite
  ) -> Variable<S>? {
    let (batch, time, steps) = (x.shape[0], x.shape[1], memory.shape[1])
    let mask = mask.map { mask -> Variable<S> in
      switch Array(mask.shape) {
      case [time, steps]: return mask
      case [batch, time, steps]: return mask.reshape(to: [batch, 1, 1, time, steps])
      case [batch, heads, time, steps]:
        return mask.reshape(to: [batch, keyValueHeads, heads / keyValueHeads, time, steps])
      case let other:
        site.trap(
          "\(self): the mask has shape \(Shape(other)); give [\(time), \(steps)], [\(batch), \(time), \(steps)] or "
            + "[\(batch), \(heads), \(time), \(steps)]: queries, then keys")
      }
    }
    guard let keyMask else { return mask }
    guard keyMask.shape == [batch, steps] else {
      site.trap("\(self): the key mask has shape \(keyMask.shape); give [\(batch), \(steps)], one number for each key")
    }
    let keys = keyMask.reshape(to: [batch, 1, 1, 1, steps])
    return mask.map { $0.masked(by: keys) } ?? keys
  }

  private func require(_ x: Variable<S>, isMemory: Bool = false, batch: Int? = nil, at site: CallSite) {
    let expected = isMemory ? key.weight.shape[1] : width
    let fits = x.shape.rank == 3 && x.shape[2] == expected && batch ?? x.shape[0] == x.shape[0]
    require(
      fits, x, takes: "[\(batch.map(String.init) ?? "batch"), time, \(expected)]" + (isMemory ? " to attend to" : ""),
      at: site)
  }

  package mutating func detach() {
    (query, key, value, output) = (query.copy(), key.copy(), value.copy(), output.copy())
  }

  public var description: String {
    let shared = keyValueHeads == heads ? "" : " over \(keyValueHeads) of keys and values"
    let linears = [query, key, value, output]
    return title("MultiHeadAttention", name) + "width \(width), \(heads) heads\(shared)"
      + (isCausal ? ", causal" : "") + (rotaryBase == nil ? "" : ", rotary positions")
      + (dropoutRate > 0 ? ", dropout \(dropoutRate)" : "") + ", "
      + words(of: linears.flatMap { [$0.weight, $0.bias] })
  }
}
