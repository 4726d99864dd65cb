/// The symbols of a recording as a textbook writes them: W⁽¹⁾, b⁽¹⁾, z⁽¹⁾ = x·W⁽¹⁾ᵀ + b⁽¹⁾, a⁽¹⁾ = f(z⁽¹⁾), ŷ, L.
///
/// A value has one symbol, decided here, whoever shows it: the listing, the derivation, the drawing, the page, the worksheet.
///
/// A label that is one word of its own stands as it is. The parameters of layers that are numbered (`fc1/weight`,
/// `fc2/weight`) take the number as an index above. Those of layers with names take the name as an index below
/// (`W_gate`). A value without a name is u with its position on the tape below: u₁₂ is `%12`.
public struct Symbols: Sendable {
  /// The way in which adjoints are written.
  package let notation: AdjointNotation
  private var names: [Int: String] = [:]
  private var taken: Set<String> = []
  /// The number that is differentiated.
  private let output: Int?
  /// The index of the layer of each value z, such as ⁽¹⁾ or _gate.
  private var indexOfSum: [Int: String] = [:]
  /// The values a that an activation makes of a z, and what a pooling makes of an a, with the index of their layer.
  private var indexOfActivation: [Int: String] = [:]

  /// Names the values behind a result.
  /// - Parameter output: the number that is differentiated, L.
  /// - Complexity: linear in the nodes of the tape.
  public init<S: Scalar>(of output: Variable<S>, notation: AdjointNotation = .bar) {
    self.init(output.tape, output: output.live.index, notation)
  }

  /// Names the values of a tape. L is the number that was differentiated, or the last one that an operation gave.
  /// - Complexity: linear in the nodes of the tape.
  public init<S: Scalar>(of tape: Tape<S>, notation: AdjointNotation = .bar) {
    let nodes = tape.nodes
    func isForward(_ node: Int) -> Bool { node >= 0 && nodes[node].serves < 0 }
    let served = nodes.indices.lazy.map { Int(nodes[$0].serves) }.filter(isForward).max() ?? -1
    let last = nodes.indices.last {
      isForward($0) && nodes[$0].kind.operation != nil && nodes[$0].shape.elementCount == 1
    }
    self.init(tape, output: served >= 0 ? served : last, notation)
  }

  private init<S: Scalar>(_ tape: Tape<S>, output: Int?, _ notation: AdjointNotation) {
    self.init(Array(tape.nodes), tape.labels, output: output, notation)
  }

  /// Names the values of a recording for a message.
  init(_ nodes: [Node], _ labels: [Int: String]) { self.init(nodes, labels, output: nil, .bar) }

  private init(_ nodes: [Node], _ labels: [Int: String], output: Int?, _ notation: AdjointNotation) {
    (self.output, self.notation) = (output, notation)
    let forward = nodes.indices.filter { nodes[$0].serves < 0 }
    let words = LabelReader(nodes, labels, forward)
    if let output { name(output, words.word(of: output) ?? (nodes[output].shape.elementCount == 1 ? "L" : nil)) }
    for node in forward { name(node, words.word(of: node)) }
    for layer in LayerReader(nodes, labels, forward).layers {
      name(layer.weight, "W" + layer.index)
      if let bias = layer.bias { name(bias, "b" + layer.index) }
      for sum in layer.sums { indexOfSum[sum] = layer.index }
      for value in layer.activations { indexOfActivation[value] = layer.index }
    }
    for node in forward where names[node] == nil {
      name(node, letter(for: node, nodes, labels))
      if names[node] == nil { name(node, "u" + Notation.lowered(node)) }
    }
    for node in nodes.indices where names[node] == nil { names[node] = "u" + Notation.lowered(node) }
  }

  /// The symbol of the value at a position of the tape, such as `z⁽¹⁾`.
  public subscript(node: Int) -> String { names[node] ?? "u" + Notation.lowered(node) }

  /// The symbol of the adjoint of the value at a position: `z̄⁽¹⁾`, or `δ⁽¹⁾` and `∂L/∂a⁽¹⁾`.
  public func adjoint(of node: Int) -> String {
    switch notation {
    case .bar: return self[node].barred
    case .delta:
      if let index = indexOfSum[node], self[node] == "z" + index { return "δ" + index }
      return "∂\(output.map { self[$0] } ?? "L")/∂\(self[node])"
    }
  }

