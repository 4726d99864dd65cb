import Adjoint
import AdjointChecking

/// Wrong answers to a question by somebody who makes one mistake. They grade exercises, as `Sabotage` grades the checker.
///
/// A rule's fault is put into one use of the node, the whole model is recorded anew with it, and the answer is read off that
/// recording's own backward sweep; an accumulation's fault is put into the sweep.
package struct FaultyStudent {
  package struct Answer {
    /// The mistake and its place.
    package let fault: String
    /// The name of the mistake; `nil` for an answer that is right, or right but for rounding.
    package let kind: Mistake.Kind?
    package let value: Tensor<Double>
  }

  let exercise: Exercise
  package init(_ exercise: Exercise) { self.exercise = exercise }

  /// Every applicable fault of the family, for one question.
  package func answers(to question: Exercise.Question) -> [Answer] {
    let tape = exercise.output.tape
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    let backward = tape.backward(from: exercise.output, to: exercise.targets)
    let edges = backward.contributions(to: tape[question.node])
    var answers: [Answer] = []
    for edge in edges {
      let consumer = tape[edge.consumer]
      let place = tape.places(of: [edge.consumer])[0]
      guard let operation = consumer.operation else { continue }
      let site = FaultSite(of: consumer, input: edge.position)
      if let g = backward.adjoint(of: consumer), g.shape == site.shape {
        let rest = question.answer.moved(by: -1, along: edge.contribution.value)
        answers.append(
          Answer(
            fault: "no local derivative in \(operation.name) \(place)",
            kind: .hypothesis(.missingLocalDerivative),
            value: rest.moved(by: 1, along: g.value)))
      }
      for fault in RuleFault.allCases where fault.applies(to: site) && !fault.isSecondOrder {
        let name = "\(fault.rawValue) in \(operation.name) \(place), input \(edge.position)"
        if fault.trap(at: site) != nil {
          guard edges.count == 1, let g = backward.adjoint(of: consumer) else { continue }
          let misshapen = fault == .unsummed ? g.value : question.answer.transposed
          answers.append(
            Answer(fault: name, kind: fault.hypothesis(at: site).map { .hypothesis($0) }, value: misshapen))
        } else {
          let wrong = SabotagedOperation(original: operation, site: site, fault: fault)
          answers.append(
            Answer(
              fault: name, kind: fault.hypothesis(at: site).map { .hypothesis($0) },
              value: answer(to: question, wrong, at: edge.consumer)))
        }
      }
    }
    if edges.count > 1 {
      let faults =
        [(FaultySweep.Fault.assigned, Hypothesis.assignedInsteadOfAccumulated)]
        + edges.indices.flatMap { [(.droppedEdge($0), .droppedEdge), (.countedTwice($0), .countedTwice)] }
      for (fault, hypothesis) in faults {
        let sweep = FaultySweep(fault: fault, node: question.node).sweep(backward)
        guard let value = sweep.adjoint(of: tape[question.node])?.value else { continue }
        answers.append(Answer(fault: "\(fault)", kind: .hypothesis(hypothesis), value: value))
      }
    }
    return answers + classics(about: question, backward, edges)
  }

  /// The answer where one node of the model has a wrong rule.
  func answer(
    to question: Exercise.Question, _ wrong: any Adjoint.Operation, at node: Int
  ) -> Tensor<Double> {
    let own = exercise.output.tape
    let tape = Tape<Double>(mode: own.mode, seed: own.seed)
    for position in 0...exercise.output.index {
      let x = own[position]
      if let operation = x.operation {
        let inputs = x.inputs.map { tape[$0.index] }
        if position == node { tape.record(wrong, inputs: inputs) } else { tape.record(operation, inputs: inputs) }
      } else if x.holdsIndices {
        _ = tape.index(x.indexValue)
      } else {
        _ = tape.input(x.value)
      }
    }
    let backward = tape.backward(from: tape[exercise.output.index], to: exercise.targets.map { tape[$0.index] })
    return backward.adjoint(of: tape[question.node])?.value ?? .zeros(question.answer.shape)
  }
}
