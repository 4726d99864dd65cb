import Adjoint
import AdjointChecking
import Testing

/// Indices that an operation computes: the same in every precision that replays the recording, in range at each run, and without
/// a derivative.
@Suite struct ComputedIndexTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test(arguments: [1, 2, 7, 8, 9, 16, 33, 100])
  func `The largest of a row of any width is the first, and a NaN before it`(width: Int) {
    var draw = Generator(seed: UInt64(width))
    let awkward = [0, -0.0, 1, 2, .infinity, -.infinity, .nan]
    for round in 0..<40 {
      let row = (0..<width).map { _ in
        // Few different numbers, so that there are ties; NaN in every other round.
        let x = awkward[Int(draw.next() % UInt64(round % 2 == 0 ? 5 : 7))]
        return round % 4 == 3 && x.isNaN ? -1 : x
      }
      let expected = row.firstIndex { $0.isNaN } ?? row.firstIndex(of: row.max() ?? 0) ?? 0
      let both = Tensor(shape: [2, width], elements: row + row)
      #expect(both.argMax().elements == [Int32(expected), Int32(expected)], "\(row)")
      #expect(both.map { Float($0) }.argMax().elements == [Int32(expected), Int32(expected)], "\(row)")
    }
  }

  @Test func `Ties keep their order either way, and NaN counts as the largest`() {
    let x = Tensor([2, .nan, 1, 2, -.infinity])
    #expect(x.argSort() == Tensor<Int32>([4, 2, 0, 3, 1]))
    #expect(x.argSort(descending: true) == Tensor<Int32>([1, 0, 3, 2, 4]))
    #expect(x.argSort(descending: true, count: 2) == Tensor<Int32>([1, 0]))
    #expect(x.argMax() == Tensor<Int32>(shape: [], elements: [1]))
    #expect(Tensor([3, 1, 1]).argMin() == Tensor<Int32>(shape: [], elements: [1]))
    let top = Tensor([[1, 5], [7, 7], [0, 9]]).topK(2, axis: 0)
    #expect(top.values == Tensor([[7, 9], [1, 7]]) && top.indices == Tensor<Int32>([[1, 2], [0, 1]]))
  }

  @Test func `A sort along any axis is the sort of its lines`() {
    var generator = Generator(seed: 4)
    let x = Tensor<Double>(shape: [3, 4, 5], elements: (0..<60).map { _ in (generator.normal() * 2).rounded() })
    for (axis, order) in [[1, 2, 0], [0, 2, 1], [0, 1, 2]].enumerated() {
      let lines = x.permute(order)
      let length = lines.shape[2]
      let sorted = x.sort(axis: axis - 3).permute(order)
      for start in stride(from: 0, to: 60, by: length) {
        #expect(sorted.elements[start..<start + length].elementsEqual(lines.elements[start..<start + length].sorted()))
      }
    }
  }

  @Test func `A derivative follows elements to their places, and none passes through indices`() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[3, 1, 2], [0, 5, 4]]), name: "x")
    let sorted = x.sort()
    let weights = tape.constant(Tensor([[1, 10, 100], [1, 10, 100]]))
    #expect(
      gradient(of: (sorted * weights).sum(), withRespectTo: x).value == Tensor([[100, 1, 10], [1, 100, 10]]))
    let counted = x.argMax().asNumbers().sum() + x.sum()
    #expect(gradient(of: counted, withRespectTo: x).value == .ones([2, 3]))
    #expect(GradientCheck(of: (x.sort(axis: 0).square() * weights).sum()).run().verdict == .agree)
  }

  @Test func `A replay computes indices anew, and reads rows by them`() throws {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([0, 1, 3]), name: "x")
    let (values, indices) = x.topK(2)
    let table = tape.constant(Tensor([[1, 2], [3, 4], [5, 6]]))
    let rows = table.gather(indices)
    let program = Program<Float>([values, rows, indices])
    try program.feed(x, Tensor([9, -1, 7]))
    program.run()
    #expect(program.value(of: values) == Tensor([9, 7]))
    #expect(program.value(of: rows) == Tensor([[1, 2], [5, 6]]))
    #expect(program.value(of: indices) == Tensor([0, 2]))
  }

  @Test("Any plan and any number of threads give the same indices", arguments: [1, 2, 3])
  func threads(_ count: Int) throws {
    var generator = Generator(seed: 9)
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [7, 50], elements: (0..<350).map { _ in generator.normal().rounded() }))
    let order = x.argSort()
    let y = x.gather(order, axis: 1).scatterAdd(order, axis: 1, extent: 50) + x.argMax().asNumbers().sum()
    let program = Program<Double>([y, order])
    program.pool = WorkerPool(threads: count)
    program.run()
    #expect(program.value(of: y) == y.value && program.value(of: order) == order.value)
  }

  @Test func `Dual numbers and Double keep the order that Float recorded`() {
    // 0.1 + 0.2 and 0.3 tie in Float, and do not in Double.
    let tape = Tape<Float>()
    let x = tape.input(Tensor([0.3, 0.1]), name: "x")
    let y = concatenate([x[1..<2] + 0.2, x[0..<1]])
    #expect(y.value[0] == y.value[1])
    let largest = y.gather(y.argSort(descending: true, count: 1), axis: 0)
    #expect(jvp(of: largest, withRespectTo: [x], along: [Tensor([0, 1])]).elements == [1])
    #expect(GradientCheck(of: largest.sum()).run().verdict == .agree)
  }

  @Test func `A few positions picked out are the first of those of a whole sort, ties and NaN too`() {
    var generator = Generator(seed: 4)
    for length in [1, 2, 33, 70, 200] {
      let numbers = (0..<3 * length).map { _ in
        [Double.nan, -0.0, 0, .infinity, Double(generator.next() % 9)][Int(generator.next() % 8 % 5)]
      }
      let x = Tensor(shape: [3, length], elements: numbers)
      for (axis, x) in [(1, x), (0, x.transpose())] {
        for descending in [false, true] {
          let all = x.argSort(axis: axis, descending: descending)
          for count in [0, 1, 2, 31, 32, 33] where count <= length {
            let few = x.argSort(axis: axis, descending: descending, count: count)
            let first = axis == 1 ? all[0..<3, 0..<count] : all[0..<count, 0..<3]
            #expect(few == first, "\(count) of \(length), axis \(axis), descending \(descending)")
          }
        }
        let kept = (x.argMax(axis: axis, keepingDimensions: true), x.argMin(axis: axis, keepingDimensions: true))
        #expect(kept.0.elements == x.argMax(axis: axis).elements && kept.1.elements == x.argMin(axis: axis).elements)
        #expect(kept.0.shape == (axis == 1 ? [3, 1] : [1, 3]))
      }
    }
    // The kept dimension is that which `gather` along the axis reads.
    let x = Tape<Double>().input(Tensor([[1, 5, 2], [7, 3, 4]]))
    #expect(x.gather(x.argMax(keepingDimensions: true), axis: 1).value == Tensor([[5], [7]]))
  }

  @Test("Computed indices are reshaped, squeezed, flattened and cut", arguments: [1, 2, 3])
  func moved(_ threads: Int) throws {
    func check<S: Scalar>(_: S.Type) throws {
      var generator = Generator(seed: 5)
      func numbers(_ shape: Shape) -> Tensor<S> {
        Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(Double(generator.next() % 9)) })
      }
      let tape = Tape<S>()
      let x = tape.input(numbers([6, 7]), name: "x")
      let table = tape.constant(numbers([7, 3]))
      // Rows of a table for [B, T] indices out of flat ones, and the best of several, as column and as list.
      let tokens = x.argMax().reshape(2, 3)
      let top = x.topK(4).indices
      let (best, second) = (top[0..., 0..<1].squeeze(axis: 1), top[0..., 1..<2])
      let late = top.slice(start: [5, 3], size: [3, 2], step: [-2, -1])
      let outputs = [
        table.gather(tokens), table.gather(best), x.gather(second, axis: 1), table.gather(late.flatten(from: 0)),
        tokens.unsqueeze(axis: 0).asNumbers(), late.asNumbers(),
      ]
      func expected(_ x: Tensor<S>) -> [Tensor<Int32>] {
        let (largest, top) = (x.argMax(), x.argSort(descending: true, count: 4))
        func picked(_ places: [(Int, Int)]) -> [Int32] { places.map { top[$0.0, $0.1] } }
        return [
          Tensor(shape: [2, 3], elements: largest.elements), Tensor(picked((0..<6).map { ($0, 0) })),
          Tensor(shape: [6, 1], elements: picked((0..<6).map { ($0, 1) })),
          Tensor(picked([(5, 3), (5, 2), (3, 3), (3, 2), (1, 3), (1, 2)])),
        ]
      }
      func check(_ found: [Tensor<S>], _ x: Tensor<S>) {
        let wanted = expected(x)
        #expect(found[0] == table.value.gather(wanted[0]) && found[1] == table.value.gather(wanted[1]))
        #expect(found[2] == x.gather(wanted[2], axis: 1) && found[3] == table.value.gather(wanted[3]))
        #expect(found[4].elements.map(\.primal) == wanted[0].elements.map(Double.init) && found[4].shape == [1, 2, 3])
        #expect(found[5].elements.map(\.primal) == wanted[3].elements.map(Double.init) && found[5].shape == [3, 2])
      }
      check(outputs.map(\.value), x.value)
      let program = Program<S>(outputs)
      program.pool = WorkerPool(threads: threads)
      for _ in 0..<2 {
        let fed = numbers([6, 7])
        try program.feed(x, fed)
        program.run()
        check(outputs.map { program.value(of: $0) }, fed)
      }
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test func `Moved indices stay below their bound and keep their places; fed ones are fed as they are read`()
    async throws
  {
    let tape = Tape<Float>()
    let x = tape.input(Tensor([[0.3, 0.1, 0.2]]), name: "x")
    let y = concatenate([x[0..., 1..<2] + 0.2, x[0..., 0..<1], x[0..., 2...]], axis: 1)
    let first = y.gather(y.argSort(descending: true)[0..., 0..<1].reshape(1, 1), axis: 1)
    #expect(jvp(of: first, withRespectTo: [x], along: [Tensor([[0, 1, 0]])]).elements == [1])
    #expect(GradientCheck(of: first.sum()).run().verdict == .agree)
    let narrow = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().constant(Tensor([1, 2, 3]))
      print(x[0..<2].gather(x.argSort()[0..<1].reshape(to: [1]), axis: 0))
    }
    #expect(said(narrow).contains("gives indices in 0 ..< 3, and here they must be in 0 ..< 2"))
    let fed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      print(Tape<Double>().index(Tensor<Int32>([1, 0])).reshape(to: [2, 1]))
    }
    #expect(said(fed).contains("holds indices; numbers are expected"))
  }

  @Test func `Indices are refused where numbers are expected, and the other way round`() async {
    let added = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().constant(Tensor([1, 2]))
      print(x + x.argSort())
    }
    #expect(said(added).contains("holds indices; numbers are expected"))
    let gathered = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().constant(Tensor([1, 2]))
      print(x.gather(x, axis: 0))
    }
    #expect(said(gathered).contains("or the result of argMax, argSort"))
    let narrow = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().constant(Tensor([1, 2, 3]))
      print(x[0..<2].gather(x.argSort(count: 1), axis: 0))
    }
    #expect(said(narrow).contains("gives indices in 0 ..< 3, and here they must be in 0 ..< 2"))
    let written = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let order = Tape<Double>().input(Tensor([1, 2])).argSort()
      Program<Double>([order], keeping: .all).write(Tensor([0, 1]), into: order)
    }
    #expect(said(written).contains("holds indices, not numbers"))
    let differentiated = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1, 2]))
      print(gradient(of: x.argMax(), withRespectTo: x))
    }
    #expect(said(differentiated).contains("holds indices; only numbers have a gradient"))
    let stored = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1, 2]))
      x.tape.store(x.argSort(), into: Parameter(Tensor([0, 0])))
    }
    #expect(said(stored).contains("holds indices; a state holds numbers"))
  }

  @Test func `An index beyond the range that its operation states traps when it is recorded, and in each run`() async {
    let recorded = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1, 7]))
      print(x.tape.record(Truncated(bound: 3), x))
    }
    #expect(said(recorded).contains("index 7 at position 1 is not in 0 ..< 3"))
    let run = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1, 2]))
      let y = x.tape.record(Truncated(bound: 3), x)
      let program = Program<Double>([y])
      try program.feed(x, Tensor([1, 9]))
      program.run()
    }
    #expect(said(run).contains("truncated: gave index 9, not in 0 ..< 3"))
  }
}

/// y = ⌊x⌋ as an index.
private struct Truncated: Adjoint.Operation {
  let bound: Int
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y.indexElements[i] = Int32(x[0][i].primal) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  func resultIndexBound(for inputs: [Shape]) -> Int? { bound }
}
