import Adjoint

/// Functions of tensors, recorded and compiled once and run at new numbers.
struct Compiler {
  let pool: WorkerPool?
  /// The time that recording and compiling took, since somebody set it to zero.
  let preparation = Stopwatch()

  /// A function that feeds tensors of the shapes of these, runs what `f` recorded, and gives its values.
  func callAsFunction(
    _ inputs: [Tensor<Double>], of f: ([Variable<Double>]) -> [Variable<Double>]
  ) -> ([Tensor<Double>]) throws -> [Tensor<Double>] {
    let start = ContinuousClock.now
    defer { preparation.elapsed += start.duration(to: .now) }
    let tape = Tape<Double>()
    let leaves = inputs.map { tape.input($0) }
    let results = f(leaves)
    // What no result depends on is no part of the program, and is not fed.
    let program = Program<Double>(results + leaves)
    program.pool = pool
    tape.truncate()
    return { values in
      for (leaf, value) in zip(leaves, values) { try program.feed(leaf, value) }
      program.run()
      return results.map { program.value(of: $0) }
    }
  }

  /// The same for a function of one tensor.
  func callAsFunction(
    _ input: Tensor<Double>, of f: (Variable<Double>) -> Variable<Double>
  ) -> (Tensor<Double>) throws -> Tensor<Double> {
    let compiled = self([input]) { [f($0[0])] }
    return { try compiled([$0])[0] }
  }
}

/// A sum of durations.
final class Stopwatch {
  var elapsed = Duration.zero
}

extension Tensor<Double> {
  /// The rows of a matrix or a batch, as JSON has them.
  var rows: [[Double]] {
    let (elements, width) = (elements, shape.dropFirst().reduce(1, *))
    return (0..<shape[0]).map { Array(elements[$0 * width..<($0 + 1) * width]) }
  }

  /// A matrix of rows, also of none.
  init(rows: [[Double]], columns: Int) throws {
    guard let wrong = rows.first(where: { $0.count != columns }) else {
      self.init(shape: [rows.count, columns], elements: rows.flatMap { $0 })
      return
    }
    throw Failure("a row has \(wrong.count) numbers where \(columns) are expected")
  }
}
