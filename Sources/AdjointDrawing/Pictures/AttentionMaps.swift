import Adjoint
import AdjointCharts

/// The weights of attention of one example: a map for every head, a row for each query, whose weights sum to 1.
///
/// ```swift
/// let chart = try AttentionMaps(of: loss, tokens: ["the", "cat", "sat"])
/// ```
public struct AttentionMaps: Chart {
  public var title: String
  package let maps: [(name: String, weights: [[Double]])]
  private let tokens: [String]

  /// The softmaxes behind a recorded value that weigh the rows of a product: those of attention, in the order of the tape.
  /// - Parameters:
  ///   - example: the place in the batch.
  ///   - tokens: the names of the places, for queries and keys alike; numbers when left out.
  /// - Throws: `PictureError` where the recording has no attention, or no such example.
  public init<S: Scalar>(
    of output: Variable<S>, example: Int = 0, tokens: [String] = [], title: String = "Who looks at whom"
  ) throws {
    let (tape, nodes) = (output.tape, output.dependencies)
    var maps: [(String, [[Double]])] = []
    var layer = 0
    for node in nodes.map({ tape[$0] }) where AttentionMaps.isAttention(node, among: nodes) {
      layer += 1
      let (queries, keys) = (node.shape[node.shape.rank - 2], node.shape[node.shape.rank - 1])
      let examples = node.shape.rank > 2 ? node.shape[0] : 1
      guard example >= 0, example < examples else {
        throw PictureError(
          "AttentionMaps", expected: "an example from 0 to \(examples - 1)", found: "\(example)",
          remedy: "choose one of these")
      }
      let elements = node.value.elements
      let heads = elements.count / (examples * queries * keys)
      for head in 0..<heads {
        let start = (example * heads + head) * queries * keys
        let rows = (0..<queries).map { row in (0..<keys).map { elements[start + row * keys + $0].primal } }
        maps.append(("layer \(layer), head \(head + 1)", rows))
      }
    }
    guard !maps.isEmpty else {
      throw PictureError(
        "AttentionMaps", expected: "a softmax that weighs values", found: "none in the recording",
        remedy: "give the loss of a network with attention")
    }
    (self.maps, self.tokens, self.title) = (maps, tokens, title)
  }

  /// True for a softmax whose result is the left factor of a product, also through a dropout.
  private static func isAttention<S: Scalar>(_ node: Variable<S>, among nodes: [Int]) -> Bool {
    guard node.operation?.form == .softmax(.softmax), node.shape.rank >= 2 else { return false }
    var open = [node.index]
    while let next = open.popLast() {
      for user in nodes.map({ node.tape[$0] }) where user.inputs.first?.index == next {
        guard let form = user.operation?.form else { continue }
        if form.isProduct { return true }
        if form == .binary(.multiply) || form == .reshape { open.append(user.index) }
      }
    }
    return false
  }

  public var summary: String {
    "\(maps.count) maps of attention: " + maps.map(\.name).joined(separator: "; ") + ". The weights of a row sum to 1."
  }

  public func drawn() -> ChartDrawing {
    ChartGrid(
      title, columns: min(maps.count, 4),
      maps.map { map in
        HeatMap(
          map.name, values: map.weights, quantity: "weight", scale: .sequential, range: 0...1, rows: "query",
          columns: "key",
          rowNames: tokens, columnNames: tokens)
      }
    ).drawn()
  }
}
