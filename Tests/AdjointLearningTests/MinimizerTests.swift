import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Minimisers on problems whose answers are known.
@Suite struct LevenbergMarquardtTests {
  private let minimizer = LevenbergMarquardt()

  @Test func `Rosenbrock's valley as residuals ends at its minimum, 0 at (1, 1)`() {
    let fit = minimizer.minimize(from: Tensor([-1.2, 1])) { x in
      stack([10 * (x[1] - x[0].square()), 1 - x[0]])
    }
    #expect(fit.reason == .converged && fit.value < 1e-28 && fit.iterations < 30, "\(fit)")
    #expect(fit.parameters.isClose(to: Tensor([1, 1]), relative: 1e-13))
  }

  @Test func `Powell's singular function is followed to 0 though its Jacobian loses rank there`() {
    let fit = minimizer.minimize(from: Tensor([3, -1, 0, 1])) { x in
      let r = [
        x[0] + 10 * x[1], 5.0.squareRoot() * (x[2] - x[3]), (x[1] - 2 * x[2]).square(),
        10.0.squareRoot() * (x[0] - x[3]).square(),
      ]
      return stack(r)
    }
    #expect(fit.value < 1e-50, "\(fit)")
  }

  @Test func `a linear problem is solved as by its factors, in a few steps`() {
    var generator = Generator(seed: 3)
    let a = Tensor<Double>(shape: [20, 3], elements: (0..<60).map { _ in generator.normal() })
    let y = Tensor<Double>(shape: [20, 1], elements: (0..<20).map { _ in generator.normal() })
    let fit = minimizer.minimize(from: .zeros([3, 1])) { x in a.matmul(x) - y }
    let exact = HouseholderQR(columnMajor: a.transpose().elements, y.elements).solution()
    #expect(fit.reason == .converged && fit.iterations <= 6, "\(fit)")
    #expect(fit.parameters.shape == [3, 1])
    for (found, expected) in zip(fit.parameters.elements, exact) { #expect(abs(found - expected) < 1e-13) }
  }

  @Test func `a step's indices are those of the numbers, also where dual numbers round to the other side of a tie`()
    throws
  {
    // exp is a kernel's in Double, and another one's in dual numbers.
    let starts = (0..<4000).map { Double($0) / 1000 - 2 }
    let exact = Tape<Double>().input(Tensor(starts)).exp().value.elements
    let duals = starts.map { Dual($0, tangent: 1) }
    let dual = Tape<Dual>().input(Tensor(shape: [duals.count], elements: duals)).exp().value.elements
    let other = try #require(starts.indices.first { dual[$0].primal < exact[$0] })
    // The largest of exp(x) and its value at the start, which tie there: the first, whose slope is exp(x), and not 0.
    let fit = minimizer.minimize(from: Tensor([starts[other]])) { x in
      let both = concatenate([x.exp(), x.tape.constant(Tensor([exact[other]]))])
      return both.gather(both.argSort(descending: true, count: 1), axis: 0) - 20
    }
    #expect(fit.value < 1e-20 && abs(fit.parameters[0] - log(20)) < 1e-12, "\(fit)")
  }

  @Test func `more parameters than residuals, and columns that depend on each other, end at a minimum`() {
    let wide = minimizer.minimize(from: Tensor([0, 0])) { x in (x[0] + x[1] - 3).reshape(to: [1]) }
    #expect(wide.reason == .converged && wide.value < 1e-28, "\(wide)")
    let a = Tensor([[1, 1], [1, 1], [2, 2]])
    let singular = minimizer.minimize(from: Tensor([0, 0])) { x in
      a.matmul(x.reshape(to: [2, 1])) - Tensor([[3], [1], [0]])
    }
    #expect(singular.reason == .converged && abs(singular.value - 22.0 / 3) < 1e-13, "\(singular)")
    // The third parameter moves nothing.
    let idle = minimizer.minimize(from: Tensor([5, 5, 5])) { x in x.slice(0..<2) - Tensor([1, 2]) }
    #expect(idle.reason == .converged && idle.parameters[2] == 5 && idle.value < 1e-28, "\(idle)")
  }

  @Test func `a start at the answer stays, with no step taken`() {
    let fit = minimizer.minimize(from: Tensor([1, 2])) { x in x - Tensor([1, 2]) }
    #expect(fit.reason == .converged && fit.iterations == 0 && fit.parameters == Tensor([1, 2]) && fit.value == 0)
  }

  @Test func `units of parameters and residuals change nothing but the units`() {
    let x = Tensor<Double>((0..<12).map { Double($0) })
    let y = Tensor<Double>([9, 7.1, 6.2, 4.9, 4.1, 3.2, 2.6, 2.2, 1.6, 1.5, 1.1, 0.9])
    func fit(_ unit: Double, _ weight: Double) -> Minimum {
      minimizer.minimize(from: Tensor([5 * unit, 0.5])) { b in weight * (b[0] / unit * (-b[1] * x).exp() - y) }
    }
    let plain = fit(1, 1)
    #expect(plain.reason == .converged)
    for power in [-300, -80, 90, 300] {
      let unit = Double(sign: .plus, exponent: power, significand: 1)
      let other = fit(unit, Double(sign: .plus, exponent: -power / 2, significand: 1))
      #expect(
        other.parameters[0] / unit == plain.parameters[0] && other.parameters[1] == plain.parameters[1], "\(other)")
      #expect(other.iterations == plain.iterations && other.reason == .converged)
    }
  }

