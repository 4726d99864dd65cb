import Adjoint
import AdjointFiles

/// A recording as a page shows it: its forward nodes replayed in `Double`, the backward half recorded after them, and
/// the contributions to each adjoint.
struct ExplainedRecording: CustomStringConvertible {
  private let tape: Tape<Double>
  private let backward: Backward<Double>
  private let seed: Int
  private let output: Int
  /// The roles of the leaves as they were recorded. The replay has parameters, states and random
  /// values as inputs.
  private let roles: [Int: Role]
  /// The forward nodes that the output depends on, in order.
  private let needed: [Int]
  /// The graph as drawn. Numbers fixed when recorded stand in its formulas and are no nodes.
  private let graph: Graph
  private let imageSize: (height: Int, width: Int)?
  /// The symbols of the values, decided on the recording that is explained.
  private let symbols: Symbols

  /// The output and the extent of both passes.
  var description: String {
    "\(needed.count) forward nodes of \(tape.describe(output)), \(tape.count - output - 1) nodes behind them for the adjoints"
  }

  init<S: Scalar>(
    of loss: Variable<S>, cotangent: Tensor<Double>?, imageSize: (height: Int, width: Int)?,
    notation: AdjointNotation, unfolded: Bool, file: StaticString, line: UInt
  ) {
    let replay = Tape<Double>(mode: loss.tape.mode, seed: loss.tape.seed)
    var roles: [Int: Role] = [:]
    for node in 0...loss.live.index {
      let x = loss.tape[node]
      roles[node] = x.role
      ExplainedRecording.copy(x, onto: replay)
    }
    let y = replay[loss.index]
    let seed =
      cotangent.map { replay.constant($0) } ?? replay.constant(Tensor<Double>(repeating: 1, shape: y.shape))
    if cotangent == nil, y.shape.elementCount != 1 {
      fatalError(
        "Explanation: the output has shape \(y.shape); give a cotangent, or reduce it to one number first", file: file,
        line: line)
    }
    let targets = loss.tape.differentiableVariables.filter { $0.index <= loss.index }.map { replay[$0.index] }
    backward = replay.backward(from: y, cotangent: seed, to: targets)
    (tape, self.seed, output, self.roles, self.imageSize) = (replay, seed.index, y.index, roles, imageSize)
    needed = loss.dependencies
    symbols = Symbols(of: loss, notation: notation)
    // A single number has room for its value and its adjoint in its box.
    graph = Graph(of: loss, notation: notation, unfolded: unfolded).reservingNumbers
  }

  var loss: Variable<Double> { tape[output] }
  var parameters: [Variable<Double>] { needed.filter { roles[$0] == .parameter }.map { tape[$0] } }

  /// Records a node on another tape, at the same values: operations are precision-free.
  private static func copy<S: Scalar>(_ x: Variable<S>, onto tape: Tape<Double>) {
    let copy: Variable<Double>
    if let operation = x.operation {
      copy = tape.record(operation, inputs: x.inputs.map { tape[$0.index] })
    } else if x.holdsIndices {
      copy = tape.index(x.indexValue)
    } else if x.role == .constant {
      copy = tape.constant(x.value.converted())
    } else {
      copy = tape.input(x.value.converted())
    }
    if !x.path.isEmpty { copy.labeled(x.path) }
  }

  // MARK: As data

  var fields: [(String, JSON)] {
    let isNeeded = Set(needed)
    let folded = graph.folded
    let (names, layouts) = (PageNames(tape, symbols, folded), PageLayouts(graph))
    let nodes = (0..<tape.count).map { node -> JSON in
      node > output || isNeeded.contains(node) ? json(of: tape[node], names) : .null
    }
    let adjoints = needed.compactMap { node in backward.adjoint(of: tape[node]).map { (String(node), $0.index) } }
    let edges = backward.edges.filter { !folded.contains($0.producer) }.map { edge -> JSON in
      let path = folded.path(from: edge.consumer)
      let host = path[path.count - 1]
      let formula = names.formula(of: edge.contribution, adjointOf: host, backward)
      // Of the nodes on the way to the drawn one, the first that is no rearrangement says why, and its Jacobian has the
      // structure that counts, unless elements changed their order before.
      let told = path.first { ![.reshape, .permute, .unfold].contains(tape[$0].operation?.form) } ?? host
      let before = path.prefix { $0 != told }
      let position = before.last.flatMap { last in tape[told].inputs.firstIndex { $0.index == last } } ?? edge.position
      let keepsOrder = before.allSatisfy { tape[$0].operation?.form == .reshape }
      let jacobian = keepsOrder ? ExplainedRecording.jacobian(of: tape[told], position) : nil
      return .object(
        [
          ("from", .integer(host)), ("to", .integer(edge.producer)),
          ("node", .integer(edge.contribution.index)), ("math", .string(formula)),
          ("jacobian", .string(jacobian?.structureText ?? "")),
          ("why", .string(ExplainedRecording.reason(tape[told], position))),
        ] + (ExplainedRecording.pattern(of: jacobian).map { [("pattern", $0)] } ?? []))
    }
    let isScalar = needed.allSatisfy { tape[$0].shape.elementCount == 1 } && needed.count <= 120
    return [
      ("output", .integer(output)),
      ("seed", .integer(seed)), ("image", imageSize.map { .integers([$0.height, $0.width]) } ?? .null),
      ("walk", .integers(graph.nodes.map(\.id))), ("adjoints", .object(adjoints.map { ($0.0, .integer($0.1)) })),
      ("edges", .array(edges)), ("nodes", .array(nodes)),
      ("layers", layouts.layerOfNode), ("layouts", layouts.json), ("unfolded", .bool(isScalar)),
    ]
  }

