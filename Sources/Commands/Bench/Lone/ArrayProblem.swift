import Adjoint
import AdjointCommandLine
import AdjointLearning

/// A function of arrays, and where it says so its gradients, as a program of its own.
enum ArrayProblem: LoneProblem {
  /// A convolution 3 × 3 with zeros around: its value, or the gradients of images and kernels alone.
  case convolution(inputs: Int, outputs: Int, size: Int, batch: Int, isGradient: Bool)
  /// The same of each channel by itself.
  case depthwise(channels: Int, size: Int, batch: Int, isGradient: Bool)
  /// Products of matrices [m, k] and [k, n].
  case products(count: Int, m: Int, k: Int, n: Int)
  /// Causal attention and its three gradients.
  case attention(batch: Int, heads: Int, length: Int, width: Int)
  /// Factors of positive definite matrices, in Double.
  case cholesky(count: Int, size: Int)
  /// Solutions for as many right sides as a matrix has rows, in Double.
  case triangular(count: Int, size: Int)

  var productOperations: Double? {
    switch self {
    case .convolution(let inputs, let outputs, let size, let batch, let isGradient):
      Double(2 * batch * size * size * 9 * inputs * outputs * (isGradient ? 2 : 1))
    case .depthwise(let channels, let size, let batch, let isGradient):
      Double(2 * batch * size * size * 9 * channels * (isGradient ? 2 : 1))
    case .products(let count, let m, let k, let n): Double(2 * count * m * k * n)
    // Two products forward and four backward, of the half that is seen; a backward pass that keeps no weights computes one anew.
    case .attention(let batch, let heads, let length, let width): 6 * Double(batch * heads * length * length * width)
    // A core does half as many operations in Double, so each counts twice.
    case .cholesky(let count, let size): 2 * Double(count * size * size * size) / 3
    case .triangular(let count, let size): 2 * Double(count * size * size * size)
    }
  }

  var peers: [String] {
    switch self {
    case .convolution, .depthwise: ["torch", "torch-channels-last", "jax-jit"]
    case .products: ["torch", "torch-compile", "jax-jit", "numpy"]
    case .attention: ["torch", "torch-compile", "jax-jit"]
    case .cholesky, .triangular: ["numpy", "torch", "jax-jit"]
    }
  }

  var tolerance: Double { isDouble ? 1e-9 : 1e-4 }

  private var isDouble: Bool {
    switch self {
    case .cholesky, .triangular: true
    case .convolution, .depthwise, .products, .attention: false
    }
  }

  /// The arrays that the function is given.
  private func inputs() -> [Tensor<Double>] {
    var noise = Noise(seed: 12)
    switch self {
    case .convolution(let inputs, let outputs, let size, let batch, let isGradient):
      let all: [Shape] = [
        [batch, size, size, inputs], [outputs, inputs, 3, 3], [batch, size, size, outputs],
      ]
      return all[..<(isGradient ? 3 : 2)].map { noise.tensor($0) }
    case .depthwise(let channels, let size, let batch, let isGradient):
      let all: [Shape] = [[batch, size, size, channels], [channels, 1, 3, 3], [batch, size, size, channels]]
      return all[..<(isGradient ? 3 : 2)].map { noise.tensor($0) }
    case .products(let count, let m, let k, let n): return [noise.tensor([count, m, k]), noise.tensor([count, k, n])]
    case .attention(let batch, let heads, let length, let width):
      return (0..<4).map { _ in noise.tensor([batch, heads, length, width]) }
    case .cholesky(let count, let size): return [noise.tensor([count, size, size]).dominated(by: size, isLower: false)]
    case .triangular(let count, let size):
      return [
        noise.tensor([count, size, size]).dominated(by: size, isLower: true), noise.tensor([count, size, size]),
      ]
    }
  }

