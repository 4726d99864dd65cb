import Adjoint

/// Watches kinks at the nodes: which side of zero, which argmax, read from the piecewise operations themselves.
///
/// Only elements that move count: relu's mask reads relu's own output, which stands exactly at 0 for every inactive unit and
/// stays there.
struct KinkLedger<S: Scalar> {
  let recording: CheckedRecording<S>
  init(_ recording: CheckedRecording<S>) { self.recording = recording }

  /// The kink that the last dual replay's direction meets first, as a step along it; `nil` when nothing moves towards one.
  func nearest() -> Singularity? {
    var best: Singularity?
    for node in 0...recording.output.index where recording.dual.holds(node) {
      guard let branches = recording.dual.branches(of: node) else { continue }
      for (element, distance) in branches.distances.enumerated() where distance.tangent != 0 {
        let step = -distance.value / distance.tangent
        guard abs(step) < abs(best?.distance ?? .infinity) else { continue }
        let (name, path, _, _, _) = recording.describe(node)
        best = Singularity(
          operation: name, node: node, path: path, element: element, distance: abs(step), operands: [])
      }
    }
    return best
  }

  /// The side of every element of every piecewise operation at the point where the forward half was last evaluated.
  func sides() -> [Int: [Int32]] {
    var sides: [Int: [Int32]] = [:]
    for node in 0...recording.output.index where recording.forward.holds(node) {
      if let branches = recording.forward.branches(of: node) { sides[node] = branches.sides }
    }
    return sides
  }
}

extension CheckedRecording {
  /// The first value in forward order that is not finite, with the operands of that element where they can be told.
  func firstNonFinite() -> Singularity? {
    for node in 0...output.index where double.holds(node) {
      let (name, path, inputs, _, shape) = describe(node)
      guard tape.operation(at: node) != nil || tape[node].role != .index else { continue }
      let value = double.value(at: node)
      guard let element = value.elements.firstIndex(where: { !$0.isFinite }) else { continue }
      let operands = inputs.compactMap { input -> Double? in
        guard tape[input].role != .index else { return nil }
        let operand = double.value(at: input)
        return Array(operand.shape) == shape
          ? operand.elements[element] : operand.elements.count == 1 ? operand.elements[0] : nil
      }
      return Singularity(operation: name, node: node, path: path, element: element, distance: nil, operands: operands)
    }
    return nil
  }
}
