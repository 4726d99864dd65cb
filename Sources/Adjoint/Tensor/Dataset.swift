/// Examples for supervised learning: each an input vector and a target, both drawn out in batches.
///
/// `Target` is `Int32` for classes and `Float` for regression, so a training loop over `some Dataset<Int32>` serves images
/// and points alike. A data set is a value; selecting from it gives another one.
public protocol Dataset<Target>: Sendable, CustomStringConvertible {
  /// The type of a target: `Int32` for class numbers, `Float` for regression.
  associatedtype Target: BitwiseCopyable & Sendable
  /// The type of the error of examples that cannot be read; `Never` for those that are in memory.
  associatedtype Failure: Error = Never

  /// The number of examples.
  var count: Int { get }
  /// The shape of one input, such as `.vector(features)`; each step asks for it, and an array literal would allocate there.
  var inputShape: Shape { get }
  /// The shape of one target: `.scalar` for a class, `.vector(outputs)` for regression.
  var targetShape: Shape { get }

  /// Writes the examples with these numbers, in this order, into existing memory; it allocates nothing.
  ///
  /// Threads call this at the same time, for different rows or for the same ones: each of two may write a whole batch for
  /// itself. The same rows must give the same numbers, every time. Whoever cannot read them throws.
  /// - Precondition: the buffers hold at least `rows.count` inputs and targets, and every row exists.
  func fill(
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Target>, from rows: ArraySlice<Int>
  ) throws(Failure)

  /// Says which examples are asked for next, so that a data set that is not in memory may begin to read them.
  func announce(_ rows: ArraySlice<Int>)

  /// The examples with these numbers, in this order.
  /// - Precondition: every row exists.
  func selecting(_ rows: ArraySlice<Int>) -> Self
}

/// Some examples as tensors, ready to be fed to a model.
public struct Batch<Target: BitwiseCopyable & Sendable>: Sendable {
  /// [b, features].
  public let inputs: Tensor<Float>
  /// [b] class numbers, or [b, outputs] numbers.
  public let targets: Tensor<Target>

  /// Inputs and targets whose first axis counts the examples.
  package init(inputs: Tensor<Float>, targets: Tensor<Target>) {
    self.inputs = inputs
    self.targets = targets
  }

  /// The number of examples, b.
  public var count: Int { inputs.shape[0] }
}

extension Batch: CustomStringConvertible {
  /// The shapes: `Batch of 128: inputs [128, 784], targets [128] of Int32`.
  public var description: String {
    "Batch of \(count): inputs \(inputs.shape), targets \(targets.shape) of \(Target.self)"
  }
}

extension Batch: Equatable where Target: Equatable {}

extension Batch where Target == Int32 {
  /// The inputs under the name that they have when they are images: [b, pixels].
  public var images: Tensor<Float> { inputs }
  /// The class numbers: [b].
  public var labels: Tensor<Int32> { targets }
}

extension Dataset {
  public func announce(_ rows: ArraySlice<Int>) {}

  /// The type, the number of examples and the shapes of one, without the numbers.
  public var description: String {
    "\(Self.self): \(count) examples, inputs \(inputShape), targets \(targetShape) of \(Target.self)"
  }

  /// Traps unless every row exists and the buffers have room for the examples: what every `fill` begins with.
  package func checkFilling(_ inputs: Int, _ targets: Int, from rows: ArraySlice<Int>) {
    let count = count
    for row in rows where row < 0 || row >= count { fatalError("Dataset: there is no example \(row) among \(count)") }
    guard inputs >= rows.count * inputShape.elementCount, targets >= rows.count * targetShape.elementCount else {
      fatalError(
        "Dataset.fill: room for \(inputs) inputs and \(targets) targets is too small for \(rows.count) examples")
    }
  }

  /// The examples with these numbers, in this order, as tensors.
  /// - Precondition: every row exists.
  package func batch(_ rows: ArraySlice<Int>) throws(Failure) -> Batch<Target> {
    for row in rows where row < 0 || row >= count { fatalError("Dataset: there is no example \(row) among \(count)") }
    let targetCount = rows.count * targetShape.elementCount
    var targets: [Target] = []
    var failure: Failure?
    let inputs = Tensor<Float>(shape: Shape([rows.count] + inputShape)) { inputs in
      targets = Array(unsafeUninitializedCapacity: targetCount) { buffer, initialized in
        do throws(Failure) {
          try fill(inputs: inputs, targets: UnsafeMutableBufferPointer(rebasing: buffer[0..<targetCount]), from: rows)
          initialized = targetCount
        } catch { failure = error }
      }
      if failure != nil { inputs.update(repeating: 0) }
    }
    if let failure { throw failure }
    return Batch(inputs: inputs, targets: Tensor(shape: Shape([rows.count] + targetShape), elements: targets))
  }

  /// The first examples, at most `maximum` of them.
  public func prefix(_ maximum: Int) -> Self { selecting(Array(0..<Swift.max(0, Swift.min(maximum, count)))[...]) }

  /// The same examples in random order.
  package func shuffled(using generator: inout Generator) -> Self { selecting(generator.permutation(of: count)[...]) }

  /// Divides the examples at random: `validation` is the fraction, rounded to whole examples, that is set aside.
  /// - Precondition: 0 ≤ validation ≤ 1.
  public func split(
    validation fraction: Double, using generator: inout Generator
  ) -> (training: Self, validation: Self) {
    guard (0...1).contains(fraction) else { fatalError("split: the fraction \(fraction) is not between 0 and 1") }
    let order = generator.permutation(of: count)
    let aside = Int((Double(count) * fraction).rounded())
    return (selecting(order[aside...]), selecting(order[..<aside]))
  }
}

extension Dataset where Failure == Never {
  /// All examples as one batch: what small problems and evaluations want.
  public var all: Batch<Target> { batch(Array(0..<count)[...]) }
}
