import Adjoint

/// An operation that ONNX has no operator for, made of operations that it has. It is recorded like any other function, so the
/// operator table writes its nodes.
package struct Composition: Sendable {
  package typealias Body = @Sendable (_ x: [Variable<Double>], _ attributes: AttributeList) -> Variable<Double>

  /// A sentence where it cannot be composed for some shapes; nil where it can.
  let fault: @Sendable (_ shapes: [Shape], _ attributes: AttributeList) -> String?
  /// True where single precision would lose digits that the operation keeps; it is then computed in double precision.
  let isWide: Bool
  package let record: Body

  init(isWide: Bool = false, _ record: @escaping Body) { self.init(unless: { _, _ in nil }, isWide: isWide, record) }

  init(
    unless fault: @escaping @Sendable ([Shape], AttributeList) -> String?, isWide: Bool = false,
    _ record: @escaping Body
  ) {
    (self.fault, self.isWide, self.record) = (fault, isWide, record)
  }

  /// The compositions by the names of our operations.
  package static let all: [String: Composition] = functions.merging(normal) { $1 }.merging(gamma) { $1 }
    .merging(matrices) { $1 }

  /// A loop, a node for each operation of each step.
  static func unrolled(_ loop: Scan) -> Composition {
    Composition(
      unless: { _, _ in
        loop.unrolledCount <= mostUnrolled
          ? nil
          : "a loop of \(loop.steps) steps is written step by step, which would be \(loop.unrolledCount) nodes; at most "
            + "\(mostUnrolled) are written"
      }, { x, _ in loop.unrolled(x, on: x[0].tape) })
  }

  /// The most nodes of a loop that is written.
  private static let mostUnrolled = 100_000

  /// Functions of one and two numbers. Each keeps the digits that its operation keeps, unless it says otherwise.
  private static let functions: [String: Composition] = [
    "leakyRelu": Composition { x, a in `where`(x[0] .> 0, x[0], a.real("slope") * x[0]) },
    "elu": Composition { x, a in `where`(x[0] .> 0, x[0], a.real("alpha") * x[0].expm1()) },
    // The rounding of 1 + x is undone by a quotient that has the same rounding. Source: Kahan.
    "log1p": Composition { x, _ in
      let u = 1 + x[0]
      let isPlain = (u .== 1) + (u .> 1e9)
      return `where`(isPlain, `where`(u .== 1, x[0], u.log()), u.log() * (x[0] / `where`(isPlain, 1, u - 1)))
    },
    "expm1": Composition { x, _ in
      let u = x[0].exp()
      let isSmall = x[0].abs() .< 1
      let rest = (u - 1) * (x[0] / `where`((u .== 1) + (u .== 0), 1, u.log()))
      return `where`(isSmall, `where`(u .== 1, x[0], rest), u - 1)
    },
    "exp2": Composition { x, _ in x[0].tape.constant(2).pow(x[0]) },
    "log2": Composition { x, _ in x[0].log() * 0x1.71547652b82fep+0 },
    "log10": Composition { x, _ in x[0].log() * 0x1.bcb7b1526e50ep-2 },
    "sech": Composition { x, _ in
      let e = (-x[0].abs()).exp()
      return 2 * e / (1 + e * e)
    },
    "trunc": Composition { x, _ in `where`(x[0] .< 0, x[0].ceil(), x[0].floor()) },
    "silu": Composition { x, _ in x[0] * x[0].sigmoid() },
    // As other exporters write it, so that runtimes know it again; far below 0 it has the error of erf.
    "gelu": Composition { x, _ in x[0] * (0.5 * (1 + (x[0] * 0.5.squareRoot()).erf())) },
    "hypot": Composition { x, _ in
      let (a, b) = (x[0].abs(), x[1].abs())
      let (large, small) = (a.maximum(b), a.minimum(b))
      let ratio = small / `where`(large .== 0, 1, large)
      return large * (1 + ratio.square()).sqrt()
    },
    "atan2": Composition { x, _ in
      let (a, b) = (x[0].abs(), x[1].abs())
      let large = a.maximum(b)
      let angle = (a.minimum(b) / `where`(large .== 0, 1, large)).atan()
      let steep = `where`(a .> b, .pi / 2 - angle, angle)
      let left = `where`(x[1] .< 0, .pi - steep, steep)
      return `where`(x[0] .< 0, -left, left)
    },
    "logAddExp": Composition { x, _ in
      let (a, b) = (x[0], x[1])
      return a.maximum(b) + (-`where`(a .== b, 0, (a - b).abs())).exp().log1p()
    },
    "pad": Composition { x, a in
      // Each axis with a step: in reverse where it is below 0, and with zeros behind every element but the last.
      let step = a.optionalList("step") ?? []
      var y = x[0]
      for axis in step.indices where y.shape[axis] > 0 {
        if step[axis] < 0 {
          let shape = y.shape
          y = y.slice(
            start: shape.indices.map { $0 == axis ? shape[axis] - 1 : 0 }, size: shape,
            step: shape.indices.map { $0 == axis ? -1 : 1 })
        }
        let count = Int(step[axis].magnitude)
        guard count > 1 else { continue }
        let shape = y.shape
        let before = Array(shape[..<(axis + 1)])
        let after = Array(shape[(axis + 1)...])
        var zeros = [Int](repeating: 0, count: shape.rank + 1)
        zeros[axis + 1] = count - 1
        var merged = Array(shape)
        merged[axis] = shape[axis] * count
        y = y.reshape(to: Shape(before + [1] + after)).pad(before: zeros.map { _ in 0 }, after: zeros)
          .reshape(to: Shape(merged))
        merged[axis] -= count - 1
        y = y.slice(start: merged.map { _ in 0 }, size: Shape(merged))
      }
      return y.pad(before: a.list("before"), after: a.list("after"))
    },
  ]
}
