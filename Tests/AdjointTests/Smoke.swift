import Adjoint
import Testing

@Test func smoke() throws {
  let tape = Tape<Float>()
  let x = tape.input(Tensor(rows: [[1, 2, 3], [4, 5, 6]]), name: "x")
  let w = Parameter<Float>(Tensor(rows: [[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]), name: "w")
  let b = Parameter<Float>(Tensor([0.5, 0.5]), name: "b")
  let labels = tape.index(Tensor<Int32>([0, 1]), name: "labels")
  let z = x.matmul(tape.parameter(w), transposeB: true).addBias(tape.parameter(b)).relu()
  let loss = -(z.logSoftmax().pick(labels).mean())
  let g = gradients(of: loss, withRespectTo: [tape.parameter(w), tape.parameter(b)])
  print(tape)
  let p = Program<Float>([loss] + g)
  p.run()
  print(p.value(of: loss), loss.value, p.value(of: g[0]), g[0].value, p.byteCount)
  #expect(p.value(of: g[0]) == g[0].value)
  print(Kernels.name)
}
