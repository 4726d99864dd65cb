import Adjoint

/// Watches kinks at the nodes: the side of zero, the place of a maximum, read from the piecewise operations themselves.
///
/// Only elements that move count: relu's mask reads relu's own output, which stands exactly at 0 for every inactive unit and
/// stays there.
struct KinkLedger {
  let recording: CheckedRecording
  init(_ recording: CheckedRecording) { self.recording = recording }

  /// The kink that the last dual replay's direction meets first, as a step along it; `nil` when nothing moves towards one.
  func nearest() -> Singularity? {
    var best: Singularity?
    for node in 0...recording.output.index where recording.dual.holds(node) {
      guard let branches = recording.dual.branches(of: node) else { continue }
      for (element, distance) in branches.distances.enumerated() where distance.tangent != 0 {
        let step = -distance.value / distance.tangent
        guard abs(step) < abs(best?.distance ?? .infinity) else { continue }
        best = recording.singularity(at: node, element: element, distance: abs(step))
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
      guard !tape[node].holdsIndices else { continue }
      let value = double.value(at: node)
      guard let element = value.elements.firstIndex(where: { !$0.isFinite }) else { continue }
      let operands = nodes[node].inputs.compactMap { input -> Double? in
        guard !tape[input].holdsIndices else { return nil }
        let operand = double.value(at: input)
        return operand.shape == value.shape
          ? operand.elements[element] : operand.elements.count == 1 ? operand.elements[0] : nil
      }
      return singularity(at: node, element: element, operands: operands)
    }
    return nil
  }

  /// A node for people: its operation, its path where it has one, and its position.
  func place(of node: Int) -> String {
    let x = nodes[node]
    return site(of: x.name, x.place, x.path)
  }

  func singularity(
    at node: Int, element: Int, distance: Double? = nil, operands: [Double] = []
  ) -> Singularity {
    Singularity(
      operation: nodes[node].name, node: node, place: nodes[node].place, path: nodes[node].path, element: element,
      distance: distance,
      operands: operands)
  }
}