  @Test func `steps to residuals that are not finite are refused, and a start there says so`() {
    let root = minimizer.minimize(from: Tensor([1e-3])) { x in x.log() - 1 }
    #expect(root.reason == .converged && abs(root.parameters[0] - 2.718281828459045) < 1e-14, "\(root)")
    let outside = minimizer.minimize(from: Tensor([-1])) { x in x.log() - 1 }
    #expect(outside.reason == .notFinite && outside.iterations == 0 && outside.parameters[0] == -1)
    #expect("\(outside)".contains("not finite"))
    // √x has an infinite slope at its start.
    let steep = minimizer.minimize(from: Tensor([0])) { x in x.sqrt() - 1 }
    #expect(steep.reason == .notFinite && steep.value == 1)
  }

  @Test func `the limit of iterations is kept and told`() {
    let fit = LevenbergMarquardt(maximumIterations: 2).minimize(from: Tensor([1.0])) { x in (x - 2).power(3) }
    #expect(
      fit.reason == .iterationLimit && fit.iterations == 2 && "\(fit)".contains("2 iterations, stopped at the limit"))
  }

  @Test func `what the closure throws is thrown on`() {
    struct Refusal: Error {}
    #expect(throws: Refusal.self) { try minimizer.minimize(from: Tensor([1])) { _ in throw Refusal() } }
    #expect(throws: Refusal.self) { try LBFGS().minimize(from: Tensor([1])) { _ in throw Refusal() } }
  }

  @Test func `a value read in the closure, on which a branch would be frozen, traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LBFGS().minimize(from: Tensor([1])) { x in x.scalar > 0 ? x.square().sum() : -x.sum() }
    }
    #expect(text(result).contains("or a function to be minimised. It is recorded once and replayed"), "\(text(result))")
  }

  /// Calls that must trap, and a part of the sentence.
  private static let bad: [(sentence: String, run: @Sendable () -> Void)] = [
    ("element 1 of the start is nan", { _ = LevenbergMarquardt().minimize(from: Tensor([1, .nan])) { $0 } }),
    ("the start has no elements", { _ = LBFGS().minimize(from: .zeros([0])) { $0.sum() } }),
    (
      "a variable of another tape",
      { _ = LevenbergMarquardt().minimize(from: Tensor([1])) { _ in Tape<Double>().input(Tensor([1])) } }
    ),
    (
      "the shape [0], which has no number", { _ = LevenbergMarquardt().minimize(from: Tensor([1])) { $0.slice(0..<0) } }
    ),
    ("LBFGS: the function returned a value of shape [2]", { _ = LBFGS().minimize(from: Tensor([1, 2])) { $0 } }),
    ("LBFGS.memory is 0", { _ = LBFGS(memory: 0) }),
    ("LevenbergMarquardt.tolerance is nan", { _ = LevenbergMarquardt(tolerance: .nan) }),
    ("LevenbergMarquardt.maximumIterations is 0", { _ = LevenbergMarquardt(maximumIterations: 0) }),
  ]

  @Test(arguments: 0..<8)
  func `bad input ends with a sentence at the caller's line`(number: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      LevenbergMarquardtTests.bad[number].run()
    }
    #expect(text(result).contains(Self.bad[number].sentence), "\(text(result))")
    #expect(text(result).hasPrefix("AdjointLearningTests/MinimizerTests.swift:"), "\(text(result))")
    #expect(Self.bad.count == 8)
  }
}

