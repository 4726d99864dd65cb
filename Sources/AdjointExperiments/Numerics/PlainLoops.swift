import Adjoint
import AdjointLearning
import Foundation

/// Vectors, matrices and activation functions in plain loops on `Double`: no tape, no kernel, no rule of the library.
///
/// The formulas that documents write out by hand are computed with these, so that they bear witness of their own.
enum PlainLoops {
  /// W x for W [rows, columns].
  static func times(_ w: Tensor<Double>, _ x: [Double]) -> [Double] {
    let (rows, columns) = (w.shape[0], w.shape[1])
    return (0..<rows).map { i in
      var sum = 0.0
      for j in 0..<columns { sum += w.elements[i * columns + j] * x[j] }
      return sum
    }
  }

  /// Wᵀ y.
  static func transposedTimes(_ w: Tensor<Double>, _ y: [Double]) -> [Double] {
    let (rows, columns) = (w.shape[0], w.shape[1])
    var result = [Double](repeating: 0, count: columns)
    for i in 0..<rows {
      for j in 0..<columns { result[j] += w.elements[i * columns + j] * y[i] }
    }
    return result
  }

  /// A B for matrices given by rows.
  static func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    a.map { row in
      var sums = [Double](repeating: 0, count: b.first?.count ?? 0)
      for (k, factor) in row.enumerated() where factor != 0 {
        for j in sums.indices { sums[j] += factor * b[k][j] }
      }
      return sums
    }
  }

  static func softmax(_ z: [Double]) -> [Double] {
    let largest = z.max() ?? 0
    let powers = z.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// −z_label + ln Σ exp z.
  static func crossEntropy(_ z: [Double], _ label: Int) -> Double {
    let largest = z.max() ?? 0
    return largest + log(z.reduce(0) { $0 + exp($1 - largest) }) - z[label]
  }

  /// h(z) of the functions that the documents use.
  static func value(_ activation: Activation, _ z: Double) -> Double {
    switch activation {
    case .relu: max(0, z)
    case .sigmoid: 1 / (1 + exp(-z))
    case .tanh: tanh(z)
    case .identity: z
    case .leakyRelu, .elu, .gelu, .silu, .softplus:
      fatalError("PlainLoops: no document uses \(activation.rawValue)")
    }
  }

  /// h′(z).
  static func slope(_ activation: Activation, _ z: Double) -> Double {
    switch activation {
    case .relu: z > 0 ? 1 : 0
    case .sigmoid: value(.sigmoid, z) * (1 - value(.sigmoid, z))
    case .tanh: 1 - tanh(z) * tanh(z)
    case .identity: 1
    case .leakyRelu, .elu, .gelu, .silu, .softplus:
      fatalError("PlainLoops: no document uses \(activation.rawValue)")
    }
  }
}
