/// The layers of a recording: weighted sums z = x·Wᵀ + b with what an activation and a pooling make of them.
package struct LayerReader {
  /// The nodes that share a weight.
  package struct Layer {
    package let weight: Int
    package internal(set) var bias: Int?
    /// ⁽¹⁾ for a layer with a number, _gate for one with a name.
    package internal(set) var index = ""
    /// The weighted sums, one for each use of the weight.
    package internal(set) var sums: [Int] = []
    package internal(set) var activations: [Int] = []
  }

  package private(set) var layers: [Layer] = []
  private let nodes: [Node]
  private let labels: [Int: String]
  private var consumers: [Int: [Int]] = [:]

  /// Reads some nodes of a tape.
  package init<S: Scalar>(_ tape: Tape<S>, _ read: [Int]) { self.init(Array(tape.nodes), tape.labels, read) }

  init(_ nodes: [Node], _ labels: [Int: String], _ read: [Int]) {
    (self.nodes, self.labels) = (nodes, labels)
    for node in read { for input in nodes[node].inputs { consumers[input, default: []].append(node) } }
    var place: [Int: Int] = [:]
    for node in read {
      guard let weight = weight(of: node) else { continue }
      if place[weight] == nil {
        place[weight] = layers.count
        layers.append(Layer(weight: weight))
      }
      add(node, to: place[weight] ?? 0)
    }
    number()
  }

  /// The parameter among the factors of a product; a kernel of a convolution is reshaped before.
  private func weight(of node: Int) -> Int? {
    guard operation(node)?.form.isProduct == true else { return nil }
    return nodes[node].inputs.reversed().lazy.map { source(of: $0) }.first { isParameter($0) }
  }

  private func operation(_ node: Int) -> (any Operation)? { nodes[node].kind.operation }

  private func isParameter(_ node: Int) -> Bool {
    if case .leaf(.parameter) = nodes[node].kind { true } else { false }
  }

  /// The node whose elements a node rearranges; itself where it is no rearrangement.
  private func source(of node: Int) -> Int {
    var node = node
    while let form = operation(node)?.form, form == .reshape || form == .permute { node = nodes[node].inputs[0] }
    return node
  }

  private mutating func add(_ product: Int, to layer: Int) {
    var sum = product
    // The bias is added to the product, or to the product in another shape.
    if let user = onlyUser(of: product), let form = operation(user)?.form, form == .addBias || form == .binary(.add),
      let bias = nodes[user].inputs.first(where: { $0 != product && isParameter($0) })
    {
      sum = user
      layers[layer].bias = layers[layer].bias ?? bias
    }
    // Rows of windows become images again.
    if nodes[product].inputs.contains(where: { operation(source(of: $0))?.form == .unfold }),
      let images = onlyUser(of: sum), operation(images)?.form == .reshape
    {
      sum = images
    }
    layers[layer].sums.append(sum)
    for user in consumers[sum] ?? [] where isActivation(user, of: sum) {
      layers[layer].activations.append(user)
      for pooling in consumers[user] ?? [] where [.maxPool, .averagePool].contains(operation(pooling)?.form) {
        layers[layer].activations.append(pooling)
      }
    }
  }

  private func onlyUser(of node: Int) -> Int? {
    guard let users = consumers[node], users.count == 1 else { return nil }
    return users[0]
  }

  /// True for an activation function. The softplus of a loss is none: there z has other uses too.
  private func isActivation(_ node: Int, of sum: Int) -> Bool {
    guard case .map(let function)? = operation(node)?.form else { return false }
    switch function {
    case .leakyReLU, .elu: return true
    case .clamp, .power, .polygamma: return false
    case .unary(let f):
      switch f {
      case .tanh, .sigmoid, .relu, .gelu, .silu, .erf, .sin, .cos, .atan, .normalDistribution, .step, .sign: return true
      case .softplus: return consumers[sum]?.count == 1
      case .negate, .exp, .expm1, .log, .log1p, .sqrt, .square, .reciprocal, .abs, .tan, .asin, .acos, .sinh, .cosh,
        .asinh, .acosh, .atanh, .exp2, .log2, .log10, .erfc, .lgamma, .floor, .ceil, .round, .trunc, .sech,
        .normalDensity:
        return false
      }
    }
  }

  // MARK: Indices

  /// Gives each layer its index: its own number where all have the same stem, its place where all have some number, else
  /// its name.
  private mutating func number() {
    let owners = layers.map { owner(of: $0.weight) }
    let stems = Set(owners.map { $0.prefix { !$0.isNumber } })
    let areNumbered = owners.allSatisfy { $0.last?.isNumber == true }
    let keepNumbers = areNumbered && stems.count == 1 && Set(owners).count == owners.count
    let isUnique = Set(owners).count == owners.count
    for (place, owner) in owners.enumerated() {
      let number = keepNumbers ? String(owner.drop { !$0.isNumber }) : "\(place + 1)"
      let hasName = !areNumbered && isUnique && !owner.isEmpty
      layers[place].index = hasName ? "_" + owner : LayerReader.raised(number)
    }
  }

  /// `fc1` for the parameter `block 1/fc1/weight`; empty for one that no layer names.
  private func owner(of parameter: Int) -> String {
    (labels[parameter] ?? "").split(separator: "/").dropLast().last.map { $0.filter { !$0.isWhitespace } } ?? ""
  }

  private static func raised(_ number: String) -> String {
    let digits: [Character: Character] = [
      "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
    ]
    return "⁽" + String(number.compactMap { digits[$0] }) + "⁾"
  }
}
