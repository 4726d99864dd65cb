import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointDatasets
import AdjointLearning

// The network that a plan describes, for images of one size.

extension TrainingPlan {
  /// Refuses images that the network cannot take, and a network that would not fit into memory: 100 million weights take
  /// 400 MB, and training four times as much.
  package func check(height: Int, width: Int, classes: Int) throws(CommandError) {
    switch network {
    case .mlp:
      let sizes = [height * width] + hidden + [classes]
      let weights = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
      guard weights <= 100_000_000 else {
        throw .badValue(
          option: "hidden", value: hidden.map(String.init).joined(separator: ","),
          expected: "at most 100,000,000 weights", suggestion: nil)
      }
    case .cnn:
      guard let features = CNN<Float>.features(height: height, width: width, filters: filters) else {
        throw .wrongSize(
          file: data.title, expected: "images large enough for \(filters.count.of("convolution")) and poolings",
          found: "\(height) × \(width)")
      }
      let weights = zip([1] + filters, filters).reduce(128 * features) { $0 + 25 * $1.0 * $1.1 }
      guard weights <= 100_000_000 else {
        throw .badValue(
          option: "filters", value: filters.map(String.init).joined(separator: ","),
          expected: "at most 100,000,000 weights", suggestion: nil)
      }
    }
  }

  /// A network with fresh weights.
  package func model<S: Scalar>(height: Int, width: Int, classes: Int) -> any Layer<S> {
    var generator = generator(.weights)
    switch network {
    case .mlp:
      return MLP<S>(
        [height * width] + hidden + [classes], activation: activation, dropout: dropout,
        initializer: initializer.initializer, using: &generator)
    case .cnn:
      return CNN<S>(
        height: height, width: width, classes: classes, filters: filters, activation: activation, dropout: dropout,
        initializer: initializer.initializer, using: &generator)
    }
  }

  /// The network in words: `784 → 128 relu → 10`.
  package func architecture(height: Int, width: Int, classes: Int) -> String {
    func dense(_ units: Int) -> String {
      "\(units) \(activation.optionName)" + (dropout > 0 ? " (dropout \(dropout.short))" : "")
    }
    switch network {
    case .mlp: return (["\(height * width)"] + hidden.map(dense) + ["\(classes)"]).joined(separator: " → ")
    case .cnn:
      let convolutions = filters.map { "conv 5×5 \($0) \(activation.optionName) → pool 2×2" }
      return (["\(height)×\(width)"] + convolutions + [dense(128), "\(classes)"]).joined(separator: " → ")
    }
  }
}
