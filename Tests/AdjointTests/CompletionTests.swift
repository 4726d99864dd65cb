import Adjoint
import Foundation
import Testing

/// Outputs that are told in the course of a run as soon as they are complete.
@Suite struct CompletionTests {
  /// The gradients of a chain of three products, last weight first, and the program of their recording.
  private func record() -> (program: Program<Float>, x: Variable<Float>, outputs: [Variable<Float>]) {
    var generator = Generator(seed: 4)
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [32, 48], elements: (0..<32 * 48).map { _ in Float(generator.normal()) }))
    let weights = (0..<3).map { _ in
      Parameter<Float>(Tensor(shape: [48, 48], elements: (0..<48 * 48).map { _ in Float(generator.normal()) }))
    }
    let loss = weights.reduce(x) { ($0.matmul(tape.parameter($1)) * 0.1).tanh() }.square().mean()
    let outputs = [loss] + gradients(of: loss, withRespectTo: weights.reversed().map { tape.parameter($0) })
    return (Program(outputs), x, outputs)
  }

  @Test("Each set is told once, in order, when it is whole and before the run has ended", arguments: [1, 2])
  func early(threads: Int) throws {
    let (program, x, outputs) = record()
    if threads > 1 { program.pool = WorkerPool(partsInTurn: threads, lastFirst: true) }
    let group = ProcessGroup.threads(1)[0]
    program.run()
    // A run does not let anybody ask for values: these places are looked at in its course.
    let places = outputs.map { output in program.withValue(of: output) { $0 } }
    func bits(_ position: Int) -> [UInt32] { places[position].map(\.bitPattern) }
    try program.feed(x, Tensor<Float>(repeating: 0.5, shape: [32, 48]))
    var (told, seen, last): ([Int], [[UInt32]], [[UInt32]]) = ([], [], [])
    program.compute(completing: [[1], [2], [3]], on: group) { number in
      told.append(number)
      seen.append(bits(number + 1))
      last.append(bits(3))
    }
    let after = outputs.indices.map(bits)
    #expect(told == [0, 1, 2])
    #expect(seen == Array(after[1...]))
    // What is told last was not there when the first were told.
    #expect(last[0] != after[3] && last[1] != after[3] && last[2] == after[3])
    // Another run tells nobody, and a set waits for those before it.
    program.run()
    #expect(told.count == 3)
    var order: [Int] = []
    program.compute(completing: [[3, 1], [2], []], on: group) { order.append($0) }
    #expect(order == [0, 1, 2] && outputs.indices.map(bits) == after)
  }
}
