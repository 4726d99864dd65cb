import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation

/// The names that snippets of the README and the guides use and do not declare.
///
/// `.ci/client` makes every snippet a method of this type, in a file of its own. The methods are compiled and never run, so
/// there are types here and no values.
struct Reader {
  let tape: Tape<Float>
  let model: MLP<Float>
  let program: Program<Float>
  let step: TrainingStep<Float>
  let predictor: Predictor<Float>
  /// Variables on the tape.
  let w, x, images, labels, loss: Variable<Float>
  let weight: Parameter<Float>
  let digits: LabeledImages
  let batch: Batch<Int32>
  let batches: [Batch<Int32>]
  var generator: Generator {
    get { Generator(seed: 0) }
    nonmutating set {}
  }

  /// Accuracies: a curve for each seed.
  let relu, tanh: [[Double]]
  /// A value for each point of a grid.
  let hidden: [Double]
  let examples: [(x: Double, y: Double, label: Int)]
  /// The place of a chart.
  let url: URL
  /// A worksheet with a student's answers.
  let filledSheet: String
}
