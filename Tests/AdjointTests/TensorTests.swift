import Adjoint
import Testing

/// Tensors: values with a shape.
@Suite struct TensorTests {
  @Test func `Elements stand in row-major order and are found by coordinates`() {
    var x = Tensor<Double>(rows: [[1, 2, 3], [4, 5, 6]])
    #expect(x.shape == [2, 3] && x.elements == [1, 2, 3, 4, 5, 6])
    #expect(x[1, 0] == 4 && x[linear: 5] == 6)
    let before = x
    x[0, 2] = 9
    x[linear: 0] = -1
    #expect(x.elements == [-1, 2, 9, 4, 5, 6])
    #expect(before.elements == [1, 2, 3, 4, 5, 6], "a tensor is a value")
    #expect(Tensor<Double>(scalar: 5)[] == 5)
  }

  @Test func `Tensors are made by repeating, filling and converting`() {
    #expect(Tensor<Float>.ones([2]) == Tensor([1, 1]) && Tensor<Float>.zeros([0]).elements.isEmpty)
    let filled = Tensor<Int32>(shape: [2, 2]) { buffer in for i in buffer.indices { buffer[i] = Int32(i * i) } }
    #expect(filled.elements == [0, 1, 4, 9])
    #expect(Tensor<Double>([0.1]).converted(to: Float.self) == Tensor<Float>([0.1]))
    #expect(Tensor<Float>([1, 2]).map { $0 > 1 } == Tensor([false, true]))
    #expect(Tensor<Float>(rows: []).shape == [0, 0])
  }

  @Test func `Reshaping and choosing rows copy what they keep`() {
    let x = Tensor<Float>(rows: [[1, 2], [3, 4], [5, 6]])
    #expect(x.reshape(to: [2, 3]) == Tensor(rows: [[1, 2, 3], [4, 5, 6]]))
    #expect(x.rows([2, 0, 2]) == Tensor(rows: [[5, 6], [1, 2], [5, 6]]))
    #expect(x.rows([]).shape == [0, 2])
    #expect(Tensor<Float>([1, 2, 3]).rows([1]) == Tensor([2]))
  }

  @Test func `A tensor prints as nested brackets and says what it leaves out`() {
    #expect("\(Tensor<Double>(rows: [[1, 2], [3, 4]]))" == "[[1.0, 2.0], [3.0, 4.0]]")
    #expect("\(Tensor<Float>(scalar: 2))" == "2.0")
    #expect("\(Tensor<Int32>([1, 2, 3, 4, 5, 6, 7, 8]))" == "[1, 2, 3, 4, 5, 6, … 2 more]")
  }

  @Test func `Elements missing from a shape, a ragged matrix and a wrong coordinate trap`() async {
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>(rows: [[1, 2], [3]]) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>([1, 2])[2] }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>([1, 2]).rows([2]) }
  }

  @Test func `A parameter keeps its storage and gives values away`() {
    let w = Parameter<Float>(Tensor([1, 2]), name: "w")
    let before = w.value
    w.withElements { $0[1] = 5 }
    #expect(w.value == Tensor([1, 5]) && before == Tensor([1, 2]) && w.count == 2)
    #expect(Parameter<Float>(.zeros([0, 3])).value.shape == [0, 3])
  }
}
