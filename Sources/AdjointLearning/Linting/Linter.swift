import Adjoint

/// Looks at a recorded loss for mistakes that leave every derivative right: the model just does not learn, or learns something else.
///
/// It reads the recording and the values that it holds, those of one batch, and changes nothing.
///
/// ```swift
/// for finding in Linter(on: loss).run() { print(finding) }
/// // fc1/relu (%6 a⁽¹⁾): 52 of 128 units give 0 for all 500 examples; lower the learning rate, …
/// ```
public struct Linter<S: Scalar> {
  /// A mistake that the linter knows.
  public enum Rule: String, Sendable, Hashable, CaseIterable {
    /// Probabilities go into a loss that takes logits, so softmax or sigmoid is applied twice.
    case probabilitiesAsLogits
    /// No path along which a gradient flows leads from the parameter to the loss.
    case unreachableParameter
    /// More than a quarter of a layer's ReLU units give 0 for every example of a batch of at least 100.
    case deadUnits
    /// Most values of a hidden sigmoid or tanh stand where its derivative is under a hundredth of the largest.
    case saturatedUnits
    /// The input of the first product has a root mean square below 1/1000 or above 10.
    case inputScale
    /// The loss adds up over the batch, or the penalty is a mean over the weights: λ then depends on their numbers.
    case penaltyScale
  }

  /// One mistake: where it is, and what to do.
  public struct Finding: Sendable, Hashable, CustomStringConvertible {
    /// The rule that found it.
    public let rule: Rule
    /// The position on the tape; `nil` for a parameter that was never recorded.
    package let node: Int?
    /// The position with the value's symbol beside it, `%20 ŷ`; `nil` for a parameter that was never recorded.
    package let number: String?
    /// Scope and label of the node, or the parameter's name; may be empty.
    package let path: String
    /// The mistake, in a sentence.
    public let problem: String
    /// The way to end it, in a sentence.
    public let remedy: String

    /// The node as a person finds it: `fc1/relu (%6 a⁽¹⁾)`.
    public var place: String {
      let number = number ?? "not recorded"
      return path.isEmpty ? number : "\(path) (\(number))"
    }
    public var description: String { "\(place): \(problem); \(remedy)" }
  }

  let loss: Variable<S>
  let parameters: [Parameter<S>]
  private let symbols: Symbols

  /// A search in the recording of a loss.
  /// - Parameters:
  ///   - loss: recorded with the values of a batch; some rules need at least 100 examples, and are silent with fewer.
  ///   - parameters: those that ought to be trained; what the tape has not seen of them is reported as unreachable.
  public init(on loss: Variable<S>, parameters: [Parameter<S>] = []) {
    (self.loss, self.parameters, symbols) = (loss, parameters, Symbols(of: loss))
  }

  /// All findings, in the order of the tape; the same for the same recording.
  /// - Complexity: one backward pass and a look at the values.
  public func run() -> [Finding] {
    let graph = LintGraph(loss)
    let (units, inputs) = (units(of: graph), productInputs(of: graph))
    let values = LintValues(of: units + inputs)
    let findings =
      unreachableParameters() + probabilitiesAsLogits(graph) + units.compactMap { idle($0, values) }
      + inputs.compactMap { inputScale($0, values) } + penaltyScale(graph)
    return findings.enumerated().sorted {
      ($0.element.node ?? .max, $0.offset) < ($1.element.node ?? .max, $1.offset)
    }.map(\.element)
  }

  func finding(_ rule: Rule, at x: Variable<S>, _ problem: String, _ remedy: String) -> Finding {
    // An activation recorded outside its layer has no name of its own.
    let after = x.inputs.first?.path ?? ""
    let path = x.path.isEmpty && !after.isEmpty ? "\(x.operation?.name ?? "") after \(after)" : x.path
    return Finding(rule: rule, node: x.index, number: number(of: x), path: path, problem: problem, remedy: remedy)
  }

  private func number(of x: Variable<S>) -> String {
    symbols.place(of: x.index, labeled: x.path.split(separator: "/").last.map(String.init))
  }

  // MARK: Parameters that nothing teaches

