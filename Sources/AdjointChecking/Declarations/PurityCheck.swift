import Adjoint

/// Tests that forward and rule depend on their operands and attributes alone: both are recorded twice, once more after
/// something else, and on a tape of their own. What they record and compute must be the same to the bit.
struct PurityCheck {
  private let (draw, other): (ExampleDraw, ExampleDraw)

  /// - Parameter other: a second draw of the same example, recorded in between.
  init(_ draw: ExampleDraw, _ other: ExampleDraw) { (self.draw, self.other) = (draw, other) }

  /// A sentence about the first difference.
  func fault() -> String? {
    let tape = Tape<Double>()
    let first = Take(draw, on: tape)
    let again = Take(draw, on: tape)
    _ = Take(other, on: tape)
    let later = Take(draw, on: tape)
    let apart = Take(draw, on: Tape<Double>())
    for (take, when) in [(again, "twice in a row"), (later, "again after other values"), (apart, "on another tape")] {
      guard let difference = first.difference(from: take) else { continue }
      return "impure: recorded \(when) on the same operands, \(difference). Forward and rule may depend on their "
        + "operands and attributes alone: no counter, no generator, no clock, nothing kept from an earlier call. Random "
        + "numbers are a leaf, tape.random(…), given as an operand"
    }
    return nonlinearity(on: tape)
  }

  /// The rule at a cotangent times 2ᵏ beside 2ᵏ times the rule: a contribution is linear in the cotangent.
  private func nonlinearity(on tape: Tape<Double>) -> String? {
    let y = draw.record(on: tape).output
    var generator = Generator(seed: 11)
    let g = y.value.map { _ in generator.normal() }
    func contributions(_ factor: Double) -> [Tensor<Double>?] {
      let scaled = tape.constant(g.map { factor * $0 })
      return ((try? tape.checkedContributions(of: y.index, adjoint: scaled)) ?? []).map { $0?.value }
    }
    let plain = contributions(1)
    for factor in [0x1p-20, 0x1p20] {
      for (input, (one, scaled)) in zip(plain, contributions(factor)).enumerated() {
        guard let one, let scaled else { continue }
        for (element, (a, b)) in zip(one.elements, scaled.elements).enumerated() where a.isFinite && factor * a != b {
          guard abs(factor * a - b) > 1e-9 * abs(factor * a) + .leastNormalMagnitude else { continue }
          return
            "the contribution to input \(input) is not linear in the cotangent: at \(short(factor)) times it, element "
            + "\(element) is \(b), not \(short(factor)) times \(a). A contribution is (∂y/∂x)ᵀ·g: no comparison, clamp or "
            + "power of g"
        }
      }
    }
    return nil
  }
}

/// One recording of an operation and its rule: what stands on the tape, and the bits of every value.
private struct Take {
  /// The nodes, each as its name, attributes, shape and inputs: x₀ and the other operands, y, the cotangent g, and the nodes of the
  /// rule as u with their number from the first operand on.
  private var nodes: [String] = []
  private var values: [[UInt64]] = []
  /// The place of the contribution to each input; −1 for none.
  private var contributions: [String] = []
  /// The number of nodes of operands and operation.
  private let forwardCount: Int

  init(_ draw: ExampleDraw, on tape: Tape<Double>) {
    let start = tape.count
    let y = draw.record(on: tape).output
    forwardCount = tape.count - start
    var generator = Generator(seed: 11)
    let g = tape.constant(y.value.map { _ in generator.normal() })
    let results = (try? tape.checkedContributions(of: y.index, adjoint: g)) ?? []
    let output = y.index
    func symbol(_ node: Int) -> String {
      node == output ? "y" : node == g.index ? "g" : (node < output ? "x" : "u") + Notation.lowered(node - start)
    }
    contributions = results.map { $0.map { symbol($0.index) } ?? "nothing" }
    for position in start..<tape.count where !tape[position].holdsIndices {
      let node = tape[position]
      let attributes = node.operation?.attributes.map(\.description).joined(separator: ", ") ?? ""
      let places = node.inputs.map { symbol($0.index) }.joined(separator: ", ")
      nodes.append("\(node.operation?.name ?? node.role?.name ?? "")(\(attributes)) of \(places) → \(node.shape)")
      values.append(node.value.elements.map(\.bitPattern))
    }
  }

  func difference(from other: Take) -> String? {
    for place in 0..<min(nodes.count, other.nodes.count) {
      let half = place < forwardCount ? "its forward" : "its rule"
      if nodes[place] != other.nodes[place] {
        return "\(half) recorded first \(nodes[place]), then \(other.nodes[place])"
      }
      if let element = values[place].indices.first(where: { values[place][$0] != other.values[place][$0] }) {
        let (one, two) = (values[place][element], other.values[place][element])
        return "\(half) gave first \(Double(bitPattern: one)), then \(Double(bitPattern: two)) at element \(element) "
          + "of \(nodes[place])"
      }
    }
    if nodes.count != other.nodes.count {
      return "its rule recorded first \(nodes.count - forwardCount) nodes, then \(other.nodes.count - forwardCount)"
    }
    guard contributions != other.contributions else { return nil }
    return "its rule returned first \(contributions), then \(other.contributions)"
  }
}
