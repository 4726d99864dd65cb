import Adjoint
import Testing

/// Everything that multiplies or adds dimensions says what is too large, and nothing is computed with a number that overflowed.
@Suite struct SizeTrapTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `A shape of more elements than any memory holds traps`() async {
    let overflow = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(([65536, 65536, 65536, 65536] as Shape).elementCount)
    }
    #expect(said(overflow).contains("Shape: [65536, 65536, 65536, 65536] has 2⁴⁰ elements or more"))
    let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(([0, 65536, 65536, 65536, 65536] as Shape).strides)
    }
    #expect(said(empty).contains("Shape: [0, 65536, 65536, 65536, 65536] has 2⁴⁰ elements or more"))
    let replaced = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(([65536, 1, 65536] as Shape).replacing(axis: 1, with: 65536))
    }
    #expect(said(replaced).contains("Shape: [65536, 65536, 65536] has 2⁴⁰ elements or more"))
    let batched = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(([65536, 65536] as Shape).batched(65536))
    }
    #expect(said(batched).contains("Shape: [65536, 65536, 65536] has 2⁴⁰ elements or more"))
    #expect(([1 << 20, (1 << 20) - 1] as Shape).elementCount == 1 << 20 * ((1 << 20) - 1))
  }

  /// Operations on shapes whose result is too large: `shape(of:)` throws, so recording traps with the same sentence.
  static let misfits: [ShapeErrorTests.Misfit] = [
    .init(
      MatMul(), [[1 << 30, 1], [1, 1 << 30]], "matmul: [1073741824, 1073741824] has 2⁴⁰ elements or more, \(limit)"),
    .init(Binary.add, [[1 << 30, 1], [1 << 30]], "add: [1073741824, 1073741824] has 2⁴⁰ elements or more, \(limit)"),
    .init(
      Pad(before: [.max], after: [.max]), [[2]],
      "pad: [\(Int.max)] before and [\(Int.max)] after do not fit the axes of [2]"),
    .init(
      Pad(before: [1 << 30], after: [1 << 30]), [[2]],
      "pad: dimension 0 of [2147483650] is not between 0 and 2147483647"),
    .init(
      Pad(before: [0, 0], after: [1 << 30, 1 << 30]), [[0, 0]],
      "pad: [1073741824, 1073741824] has 2⁴⁰ elements or more, \(limit)"),
    .init(Slice(start: [.max], size: [1]), [[2]], "slice: the box of [1] at [\(Int.max)] does not lie in [2]"),
    .init(
      Concatenate(axis: 0), [[.init(Int32.max)], [1]],
      "concatenate: dimension 0 of [2147483648] is not between 0 and 2147483647"),
    .init(
      Gather(), [[2, 1 << 20], [1 << 20]],
      "gather: [1048576, 1048576] has 2⁴⁰ elements or more, \(limit)"),
    .init(ScatterAdd(rows: -1), [[2], [2]], "scatterAdd: dimension 0 of [-1] is not between 0 and 2147483647"),
    .init(OneHot(classes: 1 << 40), [[2]], "oneHot: dimension 1 of [2, 1099511627776] is not between 0 and 2147483647"),
    .init(
      OneHot(classes: 2), [[1, 1, 1, 1, 1, 1, 1, 1]],
      "oneHot: [1, 1, 1, 1, 1, 1, 1, 1, 2] has 9 dimensions; at most 8 are supported"),
    .init(
      Unfold(Windows(1, padding: Extent2D(.max, 0))), [[1, 2, 2, 1]],
      "unfold: an extent of \(Int.max); windows have at most 2147483647 rows or columns"),
    .init(
      Unfold(Windows(2, padding: 1_073_741_824)), [[1, 2, 2, 1]],
      "unfold: dimension 1 of [1, 2147483649, 2147483649, 4] is not between 0 and 2147483647"),
    .init(
      Unfold(Windows(1_073_741_824, stride: 1_073_741_824, padding: 536_870_912)), [[1, 2, 2, 32]],
      "unfold: dimension 3 of [1, 1, 1, -1] is not between 0 and 2147483647"),
    .init(
      Fold(Windows(Extent2D(.max, .max)), into: 2), [[1, 1, 1, 4]],
      "fold: an extent of \(Int.max); windows have at most 2147483647 rows or columns"),
    .init(
      Fold(Windows(1), into: Extent2D(-1, 2)), [[1, 1, 1, 4]],
      "fold: dimension 1 of [1, -1, 2, 4] is not between 0 and 2147483647"),
    .init(
      MaxPool(Windows(1, stride: .init(integerLiteral: .max))), [[1, 2, 2, 1]],
      "maxPool: an extent of \(Int.max); windows have at most 2147483647 rows or columns"),
  ]
  private static let limit = "which no memory holds"

  @Test(arguments: misfits) func `An operation whose result is too large says so`(misfit: ShapeErrorTests.Misfit) {
    #expect(throws: ShapeError(misfit.sentence)) { try misfit.operation.shape(of: misfit.shapes) }
  }

  @Test func `An element that does not exist traps by linear position, and a permutation of less than nothing`() async {
    let linear = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(Tensor<Float>.ones([2, 3])[linear: 6])
    }
    #expect(said(linear).contains("Tensor: no element 6 among the 6 of [2, 3]"))
    let set = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var x = Tensor<Float>.ones([2, 3])
      x[linear: -1] = 2
    }
    #expect(said(set).contains("Tensor: no element -1 among the 6 of [2, 3]"))
    let permutation = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      print(generator.permutation(of: -1))
    }
    #expect(said(permutation).contains("permutation: -1 numbers; the count cannot be negative"))
    for count in [1 << 40, 1 << 62, Int.max - 1, Int.max] {
      let large = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        [count = count as Int] in
        var generator = Generator(seed: 1)
        print(generator.permutation(of: count))
      }
      #expect(said(large).contains("permutation: \(count) numbers are 2⁴⁰ or more, which no memory holds"))
    }
  }

  @Test func `A slice from below 0 traps, however long it is`() async {
    for start in [-1, Int.min] {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        [start = start as Int] in
        print(Tape<Float>().input(.ones([2, 3])).slice(start..<1, axis: 1).value)
      }
      #expect(said(result).contains("slice: the positions \(start)..<1 begin below 0"))
    }
  }

  @Test func `A position above 2²⁴ is exact, or refused in Float`() async {
    let position = 1 << 24 + 1
    #expect(Tape<Double>().index(Tensor<Int32>([Int32(position)])).value == Tensor([Double(position)]))
    #expect(Tape<Float>().index(Tensor<Int32>([Int32(position)])).indexValue == Tensor([Int32(position)]))
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(Tape<Float>().index(Tensor<Int32>([1 << 24 + 1])).value)
    }
    #expect(said(result).contains("index 16777217 is not a number of Float: record in Double"))
    let largest = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var x = Tensor<Float>.zeros([1 << 24 + 2])
      x[linear: 1 << 24 + 1] = 1
      print(Tape<Float>().constant(x).argMax().value)
    }
    #expect(said(largest).contains("index 16777217 is not a number of Float"))
  }
}
