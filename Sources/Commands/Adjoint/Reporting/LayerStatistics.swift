import Adjoint
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointLearning

/// The numbers that flow through a network on one batch: values that enter each layer, and the gradient of every parameter.
///
/// Both are read off one recording in inference mode, so that dropout adds no zeros, whatever the layers are.
struct LayerStatistics {
  /// The values that enter each layer with weights but the first, and the outputs.
  let activations: [(name: String, values: [Double])]
  /// ∂loss/∂θ for each parameter θ.
  let gradients: [(name: String, values: [Double])]
  /// Weights of the first layer, a row for each unit, where the layer looks at whole inputs.
  let firstWeights: (name: String, rows: [[Double]])?
  /// The number of examples in the batch.
  let examples: Int

  /// - Throws: as the data set does.
  init(of classifier: Classifier, on data: Examples, examples limit: Int = 256) throws {
    examples = min(limit, data.count)
    let batch = try data.batch(Array(0..<examples)[...])
    let tape = Tape<Float>(mode: .inference)
    let inputs = tape.input(batch.inputs, name: "inputs")
    let labels = tape.index(batch.targets, name: "labels")
    let outputs = classifier.model(inputs)
    let loss = classifier.plan.loss(outputs, labels: labels)

    var activations: [(name: String, values: [Double])] = []
    var first: (name: String, rows: [[Double]])?
    for node in (0..<tape.count).map({ tape[$0] }) where node.operation != nil {
      // A layer with weights: the product of a matrix of parameters and something that is computed.
      let operands = node.inputs
      guard let weight = operands.first(where: { $0.role == .parameter && $0.shape.rank >= 2 }) else { continue }
      guard let entering = operands.first(where: { $0.role != .parameter }) else { continue }
      let name = LayerStatistics.layer(of: weight.path)
      if entering.operation != nil {
        activations.append(("into \(name)", LayerStatistics.numbers(entering.value)))
      } else if first == nil, weight.shape.rank == 2, weight.shape[1] == classifier.height * classifier.width {
        let numbers = LayerStatistics.numbers(weight.value)
        let width = weight.shape[1]
        first = (name, (0..<weight.shape[0]).map { Array(numbers[$0 * width..<($0 + 1) * width]) })
      }
    }
    activations.append(("outputs", LayerStatistics.numbers(outputs.value)))
    self.activations = activations
    firstWeights = first

    let parameters = tape.trainableParameters
    let found = Adjoint.gradients(of: loss, withRespectTo: parameters.map(\.leaf))
    gradients = zip(parameters, found).map { ($0.leaf.path, LayerStatistics.numbers($1.value)) }
  }

  /// `fc1` of `fc1/weight`.
  private static func layer(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
  }

  private static func numbers(_ tensor: Tensor<Float>) -> [Double] { tensor.elements.map(Double.init) }
}
