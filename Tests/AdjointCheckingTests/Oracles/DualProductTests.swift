import Adjoint
import AdjointChecking
import Testing

/// The fast matrix products of dual numbers against the default body.
@Suite struct DualProductTests {
  @Test("The product of dual numbers is the default body's, to rounding, whatever is transposed or fused")
  func dual() {
    compare {
      Dual($0.uniform(-1, 1), tangent: $0.uniform(-1, 1))
    } parts: {
      [$0.value, $0.tangent]
    }
  }

  @Test("So is the product of dual numbers of second order")
  func secondOrder() {
    compare {
      SecondOrderDual(
        $0.uniform(-1, 1), first: $0.uniform(-1, 1), second: $0.uniform(-1, 1), mixed: $0.uniform(-1, 1))
    } parts: {
      [$0.value, $0.first, $0.second, $0.mixed]
    }
  }

  private func compare<S: Scalar>(_ draw: (inout Generator) -> S, parts: (S) -> [Double]) {
    var generator = Generator(seed: 77)
    let sizes = [(1, 1, 1), (4, 7, 3), (5, 8, 6), (3, 0, 2), (0, 3, 2), (6, 5, 1), (9, 33, 5), (2, 1, 9)]
    for (rows, depth, columns) in sizes {
      for variant in 0..<16 {
        let a = (0..<rows * depth).map { _ in draw(&generator) }
        let b = (0..<depth * columns).map { _ in draw(&generator) }
        let bias = (0..<columns).map { _ in draw(&generator) }
        let start = (0..<rows * columns).map { _ in draw(&generator) }
        func result(_ multiply: (MatrixProduct<S>) -> Void) -> [S] {
          var c = start
          a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
              bias.withUnsafeBufferPointer { bias in
                c.withUnsafeMutableBufferPointer { c in
                  guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                  var product = MatrixProduct<S>(
                    rows: rows, columns: columns, depth: depth, a: a, b: b, c: c, transposeA: variant & 1 == 1,
                    transposeB: variant & 2 == 2)
                  if variant & 4 == 4 { product.bias = bias.baseAddress }
                  if variant & 8 == 8 { product.function = .unary(.tanh) }
                  if variant == 15 { (product.accumulates, product.bias, product.function) = (true, nil, nil) }
                  multiply(product)
                }
              }
            }
          }
          return c
        }
        let (fast, plain) = (result { S.multiply($0) }, result { S.referenceMultiply($0) })
        for (x, y) in zip(fast.flatMap(parts), plain.flatMap(parts)) {
          #expect(abs(x - y) <= 1e-15 * Double(4 + 4 * depth), "[\(rows), \(depth), \(columns)], variant \(variant)")
        }
      }
    }
  }

  @Test("A tangent that is infinite leaves the values as they are")
  func infiniteTangents() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[0, 1, 2], [1, 1, 1]]))
    let w = tape.input(Tensor([[1, 2, 3], [0, 1, 0]]))
    let y = x.sqrt().matmul(w, transposeB: true)
    let moved = jvp(of: y, withRespectTo: [x], along: [.ones([2, 3])])
    #expect(moved.elements[0] == .infinity && moved.elements[2].isFinite)
    let program = Program<Dual>([y])
    program.replay()
    for (dual, plain) in zip(program.value(of: y).elements, y.value.elements) {
      #expect(abs(dual.value - plain) < 1e-14)
    }
  }
}
