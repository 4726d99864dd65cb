import Adjoint
import AdjointChecking

/// The answers that typical mistakes give to one question, to recognise a wrong one by.
///
/// First what alters the whole answer (sign, factor, 1/N, transposed), then the sums that a faulty accumulation makes of
/// the right contributions, then the classics, then the contributions that a faulty rule makes (`SabotagedOperation`), one use of
/// the node at a time. All from the incoming adjoints of one sweep: the right one, or the student's own.
package struct WrongAnswers {
  package struct Candidate {
    package let mistake: Mistake
    package let value: Tensor<Double>
  }

  package private(set) var candidates: [Candidate] = []
  private let right: Tensor<Double>
  private let noise: Double
  private let tolerance: Double
  /// The value of a parameter, which a decay adds a part of.
  private let weight: Tensor<Double>?

  /// - Parameters:
  ///   - right: the answer that the sweep gives.
  ///   - isOwn: true for the adjoints of the sweep, false for the right ones that it was made of.
  init(
    _ exercise: Exercise, _ question: Exercise.Question, _ sweep: borrowing OwnSweep, right: Tensor<Double>, isOwn: Bool
  ) {
    (self.right, noise, tolerance) = (right, question.noise, exercise.tolerance)
    let tape = sweep.tape
    let node = tape[question.node]
    weight = node.role == .parameter ? node.value : nil
    let sound = sweep.sound
    let uses =
      isOwn
      ? sweep.uses(of: question.node)
      : sound.contributions(to: node).map {
        OwnSweep.Use(consumer: $0.consumer, position: $0.position, contribution: $0.contribution.value)
      }
    let adjoints = Dictionary(
      uniqueKeysWithValues: (question.node...exercise.output.index).compactMap { consumer in
        (isOwn ? sweep.adjoint(of: consumer) : sound.adjoint(of: tape[consumer])).map { (consumer, $0) }
      })
    addWhole(right, counts: WrongAnswers.counts(exercise, node, uses))
    addSums(uses, tape, exercise.names)
    for use in uses {
      let rest = right.moved(by: -1, along: use.contribution)
      func add(_ kind: Mistake.Kind, _ contribution: Tensor<Double>) {
        let isWhole = contribution.shape == rest.shape
        // A contribution of another shape is an answer where it is the only one.
        guard isWhole || uses.count == 1 else { return }
        self.add(kind, tape.place(use, exercise.names), isWhole ? rest.moved(by: 1, along: contribution) : contribution)
      }
      let lesson = ClassicLesson(tape: tape, node: node, uses: uses, adjoints: adjoints, right: right)
      for (mistake, contribution) in lesson.contributions(along: use) { add(.classic(mistake), contribution) }
      for (mistake, answer) in lesson.answers(along: use) { self.add(.classic(mistake), nil, answer) }
      guard let g = adjoints[use.consumer] else { continue }
      for (hypothesis, contribution) in tape.faultyContributions(along: use, g) {
        add(.hypothesis(hypothesis), contribution)
      }
    }
  }

  private mutating func add(_ kind: Mistake.Kind, _ place: String?, _ value: Tensor<Double>) {
    if value.shape == right.shape {
      guard value.distance(from: right) > max(Grade.exactness * right.elements.largestMagnitude, noise) else { return }
    }
    candidates.append(Candidate(mistake: Mistake(kind, place: place), value: value))
  }

  private mutating func addWhole(_ right: Tensor<Double>, counts: [Int]) {
    add(.allZero, nil, .zeros(right.shape))
    add(.hypothesis(.sign), nil, right.map { -$0 })
    add(.hypothesis(.factor(2)), nil, right.map { 2 * $0 })
    add(.hypothesis(.factor(0.5)), nil, right.map { $0 / 2 })
    add(.hypothesis(.transposed), nil, right.transposed)
    if right.shape.rank > 1 { add(.hypothesis(.transposed), nil, right.transposed.reshape(to: right.shape)) }
    for n in counts {
      add(.hypothesis(.missingMean(n)), nil, right.map { $0 * Double(n) })
      add(.hypothesis(.doubledMean(n)), nil, right.map { $0 / Double(n) })
    }
  }

  private mutating func addSums(_ uses: [OwnSweep.Use], _ tape: Tape<Double>, _ names: SheetNames) {
    guard uses.count > 1, let last = uses.last else { return }
    // What was assigned last is all that is left.
    add(.hypothesis(.assignedInsteadOfAccumulated), nil, last.contribution)
    for use in uses {
      add(.hypothesis(.droppedEdge), tape.place(use, names), right.moved(by: -1, along: use.contribution))
      add(.hypothesis(.countedTwice), tape.place(use, names), right.moved(by: 1, along: use.contribution))
    }
  }

  /// The numbers that a mean may have been taken over: those of the model's means first, then the extents at hand.
  private static func counts(_ exercise: Exercise, _ node: Variable<Double>, _ uses: [OwnSweep.Use]) -> [Int] {
    let tape = exercise.output.tape
    let means = Set(
      (0...exercise.output.index).compactMap { node in
        guard let x = tape[node].inputs.first, tape[node].operation?.form.isMean == true else { return nil }
        return x.shape.elementCount / max(tape[node].shape.elementCount, 1)
      }.filter { $0 > 1 })
    let shapes = [node.shape] + uses.prefix(1).map { tape[$0.consumer].shape }
    let extents = Set(shapes.flatMap { Array($0) + [$0.elementCount] }.filter { $0 > 2 }).subtracting(means)
    return means.sorted() + extents.sorted()
  }

  // MARK: Recognising

  /// The mistake that explains every element of an answer, up to a part of the largest element; the nearest, and of
  /// several that are as near the first.
  func mistake(in answer: Tensor<Double>, within tolerance: Double) -> Mistake? {
    var best: (mistake: Mistake, distance: Double)?
    for candidate in candidates where candidate.value.shape == answer.shape {
      let size = candidate.value.elements.largestMagnitude
      let distance = answer.distance(from: candidate.value)
      let measured = max(distance, Grade.exactness * size)
      guard distance <= max(tolerance * size, noise), measured < 0.5 * (best?.distance ?? .infinity) else { continue }
      best = (candidate.mistake, measured)
    }
    return best?.mistake
  }

  /// A mistake with a number of its own: a decay, one row or element alone, a factor of no known origin.
  func fit(_ answer: Tensor<Double>) -> Mistake? {
    let size = right.elements.largestMagnitude
    let extra = answer.moved(by: -1, along: right)
    let most = extra.elements.largestMagnitude
    if let weight, weight.shape.elementCount > 2 {
      let share = extra.dot(weight) / weight.dot(weight)
      let rest = extra.moved(by: -share, along: weight).elements.largestMagnitude
      if share.isFinite, rest <= max(1e-6 * most, tolerance * size), rest <= 0.1 * most {
        return Mistake(.classic(.decayAdded(NumberText.rounded(share, 2))))
      }
    }
    let wrong = extra.elements.indices.filter { abs(extra.elements[$0]) > max(tolerance * size, noise) }
    let (rows, shape) = (right.shape.first ?? 1, right.shape)
    let width = max(shape.elementCount / max(rows, 1), 1)
    if wrong.count == 1, shape.elementCount > 1 {
      return Mistake(.hypothesis(width == 1 ? .wrongRow(wrong[0]) : .wrongElement(wrong[0])))
    }
    let wrongRows = Set(wrong.map { $0 / width })
    if rows > 1, wrongRows.count == 1, let row = wrongRows.first { return Mistake(.hypothesis(.wrongRow(row))) }
    let factor = answer.dot(right) / right.dot(right)
    let rest = answer.moved(by: -factor, along: right).elements.largestMagnitude
    guard factor.isFinite, abs(factor) > 1e-3, rest <= 1e-6 * answer.elements.largestMagnitude else { return nil }
    return Mistake(.hypothesis(.factor(NumberText.rounded(factor, 3))))
  }
}

