import Adjoint
import Testing

/// Tensors from nested arrays, and their parts.
@Suite struct TensorLiteralTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  private func isOfDouble<T>(_ x: Tensor<T>) -> Bool { T.self == Double.self }
  private func floats(_ x: Tensor<Float>) -> Shape { x.shape }

  @Test func `A literal of numbers is of Double, whole or not, unless the context says otherwise`() {
    #expect(isOfDouble(Tensor([1, 2, 3])) && isOfDouble(Tensor([0.5, 2])) && isOfDouble(Tensor([])))
    #expect(isOfDouble(Tensor([[1, 2], [3, 4]])) && isOfDouble(Tensor([[[1]]])) && isOfDouble(Tensor([[[[1]]]])))
    #expect(isOfDouble(Tensor(scalar: 1)) && isOfDouble(Tensor(repeating: 1, shape: [2])))
    #expect(isOfDouble(Tensor(shape: [2], elements: [1, 2])) && floats(Tensor(scalar: 1)) == [])
    #expect(floats(Tensor([1, 2])) == [2] && floats(Tensor([[1, 2]])) == [1, 2] && floats(Tensor([])) == [0])
    #expect(Tensor<Int32>([[1, 2], [3, 4]]).elements == [1, 2, 3, 4])
    #expect(Tensor([true, false]).elements == [true, false] && Tensor([Float(1)]) == Tensor<Float>([1]))
    let rows: [[Float]] = [[1, 2], [3, 4]]
    #expect(Tensor(rows) == Tensor<Float>([[1, 2], [3, 4]]) && Tensor(rows[1...].map { $0 }).shape == [1, 2])
  }

  @Test func `Literals nest to four axes, in row-major order, and may be empty`() {
    #expect(Tensor([[1, 2, 3], [4, 5, 6]]) == Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]))
    let cube = Tensor([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]])
    #expect(cube == Tensor(shape: [2, 3, 2], elements: (1...12).map { Double($0) }) && cube[1, 2, 0] == 11)
    let images = Tensor<Float>([[[[1, 2]], [[3, 4]]]])
    #expect(images == Tensor(shape: [1, 2, 1, 2], elements: [1, 2, 3, 4]))
    let none: [[Double]] = []
    #expect(Tensor(none).shape == [0, 0] && Tensor<Float>([[], []]).shape == [2, 0])
  }

  @Test func `Ragged literals trap with both shapes at the caller's line`() async {
    let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([[1, 2], [3]])
    }
    #expect(said(rows).contains("AdjointTests/TensorLiteralTests.swift:"))
    #expect(said(rows).contains("Tensor: ragged: entry 1 of an array has the shape [1], entry 0 has [2]"))
    let matrices = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>([[[1, 2]], [[1, 2], [3, 4]]])
    }
    #expect(said(matrices).contains("AdjointTests/TensorLiteralTests.swift:"))
    #expect(said(matrices).contains("entry 1 of an array has the shape [2, 2], entry 0 has [1, 2]"))
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>(shape: [2], elements: [1]) }
  }

  @Test func `A part is named by a position or a range along an axis, from either end`() {
    let t = Tensor(shape: [2, 3, 4], elements: (0..<24).map { Int32($0) })
    for axis in 0..<3 {
      for position in 0..<t.shape[axis] {
        let part = t[position, axis: axis]
        #expect(part == t[position, axis: axis - 3])
        #expect(t[position..<position + 1, axis: axis].elements == part.elements)
        var coordinates = [0, 0, 0]
        for (place, element) in part.elements.enumerated() {
          // The coordinates of the part with the position put in.
          coordinates[axis] = position
          let others = (0..<3).filter { $0 != axis }
          coordinates[others[0]] = place / t.shape[others[1]]
          coordinates[others[1]] = place % t.shape[others[1]]
          #expect(element == t[coordinates[0], coordinates[1], coordinates[2]])
        }
      }
    }
    #expect(t[...0] == t[0..<1] && t[1...] == t[1..<2] && t[..<2] == t && t[0...1] == t)
    #expect(t[1..<1].shape == [0, 3, 4] && t[4..., axis: -1].shape == [2, 3, 0])
    #expect(
      Tensor([5, 6, 7])[1, axis: 0] == Tensor(scalar: 6) && Tensor<Float>.zeros([0, 2])[1, axis: 1].shape == [0])
  }

  @Test func `Elements, rows and columns are set in place, and copies keep theirs`() {
    var t = Tensor([[1, 2, 3], [4, 5, 6]])
    let before = t
    t[1, 2] = 60
    t[0, axis: 0] = Tensor([7, 8, 9])
    t[1, axis: -1] *= 10
    #expect(t == Tensor([[7, 80, 9], [4, 50, 60]]) && before == Tensor([[1, 2, 3], [4, 5, 6]]))
    t[..<2, axis: 1] = Tensor([[0, 1], [2, 3]])
    t[1...][2..., axis: 1] = Tensor([[-1]])
    #expect(t == Tensor([[0, 1, 9], [2, 3, -1]]))
    t[0..<0] = .zeros([0, 3])
    #expect(t == Tensor([[0, 1, 9], [2, 3, -1]]))
  }

  @Test func `A variable has the same parts, differentiated`() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    let g = gradient(at: x) { x in
      2 * x[0, axis: 0].sum() + 3 * x[2, axis: -1].sum() + 5 * x[1, 0] + 7 * x[1..., axis: 0][..<2, axis: 1].sum()
    }
    #expect(g == Tensor([[2, 2, 5], [12, 7, 3]]))
  }

  @Test func `Positions that do not exist trap with shape, position and axis at the caller's line`() async {
    func expect(_ result: ExitTest.Result?, _ sentence: String) {
      #expect(said(result).contains("AdjointTests/TensorLiteralTests.swift:") && said(result).contains(sentence))
    }
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([[1, 2]])[0, 2] },
      "Tensor: no position 2 along axis 1 of [1, 2], which has 0 ..< 2")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([[1, 2]])[0] },
      "Tensor: 1 position, [0], for an element of [1, 2], which takes 2; a row is [0, ...]")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([1, 2])[1...2] },
      "Tensor: no positions 1 ..< 3 along axis 0 of [2], which has 0 ..< 2")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([1, 2])[3...] },
      "Tensor: no positions 3 ..< 2 along axis 0 of [2], which has 0 ..< 2")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([1, 2])[..<(-3)] },
      "Tensor: no positions 0 ..< -3 along axis 0 of [2], which has 0 ..< 2")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([1])[0, axis: 1] },
      "Tensor: axis 1 does not exist in [1], which has rank 1")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        var t = Tensor([[1, 2], [3, 4]])
        t[0, axis: 0] = Tensor([1, 2, 3])
      }, "Tensor: a part of shape [2] cannot be set to a tensor of shape [3]")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let x = Tape<Double>().input(Tensor([[1, 2]]))
        _ = x[0, 5]
      }, "Tensor: no position 5 along axis 1 of [1, 2], which has 0 ..< 2")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([1, 2]).rows([2]) },
      "Tensor: no position 2 along axis 0 of [2], which has 0 ..< 2")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Tensor([1])[linear: 1] },
      "Tensor: no element 1 among the 1 of [1]")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Tensor([1]).reshape(to: [2])
      }, "reshape: [1] has 1 elements, [2] takes 2")
  }
}