  /// ∂y/∂xᵢ in the form of its structure, as the operation states it; `nil` where any entry may differ from 0, and
  /// where stating it may mean a replay of the node for each element of a large input.
  private static func jacobian(of y: Variable<Double>, _ position: Int) -> LocalJacobian? {
    guard let operation = y.operation else { return nil }
    let isCheap = operation.isElementwise || operation.form.isProduct || operation.form == .reshape
    guard isCheap || y.shape.elementCount * y.inputs[position].shape.elementCount <= 1_000_000 else { return nil }
    return y.localJacobian(withRespectTo: position, denseLimit: 0)
  }

  /// A picture of where the entries of a large Jacobian can differ from 0; `nil` for one that the page shows whole, and
  /// for one with so many entries that the picture would take seconds.
  private static func pattern(of jacobian: LocalJacobian?) -> JSON? {
    let side = 24
    guard let jacobian, max(jacobian.rows, jacobian.columns) > side, jacobian.entryCount <= 1_000_000 else {
      return nil
    }
    let lines = jacobian.pattern(height: side, width: side).split(separator: "\n")
    // A row of marks as the digits of a binary number.
    return .object([
      ("width", .integer(lines[0].count)),
      ("rows", .integers(lines.map { $0.reduce(0) { 2 * $0 + ($1 == "■" ? 1 : 0) } })),
    ])
  }

  private static func reason(_ y: Variable<Double>, _ position: Int) -> String {
    y.operation?.reason(forInput: position, of: y.inputs.map(\.shape), into: y.shape) ?? ""
  }

  private func json(of x: Variable<Double>, _ names: PageNames) -> JSON {
    var fields: [(String, JSON)] = [("shape", .integers(x.shape)), ("symbol", .string(symbols[x.index]))]
    if x.index <= output {
      let (symbol, adjoint) = (symbols[x.index], symbols.adjoint(of: x.index))
      fields.append(("adjointSymbol", .string(adjoint)))
      if x.operation == nil { fields.append(("name", .string(PageNames.math(.named(symbol))))) }
      // A bar above a hat: few fonts have room for both above a letter.
      if symbol.unicodeScalars.contains(where: { $0 == "ŷ" || $0 == "\u{302}" }) {
        fields.append(("adjointName", .string(PageNames.math(.named(adjoint)))))
      }
    }
    if let operation = x.operation {
      let hasRule = PageInterpreter.hasRule(for: operation)
      fields += [
        ("op", .string(operation.name)), ("inputs", .integers(x.inputs.map(\.index))),
        ("math", .string(x.index <= output ? names.equation(of: x) : names.equation(of: x, in: backward))),
      ]
      let operands = x.index <= output ? graph.folded.operands(of: x) : []
      if x.index <= output, operands != x.inputs.map(\.index) { fields.append(("operands", .integers(operands))) }
      let attributes = operation.attributes.map { ($0.name, ExplainedRecording.json(of: $0)) }
      if !attributes.isEmpty { fields.append(("attributes", .object(attributes))) }
      if !hasRule { fields += [("foreign", .bool(true)), ("value", PageValues.encoded(x.value.elements))] }
    } else {
      let role = roles[x.index] ?? .constant
      let value = role == .index ? PageValues.encoded(x.indexValue.elements) : PageValues.encoded(x.value.elements)
      fields += [("role", .string(role.name)), ("value", value)]
    }
    if let serves = x.serves { fields.append(("serves", .integer(graph.folded.host(of: serves.index)))) }
    if !x.path.isEmpty { fields.append(("path", .string(x.path))) }
    return .object(fields)
  }

  private static func json(of attribute: Attribute) -> JSON {
    switch attribute.value {
    case .int(let value): .integer(value)
    case .real(let value):
      value.isFinite ? .number(value) : .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    case .flag(let value): .bool(value)
    case .list(let values): .integers(values)
    }
  }
}