  /// The number of a node as a message gives it, with the symbol beside it where that says more than number and label:
  /// `%4 z⁽¹⁾`, but `%12` for u₁₂.
  package func place(of node: Int, labeled label: String?) -> String {
    let symbol = self[node]
    let isOfLayer = indexOfSum[node] != nil || indexOfActivation[node] != nil || symbol == "ŷ" || symbol == "A"
    let saysMore = (label == nil || isOfLayer) && symbol != label && symbol.dropFirst() != Notation.lowered(node)
    return saysMore ? "%\(node) \(symbol)" : "%\(node)"
  }

  /// True for the weighted sum z of a layer.
  package func isWeightedSum(_ node: Int) -> Bool { indexOfSum[node] != nil }

  /// True for what an activation makes of a layer's z, and a pooling of that.
  package func isActivation(_ node: Int) -> Bool { indexOfActivation[node] != nil }

  private mutating func name(_ node: Int, _ symbol: String?) {
    guard names[node] == nil, let symbol, !symbol.isEmpty, taken.insert(symbol).inserted else { return }
    names[node] = symbol
  }

  /// The symbol of a value that nobody has named, by its role or its operation; `nil` where it has none of its own.
  private func letter(for node: Int, _ nodes: [Node], _ labels: [Int: String]) -> String? {
    func free(_ letter: String) -> String { taken.contains(letter) ? letter + Notation.lowered(node) : letter }
    switch nodes[node].kind {
    case .leaf(let role):
      switch role {
      case .parameter, .state:
        let parts = (labels[node] ?? "p").split(separator: "/").map(String.init)
        let letter = parts.last == "weight" ? "W" : parts.last == "bias" ? "b" : parts.last ?? "p"
        return free(letter + (parts.count > 1 ? "_" + parts[parts.count - 2].filter { !$0.isWhitespace } : ""))
      case .input: return free("x")
      case .index: return free("t")
      case .constant: return "c" + Notation.lowered(node)
      case .random: return "m" + Notation.lowered(node)
      }
    case .operation(let operation):
      if let index = indexOfSum[node] { return "z" + index }
      if operation.form == .softmax(.softmax) {
        let isWeight = nodes[node...].contains { later in
          later.serves < 0 && later.kind.operation?.form.isProduct == true && later.inputs.contains(node)
        }
        return isWeight ? free("A") : "ŷ"
      }
      guard let index = indexOfActivation[node] else { return nil }
      return (operation.form.isPooling ? "p" : "a") + index
    }
  }
}

/// The labels that are symbols.
private struct LabelReader {
  private let nodes: [Node]
  private let labels: [Int: String]
  private var uses: [String: Int] = [:]

  init(_ nodes: [Node], _ labels: [Int: String], _ read: [Int]) {
    (self.nodes, self.labels) = (nodes, labels)
    for node in read { if let label = labels[node] { uses[label, default: 0] += 1 } }
  }

  /// The label of a node where it is one word that no other node has; `nil` for the `fc1/weight` of a layer, and for the
  /// `p3` of a parameter without a name. The words of a training step become the letters that they stand for.
  func word(of node: Int) -> String? {
    guard let label = labels[node], uses[label] == 1, !label.contains(where: { $0 == "/" || $0.isWhitespace })
    else {
      return nil
    }
    if case .leaf(let role) = nodes[node].kind, role == .parameter || role == .state,
      label.first == "p", label.dropFirst().allSatisfy(\.isNumber)
    {
      return nil
    }
    switch label {
    case "loss": return "L"
    case "images": return "x"
    case "labels": return "t"
    default: return label
    }
  }
}

extension Notation {
  /// A symbol as a formula: a derivative such as `∂L/∂W` is a fraction.
  package static func named(_ symbol: String) -> Notation {
    let parts = symbol.split(separator: "/∂", maxSplits: 1).map(String.init)
    guard symbol.hasPrefix("∂"), parts.count == 2 else { return .symbol(symbol) }
    return .fraction(.symbol(parts[0]), .symbol("∂" + parts[1]))
  }
}
