import Adjoint
import AdjointChecking
import Foundation

/// A correct model that is hard to judge: of extreme scale, ill-conditioned, deep, wide, kinked or saturated.
///
/// Its derivative is right, so a checker that says *disagree* is wrong.
package struct NastyModel<S: Scalar>: Sendable {
  package let id: String
  package let formula: String
  package let expectation: NastyExpectation
  package let order: Int
  /// Records the loss on an empty tape.
  package let loss: @Sendable (Tape<S>) -> Variable<S>

  /// The largest count of numbers in the leaves for which every coordinate is judged as well.
  private static var fullLimit: Int { 64 }

  /// The verdict on the whole gradient: along directions, and of every coordinate where there are few.
  package func run(seed: UInt64 = 0) -> NastyOutcome {
    let started = Date()
    let tape = Tape<S>()
    let loss = loss(tape)
    let count = tape.differentiableVariables.reduce(0) { $0 + $1.shape.elementCount }
    let modes: [GradientCheck<S>.Mode] = count <= Self.fullLimit ? [.directional(3), .full] : [.directional(3)]
    let reports = modes.map { mode in
      var check = GradientCheck(of: loss, mode: mode, order: order, seed: seed)
      check.subject = "\(id) in \(S.self)" + (mode == .full ? ", every coordinate" : "")
      return check.run()
    }
    return NastyOutcome(
      id: id, formula: formula, scalar: "\(S.self)", expectation: expectation, reports: reports,
      seconds: Date().timeIntervalSince(started))
  }
}

/// The verdicts that a nasty model may get. *Disagree* is never among them.
package enum NastyExpectation: Sendable, Hashable {
  case agree
  /// A tie or an exact zero, where the derivative is any number of an interval: *agree*, or *cannot tell*.
  case kink
  /// Named beforehand: no checker can tell, for this reason.
  case cannotTell(String)

  package func admits(_ verdict: Verdict) -> Bool {
    switch self {
    case .agree: verdict == .agree
    case .kink, .cannotTell: verdict != .disagree
    }
  }
}

/// The verdict on a nasty model, with its reports.
package struct NastyOutcome: Sendable {
  package let id: String
  package let formula: String
  package let scalar: String
  package let expectation: NastyExpectation
  package let reports: [GradientReport]
  package let seconds: Double

  package var verdict: Verdict { .combined(reports.map(\.verdict)) }
  package var isExpected: Bool { expectation.admits(verdict) }
  /// The report that decided.
  package var decisive: GradientReport? { reports.first { $0.verdict == verdict } }
}

/// The scalars that a nasty model is recorded in.
package enum NastyPrecision: Sendable, Hashable {
  case both, double, float
}

/// The list of nasty models in one scalar.
package struct NastyList<S: Scalar>: Sendable {
  package private(set) var models: [NastyModel<S>] = []

  package init() {
    addScales()
    addScaledFunctions()
    addCancellations()
    addCancellingFormulas()
    addChains()
    addRecurrences()
    addReductions()
    addKinks()
    addTies()
    addSaturations()
    addStructures()
    addSecondOrder()
  }

  mutating func add(
    _ id: String, _ formula: String, in precision: NastyPrecision = .both, order: Int = 1,
    expecting expectation: NastyExpectation = .agree, _ loss: @escaping @Sendable (Tape<S>) -> Variable<S>
  ) {
    guard precision == .both || precision == (S.self == Float.self ? .float : .double) else { return }
    models.append(NastyModel(id: id, formula: formula, expectation: expectation, order: order, loss: loss))
  }
}

/// Every nasty model in `Double` and in `Float`.
package enum NastyModels {
  /// The identifiers, each once.
  package static var ids: [String] {
    var ids = NastyList<Double>().models.map(\.id)
    for id in NastyList<Float>().models.map(\.id) where !ids.contains(id) { ids.append(id) }
    return ids
  }

  /// Runs the models whose identifier is among `names` or begins with one and a dot; all when there is none.
  package static func run(_ names: [String] = [], seed: UInt64 = 0, report: (NastyOutcome) -> Void = { _ in })
    -> [NastyOutcome]
  {
    func isMeant(_ id: String) -> Bool { names.isEmpty || names.contains { id == $0 || id.hasPrefix($0 + ".") } }
    var outcomes: [NastyOutcome] = []
    func run<S: Scalar>(_ list: NastyList<S>) {
      for model in list.models where isMeant(model.id) {
        let outcome = model.run(seed: seed)
        report(outcome)
        outcomes.append(outcome)
      }
    }
    run(NastyList<Double>())
    run(NastyList<Float>())
    return outcomes
  }
}
