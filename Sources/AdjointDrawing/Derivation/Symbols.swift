import Adjoint

/// Names for the nodes of a forward pass as a textbook writes them: W⁽¹⁾, b⁽¹⁾, z⁽¹⁾ = x·W⁽¹⁾ᵀ + b⁽¹⁾,
/// a⁽¹⁾ = f(z⁽¹⁾), ŷ, L.
///
/// A label given by the user stands as it is. The parameters of layers that are numbered (`fc1/weight`, `fc2/weight`)
/// take the number as an index above. Those of layers with names take the name as an index below (`W_gate`). A node
/// without a name is u with its position on the tape below: u₁₂ is `%12`.
struct Symbols<S: Scalar> {
  private(set) var names: [Int: String] = [:]
  private var taken: Set<String> = []
  /// The index in the names of a layer, by the position of its weight.
  private var indexOfWeight: [Int: String] = [:]
  /// The position of the weight behind each affine map x·Wᵀ + b.
  private(set) var weightOfAffine: [Int: Int] = [:]

  /// Names the nodes that `output` depends on.
  init(of output: Variable<S>) {
    let tape = output.tape
    let nodes = output.dependencies
    for node in nodes where isUserLabeled(tape[node]) { name(node, tape[node].label ?? "") }
    findLayers(nodes, tape)
    name(output.index, "L")
    for node in nodes where names[node] == nil {
      let x = tape[node]
      if let role = x.role {
        nameLeaf(x, role)
      } else if let weight = weightOfAffine[node], let index = indexOfWeight[weight] {
        name(node, "z" + index)
      } else if x.operation?.form == .softmax(.softmax) {
        name(node, "ŷ")
      } else if let operation = x.operation, operation.isElementwise, x.inputs.count == 1,
        let weight = weightOfAffine[x.inputs[0].index], let index = indexOfWeight[weight]
      {
        name(node, "a" + index)
      }
      if names[node] == nil { name(node, Symbols.numbered("u", node)) }
    }
  }

  subscript(node: Int) -> String { names[node] ?? "%\(node)" }

  private mutating func name(_ node: Int, _ symbol: String) {
    guard names[node] == nil, !symbol.isEmpty else { return }
    let unique = taken.insert(symbol).inserted ? symbol : Symbols.numbered("u", node)
    taken.insert(unique)
    names[node] = unique
  }

  private static func numbered(_ letter: String, _ number: Int) -> String {
    letter
      + String(String(number).unicodeScalars.compactMap { UnicodeScalar($0.value - 48 + 0x2080).map(Character.init) })
  }

  /// True for a label that the user gave: neither the `fc1/weight` of a layer nor the `p3` of a parameter without a name.
  private func isUserLabeled(_ x: Variable<S>) -> Bool {
    guard let label = x.label else { return false }
    let isNumbered = label.first == "p" && label.dropFirst().allSatisfy(\.isNumber)
    return (x.role != .parameter && x.role != .state) || !(label.contains("/") || isNumbered)
  }

  private mutating func nameLeaf(_ x: Variable<S>, _ role: Role) {
    let fallback: String
    switch role {
    case .parameter, .state:
      let parts = (x.label ?? "p").split(separator: "/").map(String.init)
      let owner = parts.dropLast().joined(separator: "/")
      let letter = parts.last == "weight" ? "W" : parts.last == "bias" ? "b" : parts.last ?? "p"
      name(x.index, letter + (owner.isEmpty ? "" : "_" + owner))
      return
    case .input: fallback = "x"
    case .index: fallback = "y"
    case .constant: fallback = Symbols.numbered("c", x.index)
    case .random: fallback = Symbols.numbered("m", x.index)
    }
    name(x.index, taken.contains(fallback) ? Symbols.numbered(fallback, x.index) : fallback)
  }

  /// Finds x·Wᵀ + b and x·Wᵀ, and gives each weight an index and each bias the index of its weight.
  private mutating func findLayers(_ nodes: [Int], _ tape: Tape<S>) {
    var biasOfWeight: [Int: Int] = [:]
    var order: [Int] = []
    var inside: Set<Int> = []
    func weight(of x: Variable<S>) -> Int? {
      guard x.operation?.form.isProduct == true else { return nil }
      return x.inputs.last { $0.role == .parameter }?.index
    }
    for node in nodes.reversed() {
      let x = tape[node]
      let isSum = x.operation?.form == .addBias || x.operation?.form == .binary(.add)
      if isSum, let product = x.inputs.first(where: { weight(of: $0) != nil }), let weight = weight(of: product) {
        weightOfAffine[node] = weight
        inside.insert(product.index)
        if let bias = x.inputs.first(where: { $0.role == .parameter && $0.index != weight }) {
          biasOfWeight[weight] = bias.index
        }
        order.append(weight)
      } else if !inside.contains(node), let weight = weight(of: x) {
        weightOfAffine[node] = weight
        order.append(weight)
      }
    }
    var weights: [Int] = []
    for weight in order.reversed() where !weights.contains(weight) { weights.append(weight) }
    let owners = weights.map { owner(of: tape[$0]) }
    let stems = Set(owners.map { $0.prefix { !$0.isNumber } })
    let areNumbered =
      stems.count == 1 && Set(owners).count == owners.count && owners.allSatisfy { $0.last?.isNumber == true }
    for (position, weight) in weights.enumerated() {
      let number = areNumbered ? String(owners[position].drop { !$0.isNumber }) : "\(position + 1)"
      let hasName = !areNumbered && !owners[position].isEmpty
      let index = hasName ? "_" + owners[position] : Symbols.raised(number)
      indexOfWeight[weight] = index
      name(weight, "W" + index)
      if let bias = biasOfWeight[weight] { name(bias, "b" + index) }
    }
  }

  /// `fc1` for the parameter `fc1/weight`; empty for one that no layer names.
  private func owner(of parameter: Variable<S>) -> String {
    (parameter.label ?? "").split(separator: "/").dropLast().joined(separator: "/")
  }

  private static func raised(_ number: String) -> String {
    let digits: [Character: Character] = [
      "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
    ]
    return "⁽" + String(number.compactMap { digits[$0] }) + "⁾"
  }
}

extension Variable {
  /// The positions of this node and of all that it is computed from, in the order of the tape.
  var dependencies: [Int] {
    var needed = [Bool](repeating: false, count: live.index + 1)
    needed[index] = true
    for node in stride(from: index, through: 0, by: -1) where needed[node] {
      for input in tape[node].inputs { needed[input.index] = true }
    }
    return needed.indices.filter { needed[$0] }
  }
}
