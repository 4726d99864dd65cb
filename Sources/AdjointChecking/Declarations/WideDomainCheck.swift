import Adjoint

/// Tests a rule far from 0 and close to it, where an example takes any number: Σ⟨contribution, ẋ⟩ = ⟨ȳ, ẏ⟩, with ẏ of the
/// operation alone in dual numbers.
struct WideDomainCheck {
  /// The magnitudes that are drawn, of both signs.
  static let magnitudes: [ClosedRange<Double>] = [2...30, 30...1e5, 1e-6...1e-2]

  enum Outcome {
    case agrees
    /// A value or a tangent is not finite there, so there is no derivative to compare.
    case isNotFinite
    case disagrees(String)
  }

  private let draw: ExampleDraw
  private let tape = Tape<Double>()
  private let inputs: [Variable<Double>]
  private let output: Variable<Double>

  init(_ draw: ExampleDraw) {
    self.draw = draw
    (inputs, output) = draw.record(on: tape)
  }

  func outcome(seed: UInt64) -> Outcome {
    var generator = Generator(seed: seed).stream(6)
    let y = output.value
    guard y.elements.allSatisfy(\.isFinite) else { return .isNotFinite }
    let cotangent = y.map { _ in generator.normal() }
    // Each element moves by its own size.
    let motions = inputs.indices.map { position -> Tensor<Double>? in
      guard case .numbers(let x) = draw.values[position] else { return nil }
      return x.map { $0 * generator.normal() }
    }
    let expected = product(cotangent, along: motions)
    guard expected.value.isFinite else { return .isNotFinite }
    let contributions: [Tensor<Double>?]
    do {
      let g = tape.constant(cotangent)
      contributions = try tape.checkedContributions(of: output.index, adjoint: g).map { $0?.value }
    } catch { return .disagrees(error.description) }
    var (found, magnitude) = (0.0, 0.0)
    for case (let contribution?, let motion?) in zip(contributions, motions) {
      found += contribution.dot(motion)
      magnitude += contribution.magnitude(motion)
    }
    // Below the normal numbers, digits are lost whatever the rule.
    let bound = 1e-9 * (magnitude + expected.magnitude) + .leastNormalMagnitude
    if abs(found - expected.value) <= bound { return .agrees }
    let doubt = rounding(cotangent, motions) + 16 * jitter(cotangent, motions)
    if abs(found - expected.value) <= bound + doubt { return .agrees }
    return .disagrees(sentence(cotangent, contributions, found, expected.value))
  }

  /// ⟨v, ẏ⟩ with ẏ of the operation alone, and Σ|vᵢẏᵢ|.
  private func product(_ v: Tensor<Double>, along motions: [Tensor<Double>?]) -> (value: Double, magnitude: Double) {
    let tangent = draw.tangent(along: motions)
    return (v.dot(tangent), v.magnitude(tangent))
  }

  /// The rounding of the rule, by running error bounds: what cancels far from 0 is no fault.
  private func rounding(_ v: Tensor<Double>, _ motions: [Tensor<Double>?]) -> Double {
    let tape = Tape<ReferenceDouble>()
    let y = draw.record(on: tape).output
    let results = (try? tape.checkedContributions(of: y.index, adjoint: tape.constant(v.converted()))) ?? []
    var sum = 0.0
    for case (let contribution?, let motion?) in zip(results, motions) {
      for (c, x) in zip(contribution.value.elements, motion.elements) { sum += abs(c.error * x) }
    }
    return 16 * .ulpOfOne * sum
  }

  /// The change of ⟨v, ẏ⟩ when every number moves by an ulp or two: a forward pass that cancels knows it no better.
  private func jitter(_ v: Tensor<Double>, _ motions: [Tensor<Double>?]) -> Double {
    let product = product(v, along: motions).value
    return [1.0, -1, 2].map { ulps in
      var moved = draw
      for position in draw.movable {
        guard case .numbers(let x) = draw.values[position] else { continue }
        moved.values[position] = .numbers(x.map { $0 + ulps * $0.ulp })
      }
      return abs(v.dot(moved.tangent(along: motions)) - product)
    }.max() ?? 0
  }

  /// The element that is wrong by most.
  private func sentence(
    _ v: Tensor<Double>, _ contributions: [Tensor<Double>?], _ found: Double, _ expected: Double
  ) -> String {
    var worst: (error: Double, text: String) = (
      -1, "along a random direction the rule gives \(found), dual numbers \(expected)"
    )
    for position in draw.movable {
      guard case .numbers(let x) = draw.values[position] else { continue }
      for element in x.elements.indices.prefix(400) {
        var unit: [Tensor<Double>?] = draw.values.map { _ in nil }
        unit[position] = .zeros(x.shape)
        unit[position]?[linear: element] = 1
        let right = product(v, along: unit).value
        let own = contributions[position]?.elements[element] ?? 0
        let error = (own - right).isFinite ? abs(own - right) * abs(x.elements[element]) : .infinity
        guard error > worst.error else { continue }
        worst = (
          error,
          "input \(position), element \(element), where x is \(x.elements[element]): found \(own), expected \(right)"
        )
      }
    }
    return worst.text + ". The example has no range, so any number is meant; give it one if the operation keeps to it"
  }
}
