import Adjoint
import Testing

/// A `forward` that does not write all of y, which in a program would leave there what another node computed.
@Suite struct UnwrittenElementTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `An element that is left as it was ends the recording`() async {
    let half = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(Tensor([[1, 2, 3], [4, 5, 6]]))
      print(x.tape.record(HalfDone(), x).value)
    }
    #expect(said(half).contains("halfDone: forward leaves element 3 of [2, 3] as it was; it must write all 6"))
    let added = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1, 2]))
      print(x.tape.record(Added(), x).value)
    }
    #expect(said(added).contains("added: forward leaves element 0 of [2] as it was"))
  }

  @Test func `A NaN that an operand holds is a number like others, whatever its bits`() {
    let x = Tape<Double>().input(Tensor([Double(bitPattern: .max), 1, .nan]))
    let y = x.tape.record(FromBehind(), x).value.elements
    #expect(y[0].isNaN && y[1] == 1 && y[2].bitPattern == .max)
  }
}

private protocol OfOne: Operation {}
extension OfOne {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
}

/// x² in the first half, and nothing behind it
private struct HalfDone: OfOne {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in 0..<y.count / 2 { y[i] = x[0][i] * x[0][i] }
  }
}

/// x, added to what stood in y
private struct Added: OfOne {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in 0..<y.count { y[i] += x[0][i] } }
}

/// x from behind
private struct FromBehind: OfOne {
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in 0..<y.count { y[i] = x[0][y.count - 1 - i] }
  }
}
