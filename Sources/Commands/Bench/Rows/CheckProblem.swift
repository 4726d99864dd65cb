import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointLearning

/// A gradient check of 784-128-10 with tanh at a batch of four, in `Double`: all 101,770 parameters, or one direction.
struct CheckProblem: Sendable {
  enum Kind: String, Sendable {
    /// Every partial derivative against dual numbers, with everything else that a check does.
    case full
    /// One random direction of a check that is prepared.
    case direction
  }

  let kind: Kind
  static let sizes = [784, 128, 10]
  static let batch = 4

  func loss(_ data: BenchData) -> Variable<Double> {
    var generator = Generator(seed: BenchData.modelSeed)
    let model = MLP<Double>(CheckProblem.sizes, activation: .tanh, using: &generator)
    let batch = data.images.batch(data.rows(ofBatch: 0, of: CheckProblem.batch))
    let tape = Tape<Double>()
    let images = tape.constant(batch.inputs.map(Double.init))
    return crossEntropy(logits: model(images), labels: tape.index(batch.targets))
  }

  /// The check, after it found the gradient right: a check that disagreed would stop early.
  func prepared(_ data: BenchData) throws -> PreparedRow {
    let loss = loss(data)
    switch kind {
    case .full:
      func run() throws {
        let report = GradientCheck(of: loss, mode: .full).run()
        guard report.agrees, report.coordinates >= 101_770 else {
          throw CommandError.disagreement(
            "check: the full check covered \(report.coordinates) and says \(report.verdict)")
        }
      }
      var row = PreparedRow(run, figure: { $0 })
      row.mostSamples = 5
      // It uses every core.
      row.worksItself = false
      return row
    case .direction:
      let check = PreparedCheck(of: loss)
      var direction: UInt64 = 0
      return PreparedRow(
        {
          let judgment = check.judgment(alongDirection: direction)
          guard judgment.verdict == .agree else {
            throw CommandError.disagreement("check: direction \(direction) says \(judgment.verdict)")
          }
          direction += 1
        }, figure: { $0 * 1e3 })
    }
  }
}
