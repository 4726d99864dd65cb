import Adjoint

/// A small random recording: elementwise chains, products, biases, reductions and reshapes with fan-out. Its structure is a
/// function of the seed alone; its inputs and parameters, of the seed and the draw.
struct RandomRecording<S: Scalar> {
  let tape = Tape<S>()
  private(set) var inputs: [Variable<S>] = []
  private(set) var parameters: [Parameter<S>] = []
  private(set) var outputs: [Variable<S>] = []
  private var pool: [Variable<S>] = []
  private var structure: Generator

  /// What the inputs and then the parameters hold in a draw.
  static func values(seed: UInt64, draw: UInt64, shapes: [Shape]) -> [Tensor<Double>] {
    var generator = Generator(seed: seed).stream(1, draw)
    return shapes.map { generator.tensor($0, -1.2, 1.2) }
  }

  init(seed: UInt64, draw: UInt64, parameters shared: [Parameter<S>]? = nil) {
    structure = Generator(seed: seed).stream(0)
    let (rows, columns) = (1 + pick(5), 1 + pick(5))
    let shapes: [Shape] = [[rows, columns], [rows, columns], [columns], [columns, rows], [], [rows, 1]]
    let values = Self.values(seed: seed, draw: draw, shapes: shapes)
    inputs = values.prefix(3).map { tape.input($0.converted()) }
    parameters = shared ?? values.dropFirst(3).map { Parameter($0.converted()) }
    pool = inputs + parameters.map { tape.parameter($0) } + [tape.constant(0.75)]
    for _ in 0..<(4 + pick(14)) { pool.append(next()) }
    chooseOutputs()
  }

  private mutating func pick(_ count: Int) -> Int { Int(structure.next() % UInt64(count)) }
  /// Recent values more often than old ones, so that chains grow; old ones too, so that they fan out.
  private mutating func operand() -> Variable<S> {
    pick(3) == 0 ? pool[pick(pool.count)] : pool[pool.count - 1 - pick(min(4, pool.count))]
  }

  private mutating func next() -> Variable<S> {
    let x = operand()
    switch pick(12) {
    case 0, 1, 2: return elementwise(x)
    case 3, 4, 5:
      let y = pool[pick(pool.count)]
      guard let pair = try? Shape.broadcast(x.shape, y.shape, in: "random"), pair.elementCount <= 64 else { return -x }
      return [x + y, x - y, x * y, x.maximum(y), x .< y, `where`(x .> 0, y, x * y)][pick(6)]
    case 6:
      guard let y = pool.last(where: { $0.shape.rank == 2 && x.shape.rank == 2 && $0.shape[0] == x.shape[1] }) else {
        return x * 0.5
      }
      return x.matmul(y)
    case 7:
      guard x.shape.rank == 2, let y = pool.first(where: { $0.shape.rank == 2 && $0.shape[1] == x.shape[1] }) else {
        return x.square()
      }
      return x.matmul(y, transposeB: true)
    case 8:
      guard x.shape.rank >= 1, let b = pool.last(where: { $0.shape == [x.shape[x.shape.rank - 1]] }) else {
        return x.tanh()
      }
      return pick(2) == 0 ? x.addBias(b) : x.addBias(b).relu()
    case 9:
      guard x.shape.rank >= 1 else { return x.sin() }
      let axis = pick(x.shape.rank)
      return pick(2) == 0 ? x.sum(axes: [axis]) : x.mean(axes: [axis], keepingDimensions: true)
    case 10:
      return x.shape.rank == 2 ? x.reshape(to: [x.shape[1], x.shape[0]]) : x.reshape(to: [1, x.shape.elementCount])
    case 11:
      return x.shape.rank == 2 ? [x.transposed(), x.softmax(), x.logSoftmax(axis: 0)][pick(3)] : x.stopGradient()
    case let other: fatalError("no operation \(other)")
    }
  }

  private mutating func elementwise(_ x: Variable<S>) -> Variable<S> {
    switch pick(9) {
    case 0: x.tanh()
    case 1: x.relu()
    case 2: x.sigmoid()
    case 3: x.gelu()
    case 4: (x * 0.25).square()
    case 5: x.leakyRelu(slope: 0.1)
    case 6: 1 - x
    case 7: x.clamp(-0.8, 0.8)
    case 8: x.sin() * x
    case let other: fatalError("no function \(other)")
    }
  }

  /// A few values, perhaps leaves and perhaps one twice; for every other recording, gradients of their sum as well.
  private mutating func chooseOutputs() {
    outputs = (0..<(1 + pick(3))).map { _ in pool[pick(pool.count)] } + [pool[pool.count - 1]]
    if pick(4) == 0 { outputs.append(outputs[0]) }
    guard pick(2) == 0 else { return }
    let terms = outputs.map { ($0 * 0.7).sin().sum() }
    let loss = terms.dropFirst().reduce(terms[0]) { $0 + $1 }
    outputs += gradients(of: loss, withRespectTo: inputs + parameters.map { tape.parameter($0) })
    if pick(2) == 0 { outputs.append(loss) }
  }
}
