import Adjoint
import AdjointCommandLine
import AdjointLearning
import Foundation

/// The work of a row that is measured in a process of its own, ours and everybody else's: so its first run, which records and
/// compiles, and the most memory that it takes are known beside its later runs.
protocol LoneProblem: Sendable {
  /// Floating-point operations of products and convolutions, for the share of the peak; nil where that says nothing.
  var productOperations: Double? { get }
  /// The variants of other libraries that do this work.
  var peers: [String] { get }
  /// True when every process of the row is another program, whose memory it reports itself.
  var isProcess: Bool { get }
  /// The peers' script among the benchmark's examples.
  var script: String { get }
  /// The largest difference from our answer, against the largest magnitude in it, with which a peer's figure counts.
  var tolerance: Double { get }
  /// Looks for the programs that the row runs.
  /// - Throws: `CommandError` when one has not been built.
  func requirePrograms() throws
  /// The row, checked and ready to be timed, with the seconds of its first run.
  func prepared(threads: Int) throws -> PreparedRow
  /// The fields that the peers' script reads. What is too long for JSON goes into the folder.
  func fields(_ folder: ExchangeFolder) throws -> [(String, JSON)]
  /// The training step and one of its runs, for a profile; nil for other work.
  func profiledStep(threads: Int) -> (step: TrainingStep<Float>, run: () throws -> Float)?
}

extension LoneProblem {
  var isProcess: Bool { false }
  func requirePrograms() {}
  var script: String { "networks.py" }
  var tolerance: Double { 1e-4 }
  func profiledStep(threads: Int) -> (step: TrainingStep<Float>, run: () throws -> Float)? { nil }
}

/// A folder in which the peers find the row's arrays and our answers, as little-endian binary files.
struct ExchangeFolder {
  let url: URL

  /// Writes tensors one after the other, and gives their shapes.
  func write<S: Scalar>(_ tensors: [Tensor<S>], _ name: String) throws -> JSON {
    var bytes = Data()
    for tensor in tensors { tensor.elements.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    try bytes.write(to: url.appendingPathComponent(name))
    return .array(tensors.map { .integers($0.shape.map { $0 }) })
  }

  func write<Element: BitwiseCopyable>(_ elements: [Element], _ name: String) throws {
    try elements.withUnsafeBytes { Data($0) }.write(to: url.appendingPathComponent(name))
  }
}

/// Numbers from −1 to 1 for a problem, the same in every process.
struct Noise {
  private var generator: Generator

  init(seed: UInt64) { generator = Generator(seed: seed) }

  mutating func tensor(_ shape: Shape) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform(-1, 1) })
  }

  mutating func floats(_ shape: Shape) -> Tensor<Float> { tensor(shape).map { Float($0) } }

  mutating func indices(_ shape: Shape, below count: Int) -> Tensor<Int32> {
    let numbers = (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(count)) }
    return Tensor(shape: shape, elements: numbers)
  }
}
