import Adjoint

/// Vectors with a class each: the classification problems that are not images.
public struct LabeledPoints: Dataset, Equatable {
  /// [count, features].
  public let inputs: Tensor<Float>
  /// The class of every point.
  public let labels: [Int32]
  /// The names of the classes; there are as many classes as names.
  public let classNames: [String]
  /// The names of the features, such as a table's header has them; empty where they have none.
  public let featureNames: [String]

  /// Points with their labels.
  /// - Precondition: `inputs` is [labels.count, features], every label has a name, and so has every feature or none.
  public init(
    inputs: Tensor<Float>, labels: [Int32], classNames: [String], featureNames: [String] = [],
    file: StaticString = #fileID, line: UInt = #line
  ) {
    guard inputs.shape.rank == 2, inputs.shape[0] == labels.count else {
      fatalError(
        "LabeledPoints: \(labels.count) labels for inputs of shape \(inputs.shape); give inputs [\(labels.count), features]",
        file: file, line: line)
    }
    guard featureNames.isEmpty || featureNames.count == inputs.shape[1] else {
      fatalError(
        "LabeledPoints: \(featureNames.count) names for \(inputs.shape[1]) features; give each one, or none",
        file: file,
        line: line)
    }
    if let place = labels.firstIndex(where: { $0 < 0 || $0 >= classNames.count }) {
      fatalError(
        "LabeledPoints: label \(labels[place]) of row \(place) is not in 0 ..< \(classNames.count); give every class a name",
        file: file, line: line)
    }
    self.inputs = inputs
    self.labels = labels
    self.classNames = classNames
    self.featureNames = featureNames
  }

  /// The number of examples.
  public var count: Int { labels.count }
  /// Numbers in an input.
  package var features: Int { inputs.shape[1] }
  /// The number of classes.
  package var classCount: Int { classNames.count }
  /// `[features]`.
  public var inputShape: Shape { .vector(features) }
  /// `[]`: the target is a class number.
  public var targetShape: Shape { .scalar }

  /// The points with every feature shifted and scaled by statistics of a training set.
  /// - Precondition: the statistics have as many features.
  public func standardized(
    by statistics: FeatureStatistics, file: StaticString = #fileID, line: UInt = #line
  ) -> LabeledPoints {
    LabeledPoints(
      inputs: statistics.apply(to: inputs, file: file, line: line), labels: labels, classNames: classNames,
      featureNames: featureNames)
  }

  /// Writes examples into existing memory: see `Dataset`.
  public func fill(
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>, from rows: ArraySlice<Int>
  ) {
    checkFilling(inputs.count, targets.count, from: rows)
    copy(rows, of: self.inputs, to: inputs)
    for (slot, row) in rows.enumerated() { targets[slot] = labels[row] }
  }

  /// The examples with these numbers, in this order: see `Dataset`.
  public func selecting(_ rows: ArraySlice<Int>) -> LabeledPoints {
    LabeledPoints(
      inputs: inputs.rows(rows), labels: rows.map { labels[$0] }, classNames: classNames, featureNames: featureNames)
  }
}

/// Vectors with numbers to predict: regression.
public struct RegressionPoints: Dataset, Equatable {
  /// [count, features].
  public let inputs: Tensor<Float>
  /// [count, outputs].
  public let targets: Tensor<Float>

  /// Inputs with their targets.
  /// - Precondition: both are matrices with as many rows.
  public init(
    inputs: Tensor<Float>, targets: Tensor<Float>, file: StaticString = #fileID, line: UInt = #line
  ) {
    guard inputs.shape.rank == 2, targets.shape.rank == 2, inputs.shape[0] == targets.shape[0] else {
      fatalError(
        "RegressionPoints: inputs \(inputs.shape) and targets \(targets.shape) must be matrices of equal height; reshape a vector "
          + "of n numbers to [n, 1]", file: file, line: line)
    }
    self.inputs = inputs
    self.targets = targets
  }

  /// The number of examples.
  public var count: Int { inputs.shape[0] }
  /// Numbers in an input.
  package var features: Int { inputs.shape[1] }
  /// Numbers in a target.
  package var outputs: Int { targets.shape[1] }
  /// `[features]`.
  public var inputShape: Shape { .vector(features) }
  /// `[outputs]`.
  public var targetShape: Shape { .vector(outputs) }

  /// The points with every input feature shifted and scaled by statistics of a training set; targets stay.
  /// - Precondition: the statistics have as many features.
  public func standardized(
    by statistics: FeatureStatistics, file: StaticString = #fileID, line: UInt = #line
  ) -> RegressionPoints {
    RegressionPoints(inputs: statistics.apply(to: inputs, file: file, line: line), targets: targets)
  }

  /// Writes examples into existing memory: see `Dataset`.
  public func fill(
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Float>, from rows: ArraySlice<Int>
  ) {
    checkFilling(inputs.count, targets.count, from: rows)
    copy(rows, of: self.inputs, to: inputs)
    copy(rows, of: self.targets, to: targets)
  }

  /// The examples with these numbers, in this order: see `Dataset`.
  public func selecting(_ rows: ArraySlice<Int>) -> RegressionPoints {
    RegressionPoints(inputs: inputs.rows(rows), targets: targets.rows(rows))
  }
}

extension FeatureStatistics {
  /// x̂ⱼ = (xⱼ − μⱼ) / σⱼ for a matrix [n, features].
  /// - Precondition: the matrix has as many columns as there are statistics.
  package func apply(
    to inputs: Tensor<Float>, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<Float> {
    guard inputs.shape.rank == 2, inputs.shape[1] == mean.count else {
      fatalError(
        "FeatureStatistics: statistics of \(mean.count) features for inputs of shape \(inputs.shape); take them of inputs with as "
          + "many", file: file, line: line)
    }
    let divisors = deviation.map { $0 > 0 ? $0 : 1 }
    var elements = inputs.elements
    for i in elements.indices { elements[i] = (elements[i] - mean[i % mean.count]) / divisors[i % mean.count] }
    return Tensor(shape: inputs.shape, elements: elements)
  }
}

/// Copies rows of a matrix one after the other into existing memory.
private func copy(_ rows: ArraySlice<Int>, of matrix: Tensor<Float>, to output: UnsafeMutableBufferPointer<Float>) {
  let width = matrix.shape[1]
  matrix.elements.withUnsafeBufferPointer { source in
    var slot = 0
    for row in rows {
      for j in 0..<width { output[slot + j] = source[row * width + j] }
      slot += width
    }
  }
}