extension Tape where S == Double {
  /// A use of a node: `a⁽¹⁾ (relu)`.
  fileprivate func place(_ use: OwnSweep.Use, _ names: SheetNames) -> String {
    "\(names.value(use.consumer)) (\(operation(at: use.consumer)?.name ?? ""))"
  }

  /// The contributions that the faults of the checker's family make of one.
  fileprivate func faultyContributions(
    along use: OwnSweep.Use, _ g: Variable<Double>
  ) -> [(Hypothesis, Tensor<Double>)] {
    let consumer = self[use.consumer]
    guard let operation = consumer.operation else { return [] }
    let site = FaultSite(of: consumer, input: use.position)
    var faulty: [(Hypothesis, Tensor<Double>)] = []
    if g.shape == site.shape { faulty.append((.missingLocalDerivative, g.value)) }
    for fault in RuleFault.allCases where fault.applies(to: site) {
      guard let hypothesis = fault.hypothesis(at: site) else { continue }
      if fault.trap(at: site) != nil {
        faulty.append((hypothesis, fault == .unsummed ? g.value : use.contribution.transposed))
        continue
      }
      let wrong = SabotagedOperation(original: operation, site: site, fault: fault)
      let contributions = wrong.vjp(g, at: Point(of: consumer) { $0 == use.position })
      faulty.append((hypothesis, contributions[use.position]?.value ?? .zeros(site.shape)))
    }
    return faulty
  }
}

extension FaultSite {
  /// The site of a recorded node's input. Where an elementwise operation has its kink is read off its examples.
  init(of node: Variable<Double>, input: Int) {
    let examples = node.operation.map { type(of: $0).examples.filter { [name = $0.name] in $0.operation.name == name } }
    var kink: Kink?
    if [.binary(.maximum), .binary(.minimum)].contains(node.operation?.form) {
      kink = .between
    } else if case .numbers(_, _, let kinks)? = examples?.first?.inputs.first {
      kink = kinks.first.map { .at($0) }
    }
    let isElementwise = node.operation?.isElementwise ?? false
    self.init(
      input: input, shape: node.inputs[input].shape, outputShape: node.shape, isElementwise: isElementwise,
      broadcasts: isElementwise || node.operation?.form == .addBias, kink: kink)
  }
}

extension RuleFault {
  /// The name of a wrong answer that this fault makes.
  ///
  /// `nil` where the numbers stay right, or right but for rounding, at the recorded point.
  func hypothesis(at site: FaultSite) -> Hypothesis? {
    switch self {
    case .sign, .signUnderBroadcast: .sign
    case .double: .factor(2)
    case .half: .factor(0.5)
    case .transposed, .transposedStorage: .transposed
    case .missingMean: .missingMean(site.meanCount)
    case .doubledMean: .doubledMean(site.meanCount)
    case .missingBroadcastSum, .unsummed: .missingBroadcastSum
    case .droppedEdge: .droppedEdge
    case .wrongBranch: .wrongBranch
    case .wrongRow: .wrongRow(site.shape[0] - 1)
    case .relativeError, .staleContribution, .stalePoint, .detached, .spuriousCurvature: nil
    }
  }
}
