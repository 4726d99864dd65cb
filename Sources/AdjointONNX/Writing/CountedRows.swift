import Adjoint

// The gradient of a mean divides by the number of rows that was recorded. As a sum over a count that the graph computes, the
// mean has a gradient that holds for any number of rows.

extension Tape {
  /// The same outputs, recorded behind the others where they depend on a mean or a variance over the batch.
  /// - Throws: `FixedBatch` where an operation was recorded for one number of rows alone.
  func countingRows(
    _ outputs: [(name: String, value: Variable<S>)], batch: Int
  ) throws -> [(name: String, value: Variable<S>)] {
    let recorded = RecordedGraph(self)
    let writer = GraphWriter(element: .float, batchName: nil, parametersAreInputs: false)
    let factors = try WrittenRecording(recorded, writer, batch: batch).factors(behind: outputs.map(\.value.index))
    var replaced: [Int: Variable<S>] = [:]
    var rows: Variable<S>?
    for (node, item) in recorded.nodes.enumerated() {
      guard let operation = item.operation else { continue }
      let inputs = item.inputs.map { replaced[$0] ?? self[$0] }
      let axes = operation.form.averagedAxes ?? []
      let counts = axes.contains { factors[item.inputs[0]][$0] > 0 }
      guard counts || item.inputs.contains(where: { replaced[$0] != nil }) else { continue }
      if counts, rows == nil { rows = constant(Tensor(repeating: 1, shape: [batch])).sum() }
      let y = withinScope(item.scope) {
        guard counts, let rows else { return record(operation, inputs: inputs) }
        let others = axes.reduce(1) { $0 * inputs[0].shape[$1] } / batch
        return averaged(inputs[0], operation.form, over: others == 1 ? rows : rows * Double(others))
      }
      replaced[node] = item.label.map { y.labeled($0) } ?? y
    }
    return outputs.map { ($0.name, replaced[$0.value.index] ?? $0.value) }
  }

  private func averaged(_ x: Variable<S>, _ form: OperationForm, over count: Variable<S>) -> Variable<S> {
    func mean(_ x: Variable<S>, _ axes: AxisSet, _ keeps: Bool) -> Variable<S> {
      x.sum(axes: axes.axes, keepingDimensions: keeps) / count
    }
    if case .mean(let axes, let keeps) = form { return mean(x, axes, keeps) }
    // A correction is refused: the divisor is the number of rows less some.
    guard case .variance(let axes, let keeps, _) = form else { fatalError("ONNX: neither a mean nor a variance") }
    return mean((x - mean(x, axes, true)).square(), axes, keeps)
  }

  private func withinScope(_ name: String, _ body: () -> Variable<S>) -> Variable<S> {
    name.isEmpty ? body() : scoped(name, body)
  }
}

extension OperationForm {
  /// The axes of a mean or a variance; nil for other kinds.
  fileprivate var averagedAxes: [Int]? {
    if case .mean(let axes, _) = self { return axes.axes }
    if case .variance(let axes, _, _) = self { return axes.axes }
    return nil
  }
}
