import Adjoint
import AdjointCommandLine

/// A matrix product, as a compiled program of one instruction, as a network has it, with nothing of the tape around it.
struct ProductProblem: Sendable {
  /// The storage of the operands.
  enum Form: String, Sendable { case plain, transposedA, transposedB }

  let form: Form
  let rows: Int
  let depth: Int
  let columns: Int

  var operations: Double { 2 * Double(rows * depth * columns) }

  /// Both operands as stored.
  var operands: (a: Tensor<Float>, b: Tensor<Float>) {
    (
      form == .transposedA ? BenchData.matrix(depth, rows, seed: 4) : BenchData.matrix(rows, depth, seed: 4),
      form == .transposedB ? BenchData.matrix(columns, depth, seed: 5) : BenchData.matrix(depth, columns, seed: 5)
    )
  }

  private func record(_ a: Tensor<Float>, _ b: Tensor<Float>) -> Variable<Float> {
    let tape = Tape<Float>()
    return tape.input(a).matmul(tape.input(b), transposeA: form == .transposedA, transposeB: form == .transposedB)
  }

  /// The answer that other libraries must reproduce.
  func recorded() -> Tensor<Float> { record(operands.a, operands.b).value }

  /// The product as a program whose answer has been checked.
  func program() throws(CommandError) -> Program<Float> {
    let (a, b) = operands
    let c = record(a, b)
    let program = Program<Float>([c])
    program.run()
    try check(program.value(of: c), a, b)
    return program
  }

  func prepared() throws -> PreparedRow {
    let program = try program()
    let operations = operations
    return PreparedRow({ program.run() }, figure: { operations / $0 / 1e9 })
  }

  /// Compares rows with a plain loop in Double: |error| ≤ 2·k·ε·Σ|a||b|. All of a small product, every 37th row of a large one.
  private func check(_ c: Tensor<Float>, _ a: Tensor<Float>, _ b: Tensor<Float>) throws(CommandError) {
    let (x, y, z) = (a.elements, b.elements, c.elements)
    let (strideA, stepA) = form == .transposedA ? (1, rows) : (depth, 1)
    let (strideB, stepB) = form == .transposedB ? (depth, 1) : (1, columns)
    for i in stride(from: 0, to: rows, by: operations > 1e7 ? 37 : 1) {
      for j in 0..<columns {
        var (sum, magnitude) = (0.0, 0.0)
        for p in 0..<depth {
          let term = Double(x[i * strideA + p * stepA]) * Double(y[j * strideB + p * stepB])
          sum += term
          magnitude += term.magnitude
        }
        let found = Double(z[i * columns + j])
        guard (found - sum).magnitude <= 2 * Double(depth) * 0x1p-24 * magnitude else {
          throw .disagreement(
            "the product \(rows) × \(depth) × \(columns), \(form): [\(i), \(j)] is \(found); a plain loop says \(sum)")
        }
      }
    }
  }
}

/// A function of every element, or of every row, of a 128 × 256 matrix.
struct ElementwiseProblem: Sendable {
  enum Function: String, Sendable {
    case exp, tanh, sigmoid
    case logSoftmax = "log-softmax"
  }

  let function: Function
  static let shape = (rows: 128, columns: 256)

  static var input: Tensor<Float> { BenchData.matrix(shape.rows, shape.columns, seed: 6).map { 4 * $0 } }

  private func record() -> Variable<Float> {
    let x = Tape<Float>().input(ElementwiseProblem.input)
    return switch function {
    case .exp: x.exp()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .logSoftmax: x.logSoftmax()
    }
  }

  /// The answer that other libraries must reproduce.
  func recorded() -> Tensor<Float> { record().value }

  func prepared() throws -> PreparedRow {
    let input = ElementwiseProblem.input
    let y = record()
    let program = Program<Float>([y])
    program.run()
    let found = program.value(of: y)
    for (position, expected) in definition(input.elements.map(Double.init)).enumerated() {
      let value = Double(found.elements[position])
      guard (value - expected).magnitude <= 8 * 0x1p-23 * max(1, expected.magnitude) else {
        throw CommandError.disagreement(
          "\(function.rawValue): element \(position) is \(value), by definition \(expected)")
      }
    }
    return PreparedRow({ program.run() }, figure: { $0 * 1e9 / Double(input.elements.count) })
  }

  /// The function by its definition, in Double.
  private func definition(_ x: [Double]) -> [Double] {
    switch function {
    case .exp: x.map(Double.exponential)
    case .tanh: x.map(Double.hyperbolicTangent)
    case .sigmoid: x.map { 1 / (1 + Double.exponential(-$0)) }
    case .logSoftmax:
      stride(from: 0, to: x.count, by: ElementwiseProblem.shape.columns).flatMap { start in
        let row = x[start..<start + ElementwiseProblem.shape.columns]
        let total = Double.logarithm(row.reduce(0) { $0 + Double.exponential($1) })
        return row.map { $0 - total }
      }
    }
  }
}
