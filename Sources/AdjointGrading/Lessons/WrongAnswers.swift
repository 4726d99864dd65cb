import Adjoint
import AdjointChecking

/// The answers that typical mistakes give to one question, to recognise a wrong one by.
///
/// First the whole answer is compared with the right one (`FaultPattern`: sign, factor, 1/N, transposed), then with the sums that
/// a faulty accumulation makes of the right contributions, then with the contributions that a faulty rule makes
/// (`SabotagedOperation`), one use of the node at a time. All from right incoming adjoints.
struct WrongAnswers {
  private struct Candidate {
    let mistake: Mistake
    let value: Tensor<Double>
  }

  private let question: Exercise.Question
  private let consumers: [Shape]
  /// The numbers of elements that the means of the model run over.
  private let counts: Set<Int>
  private var candidates: [Candidate] = []

  init(_ exercise: Exercise, _ question: Exercise.Question) {
    self.question = question
    let tape = exercise.output.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let backward = tape.backward(from: exercise.output, to: exercise.targets)
    let edges = backward.contributions(to: tape[question.node])
    consumers = edges.map { tape[$0.consumer].shape }
    counts = Set(
      (0...exercise.output.index).compactMap { node in
        guard let x = tape[node].inputs.first, tape[node].operation?.form.isMean == true else { return nil }
        return x.shape.elementCount / max(tape[node].shape.elementCount, 1)
      }.filter { $0 > 1 })

    let parts = edges.map(\.contribution.value)
    func add(_ hypothesis: Hypothesis, _ place: String?, _ value: Tensor<Double>?) {
      guard let value, value.shape == question.answer.shape,
        value.relativeDistance(from: question.answer) > Exercise.exactness
      else { return }
      candidates.append(Candidate(mistake: Mistake(hypothesis: hypothesis, place: place), value: value))
    }
    let right = question.answer
    add(.sign, nil, right.map { -$0 })
    add(.factor(2), nil, right.map { 2 * $0 })
    add(.factor(0.5), nil, right.map { $0 / 2 })
    add(.transposed, nil, right.transposed)
    add(.transposed, nil, right.transposed.reshape(to: right.shape))
    for n in counts.sorted() {
      add(.missingMean(n), nil, right.map { $0 * Double(n) })
      add(.doubledMean(n), nil, right.map { $0 / Double(n) })
    }
    if parts.count > 1 {
      let zero = Tensor<Double>.zeros(question.answer.shape)
      // What was assigned last is all that is left.
      add(.assignedInsteadOfAccumulated, nil, parts.last)
      for (skipped, edge) in edges.enumerated() {
        let rest = parts.indices.reduce(zero) { $1 == skipped ? $0 : $0.moved(by: 1, along: parts[$1]) }
        add(.droppedEdge, tape.place(edge), rest)
        add(.countedTwice, tape.place(edge), question.answer.moved(by: 1, along: parts[skipped]))
      }
    }
    for (number, edge) in edges.enumerated() {
      let rest = question.answer.moved(by: -1, along: parts[number])
      for (hypothesis, contribution) in tape.faultyContributions(along: edge, backward) {
        add(
          hypothesis, tape.place(edge),
          contribution.shape == rest.shape ? rest.moved(by: 1, along: contribution) : contribution)
      }
    }
  }

  /// The mistake that explains every element of an answer, up to a part of the largest element.
  func mistake(in answer: Tensor<Double>, within tolerance: Double) -> Mistake? {
    let pattern = pattern(answer)
    if let hypothesis = pattern.hypothesis {
      if case .relativeError = hypothesis { return nil }  // as good as right: it is graded by its size
      return Mistake(hypothesis: hypothesis, place: nil)
    }
    return candidates.first { answer.relativeDistance(from: $0.value) <= tolerance }?.mistake
  }

  /// A factor of no known origin, or one wrong row.
  func fallback(for answer: Tensor<Double>) -> Mistake? {
    let hypothesis = pattern(answer).fallback
    return hypothesis == .unknown ? nil : Mistake(hypothesis: hypothesis, place: nil)
  }

  private func pattern(_ answer: Tensor<Double>) -> FaultPattern {
    let right = question.answer
    let size = right.elements.map(abs).max() ?? 0
    let wrong = right.elements.indices.filter {
      abs(answer.elements[$0] - right.elements[$0]) > Exercise.exactness * size
    }
    return FaultPattern(
      shape: right.shape, outputShape: consumers.first ?? right.shape, sample: Array(right.elements.indices),
      found: answer, expected: right.elements, wrong: wrong, isMissing: answer.elements.allSatisfy { $0 == 0 },
      counts: counts)
  }
}

extension Tape where S == Double {
  /// A use of a node: `%7 (relu)`.
  fileprivate func place(_ edge: Backward<Double>.Edge) -> String {
    "%\(edge.consumer) (\(operation(at: edge.consumer)?.name ?? ""))"
  }

  /// The contributions that the faults of the checker's family make of one.
  fileprivate func faultyContributions(
    along edge: Backward<Double>.Edge, _ backward: Backward<Double>
  ) -> [(Hypothesis, Tensor<Double>)] {
    let consumer = self[edge.consumer]
    guard let operation = consumer.operation, let g = backward.adjoint(of: consumer) else { return [] }
    let site = FaultSite(of: consumer, input: edge.position)
    var faulty: [(Hypothesis, Tensor<Double>)] = []
    if g.shape == site.shape { faulty.append((.missingLocalDerivative, g.value)) }
    for fault in RuleFault.allCases where fault.applies(to: site) && fault.trap(at: site) == nil {
      guard let hypothesis = fault.hypothesis(at: site) else { continue }
      let wrong = SabotagedOperation(original: operation, site: site, fault: fault)
      let contributions = wrong.vjp(g, at: Point(of: consumer) { $0 == edge.position })
      faulty.append((hypothesis, contributions[edge.position]?.value ?? .zeros(site.shape)))
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
