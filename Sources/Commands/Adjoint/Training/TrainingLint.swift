import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointDatasets
import AdjointLearning

/// What the linter has to say about a training: looked for before the first step and after the first epoch, each finding once.
///
/// 128 images are recorded once more for it, which takes a few milliseconds; the training's numbers do not change.
final class TrainingLint {
  private(set) var findings: [Linter<Float>.Finding] = []

  /// The findings that are new.
  func look(at run: TrainingRun) -> [Linter<Float>.Finding] {
    let images = run.trainer.training
    let batch = images.batch(Array(0..<min(images.count, 128))[...])
    let tape = Tape<Float>(mode: .inference)
    let (inputs, labels) = (tape.input(batch.inputs, name: "inputs"), tape.index(batch.targets, name: "labels"))
    let loss = run.classifier.plan.loss(run.classifier.model(inputs), labels: labels)
    let new = Linter(on: loss, parameters: run.classifier.parameters.map(\.parameter)).run().filter { finding in
      // The figures of a finding change as the weights do: it stays the same finding.
      !findings.contains { ($0.rule, $0.node, $0.path) == (finding.rule, finding.node, finding.path) }
    }
    findings += new
    return new
  }
}

extension Linter.Finding {
  var json: JSON {
    .object([
      ("rule", .string(rule.rawValue)), ("place", .string(place)), ("problem", .string(problem)),
      ("remedy", .string(remedy)),
    ])
  }
}
