import Adjoint
import Testing

/// Convolutions, poolings, paddings and resizings of every kind against loops by coordinates, on random shapes.
@Suite struct WindowTests {
  private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  private func isClose(_ a: [Double], _ b: [Double], _ bound: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= bound * max(10, abs($1)) }
  }

  @Test func `A sequence is scaled as an image of one row`() {
    let x = Tape<Double>().input(Tensor.arange(30).reshape(2, 5, 3))
    for mode in [Interpolation.nearest, .bilinear] {
      for (scale, length) in [(1.7, 8), (0.5, 2)] {
        // Rows are averaged with themselves where the image has several of them.
        let image = x.reshape(2, 1, 5, 3).tile([1, 2, 1, 1]).resize(scale: scale, mode: mode)
        #expect(x.resize1d(scale: scale, mode: mode).value.isClose(to: image[0..., 0].value, relative: 1e-14))
        #expect(image.shape[2] == length)
      }
    }
  }

  @Test func `Random cases are hundreds, of every call, and among them the shapes that are easy to get wrong`() {
    let cases = WindowCase.random
    #expect(cases.count > 300)
    func count(_ isSuch: (WindowCase) -> Bool) -> Int { cases.count(where: isSuch) }
    #expect(count { $0.x[0] == 0 } > 20 && count(\.isSequence) > 40)
    #expect(count { $0.x[1] == $0.x[2] && $0.x[2] == $0.x[3] } > 20)
    #expect(count { if case .convolution(let s, _, _, _) = $0.call { s.width > $0.w?[3] ?? 9 } else { false } } > 5)
    #expect(
      count { if case .convolution(_, .around(let p), _, _) = $0.call { p.width > $0.w?[3] ?? 9 } else { false } } > 5)
    #expect(
      count { if case .convolution(_, .same, _, _) = $0.call { ($0.w?[3] ?? 1) % 2 == 0 } else { false } } > 5)
    #expect(count { if case .convolution(_, _, _, let groups) = $0.call { groups > 1 } else { false } } > 20)
    #expect(count { if case .transposed(_, _, let more, _, _) = $0.call { more != 0 } else { false } } > 10)
    #expect(count { if case .maxPool(_, _, let p, _, let up) = $0.call { p != 0 && up } else { false } } > 5)
    #expect(count { if case .averagePool(_, _, let p, true, false, nil) = $0.call { p != 0 } else { false } } > 2)
    #expect(count { if case .adaptive = $0.call { true } else { false } } > 10)
    #expect(count { if case .resize = $0.call { true } else { false } } > 10)
    #expect(count { if case .pad = $0.call { true } else { false } } > 30)
  }

  @Test("Values and gradients are those of loops by coordinates", arguments: WindowCase.random)
  func loops(c: WindowCase) throws {
    let operands = c.operands(3)
    func loops(_ t: Tensor<Double>, _ w: Tensor<Double>) throws -> [Double] {
      try #require(WindowLoops(x: operands[0], t: t, w: w).value(of: c.call))
    }
    let expected = try loops(operands[0], operands[1])
    let (y, leaves) = c.record(operands) { $0 }
    #expect(isClose(y.value.elements, expected, 1e-13))
    #expect(
      isClose(c.record(operands) { $0.converted() as Tensor<Float> }.y.value.elements.map(Double.init), expected, 1e-5))

    // ⟨ȳ, ẏ⟩ = ⟨x̄, ẋ⟩, with ẏ by the loops. A constant around an image does not move.
    var generator = Generator(seed: 8)
    let cotangent = Tensor<Double>(
      shape: y.shape, elements: (0..<y.shape.elementCount).map { _ in generator.normal() })
    let g = gradients(of: (y * y.tape.constant(cotangent)).sum(), withRespectTo: leaves)
    let tangents = [try loops(operands[2], operands[1])] + (c.w == nil ? [] : [try loops(operands[0], operands[3])])
    for (i, tangent) in tangents.enumerated() {
      let (a, b) = (dot(cotangent.elements, tangent), dot(g[i].value.elements, operands[2 + i].elements))
      #expect(abs(a - b) <= 1e-12 * max(10, abs(a)), "operand \(i): \(a) against \(b)")
    }
  }

  @Test("A program gives the bits of the recording on any number of threads", arguments: WindowCase.random)
  func programs(c: WindowCase) throws {
    try expectSameBits(c) { $0.converted() as Tensor<Float> }
    try expectSameBits(c) { $0 }
  }

  private func expectSameBits<S: BitComparable>(_ c: WindowCase, _ convert: (Tensor<Double>) -> Tensor<S>) throws {
    func recorded(_ seed: UInt64) -> (leaves: [Variable<S>], outputs: [Variable<S>]) {
      let (y, leaves) = c.record(c.operands(seed), convert)
      return (leaves, [y] + gradients(of: y.square().sum(), withRespectTo: leaves))
    }
    let (first, fresh) = (recorded(1), recorded(2))
    for threads in [1, 2, 5] {
      let program = Program<S>(first.outputs + first.leaves)
      program.pool = WorkerPool(threads: threads)
      for (leaf, value) in zip(first.leaves, c.operands(2)) { try program.feed(leaf, convert(value)) }
      program.run()
      for (output, again) in zip(first.outputs, fresh.outputs) {
        #expect(program.value(of: output).isIdentical(to: again.value), "\(threads) threads")
      }
    }
  }
}
