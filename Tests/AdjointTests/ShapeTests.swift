import Adjoint
import Testing

/// Shapes: counts, strides, axes and the broadcasting rule.
@Suite struct ShapeTests {
  @Test func `A shape has the product of its dimensions as elements, 1 when it has none`() {
    #expect(([] as Shape).elementCount == 1)
    #expect(([2, 3, 4] as Shape).elementCount == 24)
    #expect(([2, 0, 4] as Shape).elementCount == 0)
    #expect(Shape([1, 1, 1, 1, 1, 1, 1, 2]).rank == 8)
    #expect(([65536, 65536] as Shape).elementCount == 1 << 32)
  }

  @Test func `Strides are row-major`() {
    let strides = ([2, 3, 4] as Shape).strides
    #expect([strides[0], strides[1], strides[2]] == [12, 4, 1])
  }

  @Test func `A shape is a collection that prints like a list`() {
    let shape: Shape = [3, 1, 2]
    #expect(Array(shape) == [3, 1, 2] && "\(shape)" == "[3, 1, 2]" && "\([] as Shape)" == "[]")
    #expect(shape.last == 2 && shape.dropFirst().reduce(1, *) == 2)
    #expect(Shape(shape) == shape && Set([shape, [3, 1, 2]]).count == 1)
    #expect(shape != [3, 1] && shape != [3, 1, 2, 1])
  }

  @Test func `Negative axes count from the end`() throws {
    let shape: Shape = [2, 3]
    #expect(try shape.normalized(axis: -1, of: "f") == 1)
    #expect(try shape.normalized(axis: -2, of: "f") == 0)
    #expect(throws: ShapeError("f: axis -3 does not exist in [2, 3], which has rank 2")) {
      try shape.normalized(axis: -3, of: "f")
    }
    #expect(shape.replacing(axis: 1, with: 7) == [2, 7])
  }

  static let broadcasts: [(Shape, Shape, Shape?)] = [
    ([3, 4], [3, 4], [3, 4]), ([], [2], [2]), ([3, 1], [1, 4], [3, 4]), ([4], [3, 4], [3, 4]), ([0], [1], [0]),
    ([1], [0], [0]), ([2, 1, 3], [4, 1], [2, 4, 3]), ([3], [4], nil), ([2, 3], [2], nil), ([0], [2], nil),
  ]

  @Test("Shapes broadcast from the right, where dimensions agree or one is 1", arguments: broadcasts)
  func broadcast(a: Shape, b: Shape, result: Shape?) {
    #expect((try? Shape.broadcast(a, b, in: "f")) == result)
    #expect((try? Shape.broadcast(b, a, in: "f")) == result)
    if let result {
      #expect(a.broadcasts(to: result) && b.broadcasts(to: result))
    }
  }

  @Test func `A tensor broadcasts to a shape, never away from one`() {
    #expect(([2, 3] as Shape).broadcasts(to: [4, 2, 3]))
    #expect(!([2, 3] as Shape).broadcasts(to: [3]))
    #expect(!([2, 3] as Shape).broadcasts(to: [1, 3]))
  }
}