  private func results<S: Scalar>(_ x: [Variable<S>]) -> [Variable<S>] {
    switch self {
    case .convolution(_, _, _, _, let isGradient):
      let y = x[0].conv2d(x[1], padding: 1)
      return isGradient ? gradients(of: y, withRespectTo: [x[0], x[1]], cotangent: x[2]) : [y]
    case .depthwise(let channels, _, _, let isGradient):
      let y = x[0].conv2d(x[1], padding: 1, groups: channels)
      return isGradient ? gradients(of: y, withRespectTo: [x[0], x[1]], cotangent: x[2]) : [y]
    case .products: return [x[0].matmul(x[1])]
    case .attention:
      let y = scaledDotProductAttention(x[0], x[1], x[2], isCausal: true)
      return [y] + gradients(of: y, withRespectTo: Array(x[..<3]), cotangent: x[3])
    case .cholesky: return [x[0].cholesky()]
    case .triangular: return [x[0].solveTriangular(x[1])]
    }
  }

  // MARK: Row

  func prepared(threads: Int) throws -> PreparedRow {
    let inputs = inputs()
    return isDouble
      ? try prepared(inputs, threads: threads) : try prepared(inputs.map { $0.map { Float($0) } }, threads: threads)
  }

  /// The program of the results, after its values were those of an eager recording to the last bit. What that recording takes is no
  /// part of the row's memory.
  private func prepared<S: Scalar>(_ inputs: [Tensor<S>], threads: Int) throws -> PreparedRow {
    let pool = threads > 1 ? WorkerPool(threads: threads) : nil
    let start = ContinuousClock.now
    // As `CompiledFunction` records.
    let tape = Tape<S>(mode: .inference, seed: 0, computesLater: true)
    let compiled = results(inputs.map { tape.input($0) })
    let program = Program<S>(compiled)
    program.pool = pool
    program.run()
    let first = start.duration(to: .now).seconds
    let memory = PeakMemory.mebibytes
    let eager = Tape<S>()
    for (result, recorded) in zip(compiled, results(inputs.map { eager.input($0) }))
    where program.value(of: result) != recorded.value {
      throw CommandError.disagreement("\(self): a value \(result.shape) of the program is not the one recorded")
    }
    var row = PreparedRow({ program.run() }, figure: { $0 * 1e3 })
    (row.pool, row.first, row.memory) = (pool, first, { memory })
    return row
  }

  func fields(_ folder: ExchangeFolder) throws -> [(String, JSON)] {
    let inputs = inputs()
    return isDouble ? try fields(inputs, folder) : try fields(inputs.map { $0.map { Float($0) } }, folder)
  }

  private func fields<S: Scalar>(_ inputs: [Tensor<S>], _ folder: ExchangeFolder) throws -> [(String, JSON)] {
    let tape = Tape<S>()
    let results = results(inputs.map { tape.input($0) }).map(\.value)
    let kind =
      switch self {
      case .convolution(_, _, _, _, let isGradient): isGradient ? "convolution-gradients" : "convolution"
      case .depthwise(_, _, _, let isGradient): isGradient ? "depthwise-gradients" : "depthwise"
      case .products: "products"
      case .attention: "attention"
      case .cholesky: "cholesky"
      case .triangular: "triangular"
      }
    return [
      ("kind", .string(kind)), ("precision", .string(isDouble ? "float64" : "float32")),
      ("inputs", try folder.write(inputs, "inputs.bin")), ("results", try folder.write(results, "results.bin")),
    ]
  }
}

extension Tensor<Double> {
  /// These matrices with a diagonal that outweighs the rest of each row: symmetric, or the lower triangle alone.
  fileprivate func dominated(by size: Int, isLower: Bool) -> Tensor {
    var values = elements
    for start in stride(from: 0, to: values.count, by: size * size) {
      for i in 0..<size {
        for j in 0..<i {
          if !isLower { values[start + j * size + i] = values[start + i * size + j] }
          if isLower { values[start + j * size + i] = 0 }
        }
        values[start + i * size + i] = Double(size) + values[start + i * size + i]
      }
    }
    return Tensor(shape: shape, elements: values)
  }
}