@Suite struct LBFGSTests {
  private let minimizer = LBFGS()

  @Test func `Rosenbrock's valley ends at its minimum, also in twenty dimensions`() {
    for count in [2, 20] {
      let start = Tensor<Double>((0..<count).map { $0 % 2 == 0 ? -1.2 : 1 })
      let valley = minimizer.minimize(from: start) { x in
        let (a, b) = (x.slice(0..<count - 1), x.slice(1..<count))
        return (100 * (b - a.square()).square() + (1 - a).square()).sum()
      }
      #expect(valley.reason == .converged && valley.value < 1e-20 && valley.iterations < 200, "\(valley)")
      #expect(valley.parameters.isClose(to: .ones([count]), relative: 1e-9))
    }
  }

  @Test func `a minimum that is not 0 is found to the digits of its parameters`() {
    // Σ exp(xᵢ) − i·xᵢ is least at xᵢ = log i; comparing values alone would give half of the digits.
    let weights = Tensor<Double>((1...50).map { Double($0) })
    let found = minimizer.minimize(from: .zeros([50])) { x in (x.exp() - weights * x).sum() }
    #expect(found.reason == .converged, "\(found)")
    #expect(found.parameters.isClose(to: weights.log(), relative: 1e-11, absolute: 1e-11), "\(found)")
  }

  @Test func `a badly scaled bowl is solved, and units change nothing but the units`() {
    let scales = Tensor<Double>((0..<8).map { Double(sign: .plus, exponent: $0, significand: 1) })
    func bowl(_ weight: Double) -> Minimum {
      minimizer.minimize(from: .ones([8])) { x in weight * (1 + (scales * (x - 3).square()).sum()) }
    }
    let plain = bowl(1)
    #expect(
      plain.reason == .converged && plain.parameters.isClose(to: 3 * Tensor.ones([8]), relative: 1e-11), "\(plain)")
    for power in [-500, 500] {
      let other = bowl(Double(sign: .plus, exponent: power, significand: 1))
      #expect(other.parameters == plain.parameters && other.iterations == plain.iterations, "\(other)")
    }
  }

  @Test func `steps to values that are not finite are shortened, and a start there says so`() {
    let barrier = minimizer.minimize(from: Tensor([1e-6, 5])) { x in (x - x.log()).sum() }
    #expect(
      barrier.reason == .converged && barrier.parameters.isClose(to: Tensor([1, 1]), relative: 1e-11), "\(barrier)")
    #expect(minimizer.minimize(from: Tensor([-1])) { $0.log().sum() }.reason == .notFinite)
  }

  @Test func `a flat start, a kink and a function without a minimum end with their reasons`() {
    let flat = minimizer.minimize(from: Tensor([1, 2])) { x in (x * 0).sum() }
    #expect(flat.reason == .converged && flat.iterations == 0)
    let kink = minimizer.minimize(from: Tensor([1, -0.7])) { x in (x.abs() + 1).sum() }
    #expect(kink.value < 3.0 && kink.reason != .notFinite, "\(kink)")
    let open = LBFGS(maximumIterations: 20).minimize(from: Tensor([1])) { x in -x.sum() }
    #expect(open.reason != .converged && open.value < -1e9, "\(open)")
  }
}
