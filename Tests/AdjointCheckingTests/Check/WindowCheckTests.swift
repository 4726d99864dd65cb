import Adjoint
import AdjointChecking
import Testing

/// First and second derivatives of functions of windows, judged by the oracles of `GradientCheck`.
struct WindowCheckTests {
  struct Call: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let x: Shape
    var w: Shape = []
    let record: @Sendable (Variable<Double>, Variable<Double>) -> Variable<Double>
  }

  static let calls = [
    Call(testDescription: "conv2d, dilated", x: [2, 6, 5, 2], w: [3, 2, 2, 3]) {
      $0.conv2d($1, stride: Extent2D(2, 1), padding: Extent2D(0, 1), dilation: Extent2D(3, 2))
    },
    Call(testDescription: "conv2d in groups", x: [2, 3, 3, 4], w: [6, 2, 2, 2]) {
      $0.conv2d($1, padding: .same, groups: 2)
    },
    Call(testDescription: "conv2d, depthwise", x: [1, 5, 4, 3], w: [6, 1, 3, 2]) {
      $0.conv2d($1, stride: 2, padding: .sides(top: 2, right: 1), groups: 3)
    },
    Call(testDescription: "conv1d, causal", x: [2, 6, 2], w: [3, 2, 3]) {
      $0.conv1d($1, padding: .sides(left: 4), dilation: 2)
    },
    Call(testDescription: "convTranspose2d", x: [2, 3, 2, 2], w: [2, 3, 3, 2]) {
      $0.convTranspose2d($1, stride: 2, padding: 1, outputPadding: 1)
    },
    Call(testDescription: "convTranspose2d in groups", x: [1, 2, 3, 4], w: [4, 2, 2, 2]) {
      $0.convTranspose2d($1, stride: Extent2D(1, 3), outputPadding: Extent2D(1, 2), dilation: 2, groups: 2)
    },
    Call(testDescription: "convTranspose1d", x: [2, 4, 2], w: [2, 2, 3]) { $0.convTranspose1d($1, stride: 3) },
    Call(testDescription: "maxPool", x: [2, 5, 4, 2]) { x, _ in
      x.maxPool(Extent2D(2, 3), stride: 2, padding: 1, dilation: Extent2D(2, 1), ceilMode: true)
    },
    Call(testDescription: "averagePool", x: [2, 5, 4, 2]) { x, _ in
      x.averagePool(3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false)
    },
    Call(testDescription: "averagePool over a divisor", x: [2, 5, 4, 2]) { x, _ in
      x.averagePool(2, padding: 1, divisorOverride: 3)
    },
    Call(testDescription: "adaptiveAveragePool", x: [2, 5, 7, 2]) { x, _ in x.adaptiveAveragePool(to: Extent2D(3, 4)) },
    Call(testDescription: "adaptiveMaxPool", x: [2, 5, 7, 2]) { x, _ in x.adaptiveMaxPool(to: Extent2D(4, 3)) },
    Call(testDescription: "globalMaxPool", x: [2, 3, 3, 2]) { x, _ in x.globalMaxPool() },
    Call(testDescription: "globalAveragePool", x: [2, 5, 3]) { x, _ in x.globalAveragePool() },
    Call(testDescription: "resize, bilinear", x: [2, 3, 4, 2]) { x, _ in x.resize(to: Extent2D(5, 3), mode: .bilinear)
    },
    Call(testDescription: "resize, nearest", x: [2, 3, 4, 2]) { x, _ in x.resize(scale: 1.5) },
    Call(testDescription: "resize1d", x: [2, 4, 2]) { x, _ in x.resize1d(to: 7, mode: .bilinear, alignCorners: true) },
    Call(testDescription: "a reflection", x: [3, 4, 3]) { x, _ in
      x.pad(before: [2, 0, 1], after: [1, 3, 0], mode: .reflect)
    },
    Call(testDescription: "a ring", x: [3, 4]) { x, _ in x.pad(before: [3, 0], after: [0, 4], mode: .circular) },
    Call(testDescription: "a constant around", x: [3, 4]) { x, _ in
      x.pad(before: [3, 0], after: [0, 4], mode: .constant(-2))
    },
  ]

  @Test("Gradients and their gradients agree with every oracle", arguments: calls)
  func oracles(call: Call) {
    var generator = Generator(seed: 17)
    func normal(_ shape: Shape) -> Tensor<Double> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.normal() })
    }
    let tape = Tape<Double>()
    let (x, w) = (tape.input(normal(call.x)), tape.input(normal(call.w)))
    let leaves = call.w.rank == 0 ? [x] : [x, w]
    let report = GradientCheck(of: call.record(x, w).tanh(), withRespectTo: leaves, order: 2).run()
    #expect(report.agrees, "\(report)")
  }
}
