import AdjointKernels

// What a benchmark needs of the kernels: work of a known size, without a tape around it. Time stays with the caller.

extension Kernels {
  /// Runs about this many fused multiply-adds in registers, on one core, and returns how many floating-point operations
  /// that was (two for each); nil when the reference loops are in use, which have no peak.
  public static func spin(multiplyAdds: Int) -> Double? { active.map { $0.pointee.fma_peak_f32(multiplyAdds) } }
}

/// z = x·Wᵀ on one core, again and again into the same memory: the product of a linear layer, ready to be timed.
///
/// x is [m, k], W is [n, k], z is [m, n].
public final class LinearProduct {
  private let x: Buffer<Float>
  private let w: Buffer<Float>
  private let z: Buffer<Float>
  private let shape: Shape
  private let depth: Int

  /// - Precondition: x and W are matrices with the same number of columns.
  public init(_ x: Tensor<Float>, transposed w: Tensor<Float>) {
    guard x.shape.rank == 2, w.shape.rank == 2, x.shape[1] == w.shape[1] else {
      fatalError("LinearProduct: \(x.shape) times the transpose of \(w.shape); both need the same number of columns")
    }
    (shape, depth) = ([x.shape[0], w.shape[0]], x.shape[1])
    self.x = Buffer(repeating: 0, count: x.shape.elementCount)
    self.w = Buffer(repeating: 0, count: w.shape.elementCount)
    z = Buffer(repeating: 0, count: shape.elementCount)
    _ = self.x.elements.update(fromContentsOf: x.elements)
    _ = self.w.elements.update(fromContentsOf: w.elements)
  }

  /// 2mnk: how many floating-point operations a run does.
  public var operationCount: Int { 2 * shape.elementCount * depth }

  /// Computes the product; allocates nothing.
  public func run() {
    Float.multiply(
      MatrixProduct(
        rows: shape[0], columns: shape[1], depth: depth, a: x.base, b: w.base, c: z.base, transposeA: false,
        transposeB: true))
  }

  /// What the last run computed.
  public var value: Tensor<Float> { Tensor(shape: shape, elements: Array(z.elements)) }
}
