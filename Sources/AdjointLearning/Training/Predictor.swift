import Adjoint

/// A model in inference: recorded and compiled once for a batch size, then replayed without allocating.
///
/// It reads the parameters where they stand, so it always predicts with the present weights. A last short batch is filled up with
/// zeros, whose outputs are left out: a model in which rows of a batch see each other sees rows of zeros there, never those of an
/// earlier batch.
public final class Predictor<S: Scalar> {
  package let batchSize: Int
  /// The threads among which large products are split; `nil` runs everything on the caller's. No bit depends on it.
  public var pool: WorkerPool?
  /// The loss that `evaluate` reports.
  package let loss: ClassificationLoss
  private let model: (Variable<S>) -> Variable<S>
  private(set) var compiled: (inputs: Variable<S>, outputs: Variable<S>, program: Program<S>)?

  /// A predictor of what `model` computes, such as logits.
  public init(
    batchSize: Int = 256, loss: ClassificationLoss = .crossEntropy, model: @escaping (Variable<S>) -> Variable<S>,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    check(batchSize, "Predictor: batchSize", atLeast: 1, at: CallSite(file, line))
    (self.batchSize, self.loss, self.model) = (batchSize, loss, model)
  }

  /// The outputs for inputs [n, …], any n.
  public func callAsFunction(
    _ inputs: Tensor<S>, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<S> {
    let site = CallSite(file, line)
    return predictAll(inputs.shape, at: site) { example, rows, read in
      let width = example.elementCount
      predict(inputShape: example, count: rows.count, at: site) { buffer in
        for i in 0..<rows.count * width { buffer[i] = inputs.elements[rows.lowerBound * width + i] }
      } reading: {
        read($0, $1)
      }
    }
  }

  /// The outputs for rows of indices [n, …], such as the tokens of texts, any n.
  /// - Throws: `FeedError` when an index is out of range.
  @_disfavoredOverload  // `Tensor([3, 4])` is of the predictor's own numbers
  public func callAsFunction(
    _ indices: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> Tensor<S> {
    let site = CallSite(file, line)
    return try predictAll(indices.shape, at: site) { example, rows, read in
      let width = example.elementCount
      let (inputs, outputs, program) = compileIfNeeded(example, areIndices: true, at: site)
      try program.fillIndices(inputs) { buffer in
        buffer.update(repeating: 0)
        for i in 0..<rows.count * width { buffer[i] = indices.elements[rows.lowerBound * width + i] }
      }
      run(program, outputs, of: example, at: site) { read($0, $1) }
    }
  }

  /// Predicts batch after batch, and puts the outputs together.
  private func predictAll(
    _ inputs: Shape, at site: CallSite,
    _ predict: (_ example: Shape, _ rows: Range<Int>, _ read: (UnsafeBufferPointer<S>, Shape) -> Void) throws -> Void
  ) rethrows -> Tensor<S> {
    guard inputs.rank >= 1 else {
      site.trap("Predictor: the inputs are a single number; give [n, …], a row for each example, such as [1, 784]")
    }
    var elements: [S] = []
    var outputShape = Shape([])
    for start in stride(from: 0, to: max(inputs[0], 1), by: batchSize) {
      let rows = start..<min(start + batchSize, inputs[0])
      try predict(Shape(inputs.dropFirst()), rows) { outputs, shape in
        outputShape = shape
        elements += outputs.prefix(shape.dropFirst().reduce(rows.count, *))
      }
    }
    return Tensor(shape: outputShape.replacing(axis: 0, with: inputs[0]), elements: elements)
  }

  /// Fills the inputs of one batch, runs, and lets `reading` see the outputs and their shape.
  func predict(
    inputShape: Shape, count: Int, at site: CallSite, filling: (UnsafeMutableBufferPointer<S>) -> Void,
    reading: (UnsafeBufferPointer<S>, Shape) -> Void
  ) {
    let (inputs, outputs, program) = compileIfNeeded(inputShape, at: site)
    program.fill(inputs) { buffer in
      filling(buffer)
      buffer[(count * inputShape.elementCount)...].update(repeating: 0)
    }
    run(program, outputs, of: inputShape, at: site, reading: reading)
  }

  private func run(
    _ program: Program<S>, _ outputs: Variable<S>, of inputShape: Shape, at site: CallSite,
    reading: (UnsafeBufferPointer<S>, Shape) -> Void
  ) {
    if program.pool !== pool { program.pool = pool }
    program.run()
    let shape = outputs.shape
    guard shape.first == batchSize else {
      site.trap(
        "Predictor: of a batch of \(batchSize) examples of \(inputShape) the model makes \(shape); the first axis must count the "
          + "examples, so do not reduce over it")
    }
    program.withValue(of: outputs) { reading($0, shape) }
  }

  private func compileIfNeeded(
    _ example: Shape, areIndices: Bool = false, at site: CallSite
  ) -> (inputs: Variable<S>, outputs: Variable<S>, program: Program<S>) {
    let shape = example.batched(batchSize)
    if let compiled, compiled.inputs.shape == shape, (compiled.inputs.role == .index) == areIndices { return compiled }
    let tape = Tape<S>(mode: .inference, seed: 0, computesLater: true)
    // A trap in the model shows the shape of a batch, whose first axis nobody gave.
    let name = "inputs of \(example), predicted in batches of \(batchSize):"
    let inputs =
      areIndices
      ? tape.index(Tensor(repeating: 0, shape: shape), name: name) : tape.input(.zeros(shape), name: name)
    let outputs = tape.recordModel("Predictor: its closure", at: site) { model(inputs) }
    let fresh = (inputs, outputs, Program<S>([outputs, inputs]))
    compiled = fresh
    return fresh
  }
}

/// A model's outputs for an example are NaN or infinite, so that none is the largest, or there is no loss.
public struct NonFiniteOutputs: Error, Equatable, CustomStringConvertible {
  /// The number of the example, counted from 0.
  public let example: Int
  /// The outputs of the model for it.
  public let outputs: [Float]

  public var description: String {
    "evaluate: the model's outputs for example \(example) are not finite: \(outputs.prefix(10).map { $0 }). There is no "
      + "prediction or loss; check the parameters and this example for NaN and infinity."
  }
}

/// The loss, accuracy and confusion of a classifier on a data set.
public struct ClassificationMetrics: Sendable, Hashable, Codable {
  /// The mean of the predictor's loss: cross-entropy in nats, unless it was given another one.
  public var loss: Double
  /// The share of examples classified rightly, 0 to 1.
  public var accuracy: Double
  /// confusion[label][prediction]: how often each happened.
  public var confusion: [[Int]]

  package init(loss: Double, accuracy: Double, confusion: [[Int]]) {
    (self.loss, self.accuracy, self.confusion) = (loss, accuracy, confusion)
  }

  /// The share of each class that was classified rightly; `nil` for a class without examples.
  package var classAccuracies: [Double?] {
    confusion.enumerated().map { label, row in
      let total = row.reduce(0, +)
      return total == 0 ? nil : Double(row[label]) / Double(total)
    }
  }

  /// The pairs confused most often: label, prediction, how often.
  package func mostConfused(_ count: Int) -> [(label: Int, prediction: Int, count: Int)] {
    let pairs = confusion.indices.flatMap { label in
      confusion[label].indices.map { (label: label, prediction: $0, count: confusion[label][$0]) }
    }.filter { $0.prediction != $0.label && $0.count > 0 }
    return Array(
      pairs.sorted { ($1.count, $0.label, $0.prediction) < ($0.count, $1.label, $1.prediction) }.prefix(count))
  }
}

extension Predictor where S == Float {
  /// Loss, accuracy and confusion of logits over a data set. The class with the largest logit is predicted, the first of
  /// those that tie.
  /// - Throws: `NonFiniteOutputs` when a model's outputs have no largest or no loss, since they are NaN or infinite;
  ///   `FeedError` when a label is no class of the model; what the data set throws.
  public func evaluate(
    on data: some Dataset<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> ClassificationMetrics {
    guard data.count > 0 else {
      throw FeedError("evaluate: the data set has no examples, so there is no loss and no accuracy; give at least one")
    }
    var loss = 0.0
    var confusion: [[Int]] = []
    var failure: (any Error)?
    var labels = [Int32](repeating: 0, count: batchSize)
    let order = Array(0..<data.count)
    for start in stride(from: 0, to: data.count, by: batchSize) {
      let rows = order[start..<min(start + batchSize, data.count)]
      labels.withUnsafeMutableBufferPointer { labels in
        predict(inputShape: data.inputShape, count: rows.count, at: CallSite(file, line)) { inputs in
          do { try data.fill(inputs: inputs, targets: labels, from: rows) } catch { failure = error }
        } reading: { outputs, shape in
          if failure != nil { return }
          guard shape.rank == 2, shape[1] > 0 else {
            failure = FeedError(
              "evaluate: the model makes \(Shape(shape.dropFirst())) of an example of \(data.inputShape); it must make [classes], a "
                + "logit for each")
            return
          }
          let classes = shape[1]
          if confusion.isEmpty { confusion = Array(repeating: Array(repeating: 0, count: classes), count: classes) }
          for row in 0..<rows.count {
            let label = Int(labels[row])
            guard label >= 0, label < classes else {
              failure = FeedError(
                "evaluate: example \(start + row) has the label \(label), and the model \(classes) outputs, for 0 ..< \(classes); "
                  + "give it an output for every class")
              return
            }
            let logits = UnsafeBufferPointer(rebasing: outputs[row * classes..<(row + 1) * classes])
            let prediction = logits.indices.reduce(0) { logits[$0].isExceeded(by: logits[$1]) ? $1 : $0 }
            let own = self.loss.value(logits, label: label)
            guard !logits[prediction].isNaN, !own.isNaN else {
              failure = NonFiniteOutputs(example: start + row, outputs: Array(logits))
              return
            }
            loss += own
            confusion[label][prediction] += 1
          }
        }
      }
      if let failure { throw failure }
    }
    let n = Double(data.count)
    let correct = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
    return ClassificationMetrics(loss: loss / n, accuracy: Double(correct) / n, confusion: confusion)
  }
}