  private func unreachableParameters() -> [Finding] {
    let tape = loss.tape
    let used = tape.trainableParameters
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let backward = tape.backward(from: loss, to: used.map(\.leaf).filter { $0.index < loss.index })
    let remedy = "use it in the loss, let no stopGradient stand between, or freeze it"
    var findings = used.filter { $0.leaf.index > loss.index || backward.adjoint(of: $0.leaf) == nil }.map {
      finding(.unreachableParameter, at: $0.leaf, "no gradient of the loss reaches this parameter", remedy)
    }
    // States, such as running statistics, are used without being trained.
    let known = Set(tape.namedParameters.map { ObjectIdentifier($0.parameter) })
    for parameter in parameters where !parameter.isFrozen && !known.contains(ObjectIdentifier(parameter)) {
      findings.append(
        Finding(
          rule: .unreachableParameter, node: nil, number: nil, path: parameter.name ?? "a parameter \(parameter.shape)",
          problem: "the loss does not use this parameter", remedy: remedy))
    }
    return findings
  }

  // MARK: Softmax twice

  private func probabilitiesAsLogits(_ graph: LintGraph<S>) -> [Finding] {
    graph.nodes.compactMap { x in
      guard let operation = x.operation, let input = x.inputs.first else { return nil }
      let source = graph.origin(of: input)
      if [.softmax(.logSoftmax), .softmax(.logSumExp)].contains(operation.form),
        source.operation?.form == .softmax(.softmax)
      {
        return finding(
          .probabilitiesAsLogits, at: source, "softmax is fed to a cross-entropy that takes logits (\(number(of: x)))",
          "leave out the softmax: the loss applies its own")
      }
      if operation.form == .unary(.softplus), source.operation?.form == .unary(.sigmoid),
        x.path.split(separator: "/").contains("binaryCrossEntropy")
      {
        return finding(
          .probabilitiesAsLogits, at: source, "sigmoid is fed to a cross-entropy that takes logits (\(number(of: x)))",
          "leave out the sigmoid: the loss applies its own")
      }
      return nil
    }
  }
}

/// The nodes that a loss depends on, each with what stands behind it.
struct LintGraph<S: Scalar> {
  /// The nodes that the loss depends on, in order.
  let nodes: [Variable<S>]
  /// Marks of the nodes behind which a parameter stands.
  private var hasParameter: [Bool]
  /// Marks of the nodes behind which data stands: an input, indices.
  private var hasData: [Bool]
  /// Marks of the nodes that a matrix product takes, or something behind which one stands.
  private var feedsProduct: [Bool]

  init(_ loss: Variable<S>) {
    let tape = loss.tape
    let count = loss.index + 1
    var needed = [Bool](repeating: false, count: count)
    (hasParameter, hasData, feedsProduct) = (needed, needed, needed)
    needed[loss.index] = true
    for node in stride(from: loss.index, through: 0, by: -1) where needed[node] {
      for input in tape[node].inputs {
        needed[input.index] = true
        if feedsProduct[node] || tape.operation(at: node)?.form.isProduct == true { feedsProduct[input.index] = true }
      }
    }
    nodes = needed.indices.filter { needed[$0] }.map { tape[$0] }
    for x in nodes {
      switch x.role {
      case .parameter: hasParameter[x.index] = true
      case .input, .index: hasData[x.index] = true
      case .constant, .state, .random, nil:
        // A tensor that is fixed counts as data: targets may be recorded so.
        hasData[x.index] = x.role == .constant && x.shape.elementCount > 1 || x.inputs.contains { hasData[$0.index] }
        hasParameter[x.index] = x.inputs.contains { hasParameter[$0.index] }
      }
    }
  }

  func dependsOnParameters(_ x: Variable<S>) -> Bool { hasParameter[x.index] }
  func dependsOnData(_ x: Variable<S>) -> Bool { hasData[x.index] }
  /// Tells whether a matrix product (a convolution is one) stands between a node and the loss.
  func isHidden(_ x: Variable<S>) -> Bool { feedsProduct[x.index] }

  /// The node that numbers come from which are only rearranged on their way.
  func origin(of x: Variable<S>) -> Variable<S> {
    var x = x
    while let operation = x.operation, operation.form.isRearranging {
      x = x.inputs[0]
    }
    return x
  }

  /// The number that a leaf or a rearranged leaf holds, if it is one constant number.
  func number(_ x: Variable<S>) -> Double? {
    let source = origin(of: x)
    return source.role == .constant && source.shape.elementCount == 1 ? source.value.elements[0].primal : nil
  }
}
