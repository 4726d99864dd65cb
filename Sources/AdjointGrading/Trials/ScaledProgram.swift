import Adjoint
import AdjointChecking

/// A random program whose loss is multiplied by 2^k, and each of whose moving leaves holds 2^k times its value and is multiplied
/// by 2^−k directly behind it.
///
/// Powers of 2 are exact: every value in between, and every derivative but for its own power of 2, is the same bit for bit,
/// and so must the verdict be.
struct ScaledProgram: Sendable {
  let program: RandomProgram
  /// The power of the loss.
  var loss = 0
  /// The power of each moving leaf, in their order.
  var leaves: [Int]

  init(_ program: RandomProgram) {
    self.program = program
    leaves = program.movingLeaves.map { _ in 0 }
  }

  /// The program with powers drawn between −limit and limit.
  func scaled(within limit: Int, using generator: inout Generator) -> ScaledProgram {
    func power() -> Int { Int(generator.next() % UInt64(2 * limit + 1)) - limit }
    var copy = self
    copy.loss = power()
    copy.leaves = leaves.map { _ in power() }
    return copy
  }

  /// The program with powers half as large.
  var halved: ScaledProgram {
    var copy = self
    copy.loss /= 2
    copy.leaves = leaves.map { $0 / 2 }
    return copy
  }

  // MARK: Recording

  struct Recording<S: Scalar> {
    let output: Variable<S>
    let moving: [Variable<S>]
    /// The node of each step, behind the power of a leaf.
    let nodes: [Int]
  }

  /// Records the program, with the rule of one operation spoilt where a fault does so.
  func record<S: Scalar>(on tape: Tape<S>, with fault: PlantedFault?) -> Recording<S> {
    let recording = record(on: tape)
    guard let fault, let step = recording.nodes.firstIndex(of: fault.node),
      let operation = program.steps[step].operation
    else { return recording }
    var faulty = program
    faulty.steps[step].kind = .operation(
      fault.spoilt(operation, at: tape[fault.node]), inputs: program.steps[step].inputs)
    tape.truncate()
    return record(on: tape, as: faulty)
  }

  func record<S: Scalar>(on tape: Tape<S>, as program: RandomProgram? = nil) -> Recording<S> {
    let program = program ?? self.program
    var values: [Variable<S>] = []
    var moving: [Variable<S>] = []
    for (i, step) in program.steps.enumerated() {
      guard let leaf = step.leaf else {
        if let operation = step.operation {
          values.append(tape.record(operation, inputs: step.inputs.map { values[$0] }))
        }
        continue
      }
      switch program.value(ofLeaf: i) {
      case .indices(let value): values.append(tape.index(value))
      case .numbers(let value) where leaf.role == .constant: values.append(tape.constant(value.converted()))
      case .numbers(let value):
        let factor = Double(sign: .plus, exponent: leaves[moving.count], significand: 1)
        let scaled: Tensor<S> = value.map { $0 * factor }.converted()
        let x = leaf.role == .parameter ? tape.parameter(Parameter(scaled)) : tape.input(scaled)
        moving.append(x)
        values.append(x * (1 / factor))
      }
    }
    let output = values[program.output] * Double(sign: .plus, exponent: loss, significand: 1)
    return Recording(output: output, moving: moving, nodes: values.map(\.index))
  }

  /// The gradient for the program's cotangent, a list for each leaf, with a fault where there is one.
  func gradient(with fault: PlantedFault?) -> [[Double]] {
    let tape = Tape<Double>()
    let recording = record(on: tape, with: fault)
    let sound = tape.backward(
      from: recording.output, cotangent: tape.constant(program.cotangent), to: recording.moving)
    let backward = fault?.planted(in: sound) ?? sound
    return recording.moving.map { (backward.adjoint(of: $0)?.value ?? .zeros($0.shape)).elements }
  }

  /// Tells whether every value of this program and of its derivative is that of the unscaled one but for a power of 2: nothing
  /// overflows, and nothing loses bits below the normal numbers.
  func isInRange<S: Scalar>(of scalar: S.Type) -> Bool {
    let plain = ScaledProgram(program)
    let (own, expected, exact) = (swept(scalar), plain.swept(scalar), plain.swept(Double.self))
    let smallest = S.self == Float.self ? Double(Float.leastNormalMagnitude) : Double.leastNormalMagnitude
    return own.indices.allSatisfy { node in
      own[node].indices.allSatisfy { i in
        let (a, b) = (own[node][i], expected[node][i])
        if !b.isFinite { return !a.isFinite }
        // In Double, what vanishes in Float is still there.
        let isGone = b == 0 && exact[node][i] != 0 && abs(exact[node][i]) < smallest
        return a.isFinite && !isGone && (a == 0) == (b == 0) && (a == 0 || abs(a) >= smallest)
          && a.significand == b.significand
      }
    }
  }

  /// Every value of forward and backward.
  private func swept<S: Scalar>(_ scalar: S.Type) -> [[Double]] {
    let tape = Tape<S>()
    let recording = record(on: tape)
    _ = tape.backward(
      from: recording.output, cotangent: tape.constant(program.cotangent.converted()), to: recording.moving)
    return (0..<tape.count).map { node in
      tape[node].holdsIndices ? [] : tape[node].value.converted(to: Double.self).elements
    }
  }
}
