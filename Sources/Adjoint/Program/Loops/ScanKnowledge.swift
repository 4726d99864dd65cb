// What readers of recordings ask of a loop.

extension OperationCatalog {
  /// The operations with a recording among their attributes, which no name and numbers tell: the same checks run over them, and
  /// they are unrolled where a reader takes single operations.
  package static let loops: [any LibraryOperation.Type] = [Scan.self]
}

/// An operation that is a loop. `loop` asks any operation.
package protocol LoopOperation: LibraryOperation {
  /// The loop that it is.
  var ownLoop: Scan { get }
}

extension Operation {
  /// The loop that it is; `nil` for any other operation.
  package var loop: Scan? { (self as? any LoopOperation)?.ownLoop }
}

extension Scan: LoopOperation {
  package var ownLoop: Scan { self }
  package var ownForm: OperationForm { .scan }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { .everything }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? { nil }

  /// The nodes that it stands for: those of the body, at each step.
  package var unrolledCount: Int { steps * body.nodes.count }

  /// The same result, recorded step by step as plain operations.
  package func unrolled<S: Scalar>(_ x: [Variable<S>], on tape: Tape<S>) -> Variable<S> {
    let (first, last) = (body.carries.count, body.carries.count + body.entries.count)
    var carry = Array(x[..<first])
    var rows = [[Variable<S>]](repeating: [], count: body.outputs.count + body.kept.count)
    for step in 0..<steps {
      let entries = x[first..<last].map { $0[isReversed ? steps - 1 - step : step] }
      let values = body.record(on: tape, carry + entries + x[last...])
      carry = body.next.map { values[$0] }
      for (output, node) in (body.outputs + body.kept).enumerated() { rows[output].append(values[node]) }
    }
    func joined(_ rows: ArraySlice<[Variable<S>]>) -> [Variable<S>] { rows.flatMap { isReversed ? $0.reversed() : $0 } }
    let parts = joined(rows[..<body.outputs.count]) + carry + joined(rows[body.outputs.count...])
    guard !parts.isEmpty else { return tape.constant(.zeros([0])) }
    return concatenate(parts.map { $0.reshape(-1) })
  }

  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    func list(_ names: some Sequence<String>) -> String { "[\(names.joined(separator: ", "))]" }
    let (first, last) = (body.carries.count, body.carries.count + body.entries.count)
    var names = body.nodes.indices.map { "b\($0)" }
    for (position, leaf) in body.leaves.enumerated() {
      names[leaf] =
        position < first ? "carry[\(position)]" : position < last ? "entry[\(position - first)]" : x[position]
    }
    var lines: [String] = []
    for (i, node) in body.nodes.enumerated() {
      if let indices = body.indices[i] {
        lines.append("let b\(i) = \(x[0]).tape.index(Tensor(shape: \(indices.shape), elements: \(indices.elements)))")
      }
      guard case .operation(let operation) = node.kind else { continue }
      let (own, operands) = (node.inputs.map { names[$0] }, node.inputs.map { body.nodes[$0].shape })
      let call =
        (operation as? any LibraryOperation)?.swiftCode(own, operands)
        ?? "\(x[0]).tape.record(\((["\(operation)"] + own).joined(separator: ", ")))"
      lines.append("let b\(i) = \(call)")
    }
    let results = [body.next, body.outputs + body.kept].map { list($0.map { names[$0] }) }
    lines.append("return (\(results[0]), \(results[1]))")
    let call = "scan(\(list(x[..<first])), over: \(list(x[first..<last])), reversed: \(isReversed))"
    let parts = "y.outputs.prefix(\(body.outputs.count)) + y.carry + y.outputs.dropFirst(\(body.outputs.count))"
    return "{ (y) in concatenate((\(parts)).map { $0.reshape(-1) }) }(\(call) { carry, entry in "
      + lines.joined(separator: "; ") + " })"
  }

  // MARK: Examples

  package static var examples: [Example] {
    typealias Values = [Variable<Double>]
    func example(
      _ steps: Int, _ carries: [Shape], _ entries: [Shape], _ shared: [Shape] = [], reversed: Bool = false,
      keeps: Int = 1, step: (_ c: Values, _ e: Values, _ w: Values) -> (next: Values, outputs: Values)
    ) -> Example {
      let tape = Tape<Double>()
      func leaves(_ shapes: [Shape]) -> Values { shapes.map { tape.input(.zeros($0)) } }
      let (c, e, w) = (leaves(carries), leaves(entries), leaves(shared))
      let (next, outputs) = step(c, e, w)
      var captured: [ScanBody.Captured<Double>] = []
      let body = ScanBody(
        of: tape, from: 0, carries: c.map(\.index), entries: e.map(\.index), shared: w.map(\.index),
        next: next.map(\.index), outputs: outputs.dropLast(keeps).map(\.index),
        kept: outputs.suffix(keeps).map(\.index), captured: &captured)
      let shapes = carries + entries.map { $0.inserting(steps, at: 0) } + shared
      return Example(
        Scan(body: body, steps: steps, isReversed: reversed),
        shapes.map { .numbers($0, in: -1.5...1.5) })
    }
    func cell(_ c: Values, _ e: Values, _ w: Values) -> (next: Values, outputs: Values) {
      let h = (e[0].matmul(w[0]) + c[0].matmul(w[1])).tanh()
      return ([h], [h.square(), h.sum()])
    }
    func crossing(_ c: Values, _ e: Values, _ w: Values) -> (next: Values, outputs: Values) {
      ([c[1], (c[0] * e[0]).sin() + c[1]], [c[0] * e[0]])
    }
    return [
      example(4, [[3]], [[2]], [[2, 3], [3, 3]], step: cell),
      example(2, [[3]], [[2]], [[2, 3], [3, 3]], reversed: true, keeps: 0, step: cell),
      example(3, [[], []], [[]], reversed: true, step: crossing), example(1, [[2], [2]], [[2]], step: crossing),
      example(0, [[2]], [[2]], [[2]]) { c, e, w in ([c[0] * e[0] + w[0]], [e[0]]) },
      example(5, [], [[2]], [[2]]) { _, e, w in ([], [e[0].exp() * w[0]]) },
      // A step that hands on what it was given, and reads its sequence for nothing.
      example(3, [[2]], [[1]], keeps: 0) { c, _, _ in (c, [c[0] * c[0]]) },
    ]
  }
}
