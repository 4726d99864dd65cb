import Adjoint
import Testing

/// Compares the outputs of a program with those of the recording, on one thread and in parts of several, each run twice.
///
/// - Returns: the number of the program's instructions.
@discardableResult
func instructionsOfSameBits<S: BitComparable>(_ outputs: [Variable<S>]) -> Int {
  let program = Program<S>(outputs)
  for parts in [1, 2, 3, 8] {
    program.pool = parts == 1 ? nil : WorkerPool(partsInTurn: parts, lastFirst: true)
    for _ in 0..<2 {
      program.run()
      for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
    }
  }
  return program.instructionCount
}
