import Adjoint

/// Tries an operation on one draw before anything else does: what would trap in a recording, a program or a sweep is
/// handed back as a sentence.
struct Rehearsal {
  private let example: Example
  private let draw: ExampleDraw

  init(_ example: Example, _ draw: ExampleDraw) { (self.example, self.draw) = (example, draw) }

  /// A sentence for the first thing that does not fit.
  func fault() -> String? { exampleFault() ?? entrywiseFault() ?? ruleFault() }

  private var operation: any Adjoint.Operation { example.operation }
  private var shapes: [Shape] { example.inputs.map(\.shape) }

  /// Inputs of an example that its own operation refuses.
  private func exampleFault() -> String? {
    let remedy = "the example, shape(of:) or indexPosition is wrong"
    do { _ = try operation.shape(of: shapes) } catch {
      return "shape(of:) refuses the example: \(error.description); \(remedy)"
    }
    for (position, input) in example.inputs.enumerated() {
      guard case .indices(let shape, let below) = input else {
        guard operation.indexPosition == position else { continue }
        return "indexPosition is \(position), but the example gives numbers there; \(remedy)"
      }
      guard operation.indexPosition == position else {
        let stated = operation.indexPosition.map(String.init) ?? "nil"
        return "the example gives indices as input \(position), but indexPosition is \(stated); \(remedy)"
      }
      let bound = operation.indexBound(for: shapes)
      if shape.elementCount > 0, below > bound || below < 1 {
        return "the example gives indices below \(below), but indexBound is \(bound); one of them is wrong"
      }
    }
    if let position = operation.indexPosition, !example.inputs.indices.contains(position) {
      return "indexPosition is \(position), but the example has \(example.inputs.count) inputs; \(remedy)"
    }
    return nil
  }

  /// Flags with which no program could be compiled.
  private func entrywiseFault() -> String? {
    guard let y = try? operation.shape(of: shapes), y.rank > 0, let flags = operation.entrywiseInputs(shapes) else {
      return nil
    }
    guard flags.count == shapes.count else {
      return "entrywiseInputs has \(flags.count) flags for \(shapes.count) inputs \(shapes); there is one for each"
    }
    let wrong = flags.indices.first { flags[$0] && shapes[$0].first != y[0] }
    return wrong.map {
      "entrywiseInputs flags input \($0) \(shapes[$0]) true, but the first axis of y \(y) has \(y[0]) entries; only an "
        + "input with as many can be cut with it"
    }
  }

  /// Contributions that do not fit their inputs: those of the operation, and of every operation of one's own that its rule
  /// records, since a second derivative sweeps over them.
  private func ruleFault() -> String? {
    let tape = Tape<Double>()
    let y = draw.record(on: tape).output
    var generator = Generator(seed: 5)
    func attempt(_ node: Int) -> String? {
      let g = tape.constant(tape[node].value.map { _ in generator.normal() })
      do { _ = try tape.checkedContributions(of: node, adjoint: g) } catch { return error.description }
      return nil
    }
    if let fault = attempt(y.index) { return fault }
    for node in y.index + 1..<tape.count {
      guard let operation = tape.operation(at: node), !(operation is any LibraryOperation) else { continue }
      if let fault = attempt(node) { return "its rule records \(operation.name); \(fault)" }
    }
    return nil
  }
}
