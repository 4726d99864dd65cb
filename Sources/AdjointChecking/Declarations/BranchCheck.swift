import Adjoint

/// Tests what an operation declares about its kinks. Along a line through the domain of an example, value and derivatives
/// are computed in second-order dual numbers: where they jump, `branches` must change sides, and where it changes sides,
/// something must jump.
///
/// With y and its derivatives G and H along the line at both ends of a piece of length h, a smooth function has
///   ΔG = h(Hₐ + H_b)/2 + O(h³)  and  Δy = h(Gₐ + G_b)/2 − h²(H_b − Hₐ)/12 + O(h⁵).
/// A jump stays however short the piece is.
struct BranchCheck {
  private let draw: ExampleDraw
  private let inputs: [Variable<SecondOrderDual>]
  private let output: Variable<SecondOrderDual>
  private let program: Program<SecondOrderDual>
  /// The ends of the line, for each input that moves.
  private let ends: [Int: (from: Tensor<Double>, to: Tensor<Double>)]
  private let weights: [Double]

  private static let pieces = 16
  /// A remainder below this share of its scale is smooth.
  private static let smooth = 1e-7

  /// - Parameter stretch: the length of the line, where an example takes any number.
  init(_ example: Example, _ draw: ExampleDraw, seed: UInt64, stretch: Double = 1) {
    self.draw = draw
    var generator = Generator(seed: seed).stream(5)
    (inputs, output) = draw.record(on: Tape<SecondOrderDual>())
    program = Program([output], keeping: .all)
    var ends: [Int: (from: Tensor<Double>, to: Tensor<Double>)] = [:]
    for position in draw.movable {
      guard case .numbers(let from) = draw.values[position],
        case .numbers(_, let range, let kinks) = example.inputs[position]
      else { continue }
      // Mirrored in the middle of the range and stretched, so that each element crosses the middle, and at another time.
      let middle = (range.lowerBound + range.upperBound) / 2
      let (reach, limits) = range == Example.anyNumber ? (stretch, -2 * stretch...2 * stretch) : (1, range)
      let to = from.map { x in
        let mirrored = middle - (x - middle) * reach * generator.uniform(0.6, 1.4)
        let inside = min(max(mirrored, limits.lowerBound), limits.upperBound)
        let kink = kinks.first { abs(inside - $0) < ExampleDraw.gap }
        return kink.map { $0 + (inside < $0 ? -ExampleDraw.gap : ExampleDraw.gap) } ?? inside
      }
      ends[position] = (from, to)
    }
    self.ends = ends
    weights = (0..<output.shape.elementCount).map { _ in generator.normal() }
  }

  /// A sentence for the first declaration that does not hold.
  func fault() -> String? {
    guard !weights.isEmpty, !ends.isEmpty else { return nil }
    let samples = (0...BranchCheck.pieces).map { sample(Double($0) / Double(BranchCheck.pieces)) }
    if let first = samples[0].branches, first.sides.count != first.distances.count {
      return "branches gives \(first.sides.count) sides and \(first.distances.count) distances; there is one of each"
    }
    let scale = Scale(samples)
    let pieces = zip(samples, samples.dropFirst()).filter { $0.isFinite && $1.isFinite }
    let suspects = pieces.filter { !$0.flips($1) && scale.remainder($0, $1) > BranchCheck.smooth }
      .sorted { scale.remainder($0.0, $0.1) > scale.remainder($1.0, $1.1) }
    for (a, b) in suspects.prefix(2) {
      if let fault = undeclared(a, b, scale) { return fault }
    }
    guard let (a, b) = pieces.first(where: { $0.flips($1) }) else { return nil }
    return unfounded(a, b, samples.filter(\.isFinite))
  }

  // MARK: Jumps that are not declared

  private func undeclared(_ a: Sample, _ b: Sample, _ scale: Scale) -> String? {
    var (a, b) = (a, b)
    var early: Double?
    while b.t - a.t > 1e-11 {
      let middle = sample((a.t + b.t) / 2)
      // A pole is outside of the domain; a jump is not.
      guard middle.isFinite, middle.magnitude <= 1e3 * scale.value else { return nil }
      let (left, right) = (scale.remainder(a, middle), scale.remainder(middle, b))
      guard max(left, right) > BranchCheck.smooth else { return nil }
      if early == nil, b.t - a.t < 1e-5 { early = max(left, right) }
      if left > right { b = middle } else { a = middle }
    }
    // Exactly at a tie the derivative is that of neither side.
    guard !a.flips(b), !a.isAtKink, !b.isAtKink else { return nil }
    // A jump keeps its size. What grows as the piece gets shorter is the rounding of a function that cancels, or a pole.
    guard let early, scale.remainder(a, b) < 2 * early else { return nil }
    let jumps = a.y.indices.map { element in
      (abs(b.y[element].value - a.y[element].value), abs(b.y[element].first - a.y[element].first))
    }
    let isStep = jumps.contains { $0.0 > 1e-6 * scale.value }
    guard let element = jumps.indices.max(by: { isStep ? jumps[$0].0 < jumps[$1].0 : jumps[$0].1 < jumps[$1].1 }) else {
      return nil
    }
    let (before, after) = (a.y[element], b.y[element])
    let jump =
      isStep
      ? "its value goes from \(short(before.value)) to \(short(after.value))"
      : "its derivative along a line goes from \(short(before.first)) to \(short(after.first))"
    let word = a.branches == nil ? "branches is not given" : "branches does not tell of it"
    return "element \(element) of y has a kink\(place(of: element, at: a.t)): \(jump), and \(word). A check next to it "
      + "compares slopes of two pieces. Give branches(_:), with a piece and the distance to the kink for each element"
  }

