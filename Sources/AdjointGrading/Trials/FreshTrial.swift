import Adjoint
import AdjointChecking

/// A fresh network checked as it is, and its twin with one wrong rule.
package struct FreshTrial: Sendable {
  package let network: FreshNetwork
  package let seed: UInt64
  package let scalar: String
  package let verdict: Verdict
  package let report: String
  /// The fault of the twin, and what was said about it; `nil` where every fault drawn makes no difference.
  package let twin: (fault: String, verdict: Verdict, isBlamed: Bool, report: String)?

  /// The number of faults that are drawn until one makes a difference.
  private static let patience = 40

  package init<S: Scalar>(_ network: FreshNetwork, _ images: TrialImages, in scalar: S.Type, seed: UInt64) {
    let tape = Tape<S>()
    let loss = network.loss(images, on: tape, seed: seed)
    let parameters = tape.trainableParameters.map(\.leaf)
    var check = GradientCheck(of: loss, withRespectTo: parameters, seed: seed)
    check.subject = "\(network.rawValue), seed \(seed), \(scalar)"
    let report = check.run()
    (self.network, self.seed, self.scalar) = (network, seed, "\(scalar)")
    (verdict, self.report) = (report.verdict, "\(report)")
    twin = FreshTrial.twin(of: loss, parameters, seed: seed, subject: check.subject)
  }

  private static func twin<S: Scalar>(
    of loss: Variable<S>, _ parameters: [Variable<S>], seed: UInt64, subject: String
  ) -> (fault: String, verdict: Verdict, isBlamed: Bool, report: String)? {
    var generator = Generator(seed: seed).stream(10)
    let nodes = Set((0...loss.index).filter { loss.tape[$0].operation != nil })
    let right = gradient(of: loss, parameters)
    for _ in 0..<patience {
      guard
        let fault = PlantedFault(
          in: loss, withRespectTo: parameters, among: nodes, sweeps: false, using: &generator)
      else { continue }
      let faulty = Tape.copy(of: loss) { operation, x in
        x.index == fault.node ? fault.spoilt(operation, at: x) : operation
      }
      let leaves = parameters.map { faulty.tape[$0.index] }
      guard differs(right, gradient(of: faulty, leaves)) else { continue }
      var check = GradientCheck(of: faulty, withRespectTo: leaves, seed: seed)
      check.subject = "\(subject), \(fault.title)"
      let report = check.run()
      return (fault.title, report.verdict, report.findings.first?.node == fault.node, "\(report)")
    }
    return nil
  }

  private static func gradient<S: Scalar>(of loss: Variable<S>, _ leaves: [Variable<S>]) -> [Double] {
    let mark = loss.tape.count
    defer { loss.tape.truncate(to: mark) }
    return gradients(of: loss, withRespectTo: leaves).flatMap { $0.value.converted(to: Double.self).elements }
  }

  /// Tells whether a fault shows in the gradient at all, by more than rounding.
  private static func differs(_ a: [Double], _ b: [Double]) -> Bool {
    let size = a.map(abs).max() ?? 0
    return zip(a, b).contains { abs($0 - $1) > 1e-5 * size || $1.isNaN }
  }

  /// Trials of every kind of network with as many seeds, in `Float` and in `Double` by turns.
  package static func run(_ count: Int, _ images: TrialImages, seed: UInt64 = 0) -> [FreshTrial] {
    let kinds = FreshNetwork.allCases
    return inParallel(count * kinds.count) { number in
      let seed = seed + UInt64(number / kinds.count)
      let kind = kinds[number % kinds.count]
      return seed % 2 == 0
        ? FreshTrial(kind, images, in: Float.self, seed: seed) : FreshTrial(kind, images, in: Double.self, seed: seed)
    }
  }
}