  /// The operands of an element of y, where they have its place.
  private func place(of element: Int, at t: Double) -> String {
    let operands = ends.keys.sorted().compactMap { position -> String? in
      guard let line = ends[position], line.from.shape == output.shape else { return nil }
      let x = line.from.elements[element] + t * (line.to.elements[element] - line.from.elements[element])
      return "input \(position) = \(abs(x) < 1e-8 ? "0" : short(x))"
    }
    return operands.isEmpty ? "" : " at " + operands.joined(separator: ", ")
  }

  // MARK: Kinks that are not there

  private func unfounded(_ a: Sample, _ b: Sample, _ samples: [Sample]) -> String? {
    var (a, b) = (a, b)
    while b.t - a.t > 1e-8 {
      let middle = sample((a.t + b.t) / 2)
      guard middle.isFinite else { return nil }
      if a.flips(middle) { b = middle } else { a = middle }
    }
    guard let before = a.branches, let after = b.branches else { return nil }
    let (wide, far) = (sample(a.t - 1e-3), sample(b.t + 1e-3))
    for element in before.sides.indices where before.sides[element] != after.sides[element] {
      let (d, e) = (before.distances[element], after.distances[element])
      let reach = 1e-6 * (abs(d.first) + abs(e.first))
      if min(abs(d.value), abs(e.value)) > reach {
        return "branches gives element \(element) another piece where its distance to the kink is \(short(d.value)) "
          + "and \(short(e.value)); there it is 0. Give the signed distance of the element's argument to the nearest kink, "
          + "computed from the operands, so that it moves with them"
      }
      guard before.sides.count == a.y.count else { continue }
      let orders = [\SecondOrderDual.value, \SecondOrderDual.first, \SecondOrderDual.mixed]
      let jumps = orders.contains { order in
        let (one, two) = (a.y[element][keyPath: order], b.y[element][keyPath: order])
        let size = samples.map { abs($0.y[element][keyPath: order]) }.max() ?? 0
        return !(abs(one - two) <= 1e-5 * size)
      }
      // A third derivative that jumps, as that of max(x, 0)³, is a kink too; and nothing is known of a constant.
      let left = (a.y[element].mixed - wide.y[element].mixed) / 1e-3
      let right = (far.y[element].mixed - b.y[element].mixed) / 1e-3
      let noise = 1e-10 * max(abs(a.y[element].mixed), abs(b.y[element].mixed)) / 1e-3
      let bends = !(abs(left - right) <= 0.02 * max(abs(left), abs(right)) + noise)
      let isConstant = [a, b].allSatisfy { $0.y[element].first == 0 && $0.y[element].mixed == 0 }
      if !jumps, !bends, !isConstant {
        return "branches tells of a kink at element \(element) of y\(place(of: element, at: a.t)), where value and "
          + "derivatives go on without a jump: a check there would say that it cannot tell. Leave out the piece"
      }
    }
    return nil
  }

  // MARK: Points of the line

  private func sample(_ t: Double) -> Sample {
    for (position, line) in ends {
      let elements = zip(line.from.elements, line.to.elements).map {
        SecondOrderDual($0 + t * ($1 - $0), first: $1 - $0, second: $1 - $0)
      }
      program.write(Tensor(shape: line.from.shape, elements: elements), into: inputs[position])
    }
    program.replay()
    let y = program.withElements(at: output.index) { Array($0) }
    return Sample(t, y, weights, program.branches(of: output.index))
  }
}

/// Value and derivatives of y at a point of a line, and the sums Σ wᵢyᵢ of each.
private struct Sample {
  let t: Double
  let y: [SecondOrderDual]
  let branches: Branches<SecondOrderDual>?
  private(set) var (value, slope, curvature) = (0.0, 0.0, 0.0)
  private(set) var (magnitude, steepness, bend) = (0.0, 0.0, 0.0)

  init(_ t: Double, _ y: [SecondOrderDual], _ weights: [Double], _ branches: Branches<SecondOrderDual>?) {
    (self.t, self.y, self.branches) = (t, y, branches)
    for (element, weight) in zip(y, weights) {
      value += weight * element.value
      slope += weight * element.first
      curvature += weight * element.mixed
      magnitude += abs(weight * element.value)
      steepness += abs(weight * element.first)
      bend += abs(weight * element.mixed)
    }
  }

  var isFinite: Bool { value.isFinite && slope.isFinite && curvature.isFinite }

  /// True when an element stands exactly at a kink that `branches` tells.
  var isAtKink: Bool { branches?.distances.contains { $0.value == 0 && $0.first != 0 } ?? false }

  /// True when an element takes another piece at another point.
  func flips(_ other: Sample) -> Bool { branches?.sides != other.branches?.sides }
}

/// The sizes of value and slope along a line.
private struct Scale {
  let value: Double
  let slope: Double

  init(_ samples: [Sample]) {
    value = samples.filter(\.isFinite).map(\.magnitude).max() ?? 0
    slope = samples.filter(\.isFinite).map(\.steepness).max() ?? 0
  }

  /// The part of two samples' differences that neither their derivatives nor the rounding of the point explain, as a share
  /// of the scale.
  func remainder(_ a: Sample, _ b: Sample) -> Double {
    let (h, rounding) = (b.t - a.t, 1e-14)
    let first = abs(b.slope - a.slope - h * (a.curvature + b.curvature) / 2) - rounding * (a.bend + b.bend)
    let zeroth =
      abs(b.value - a.value - h * (a.slope + b.slope) / 2 + h * h * (b.curvature - a.curvature) / 12)
      - rounding * (a.steepness + b.steepness)
    return (slope > 0 ? max(first, 0) / slope : 0) + (value > 0 ? max(zeroth, 0) / value : 0)
  }
}
