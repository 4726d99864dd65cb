import Adjoint
import Testing

/// Every sum, forward and in gradients, has an error of at most 4ε·max(1, ⌈log₂ n⌉)·Σ|xᵢ|, and the same bits in every plan
/// and on any number of threads.
struct SummationTests {
  static let counts =
    Array(1...10) + [31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 1000, 1023, 1024, 1025, 4097, 33_000]

  /// The values in every plan, on one, two and three threads: the same bits as recorded.
  private func replayed<S: Scalar & BinaryFloatingPoint>(
    _ y: [Variable<S>], sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Tensor<S>] {
    let recorded = y.map(\.value)
    for threads in 1...3 {
      for keeps in [false, true] {
        let program = keeps ? Program<S>(y, keeping: .all) : Program<S>(y)
        if threads > 1 { program.pool = WorkerPool(partsInTurn: threads, lastFirst: keeps) }
        program.run()
        for (variable, value) in zip(y, recorded) {
          #expect(hasSameBits(program.value(of: variable), value), "\(threads) threads", sourceLocation: sourceLocation)
        }
      }
    }
    return recorded
  }

  /// All elements are compared in one expectation, since each takes long without optimisation.
  private func hasSameBits<S: Scalar & BinaryFloatingPoint>(_ a: Tensor<S>, _ b: Tensor<S>) -> Bool {
    a.shape == b.shape
      && a.elements.withUnsafeBytes { a in b.elements.withUnsafeBytes { b in a.elementsEqual(b) } }
  }

  private func expectSums<S>(
    _ y: Tensor<S>, of x: SummedNumbers<S>, _ sums: [(phase: Int, count: Int, times: Int)], _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(y.elements.count == sums.count, sourceLocation: sourceLocation)
    for (value, sum) in zip(y.elements, sums)
    where !x.isSum(value, from: sum.phase, count: sum.count, times: sum.times) {
      let error = x.error(of: value, from: sum.phase, count: sum.count, times: sum.times)
      Issue.record("\(what): \(sum) is off by \(error) εΣ|x|", sourceLocation: sourceLocation)
      return
    }
  }

  // MARK: - Reductions

  @Test(arguments: SummedLayout.allCases)
  func `sums over any axes are within their bound`(layout: SummedLayout) {
    func check<S: Scalar & BinaryFloatingPoint>(_: S.Type, share: Double) {
      let numbers = SummedNumbers<S>(seed: 1, positive: share)
      for n in Self.counts {
        let (tensor, axes, sums) = layout.tensor(of: numbers, terms: n, width: n < 2000 ? 21 : 2)
        let tape = Tape<S>()
        let x = tape.input(tensor)
        let y = x.sum(axes: axes)
        expectSums(y.value, of: numbers, sums, "\(S.self) sum of \(n)")
        if n < 200 || n == 1025 { _ = replayed([y, x.mean(axes: axes), x.variance(axes: axes)]) }
      }
    }
    for share in [1, 0.75] {
      check(Float.self, share: share)
      check(Double.self, share: share)
    }
  }

  @Test(arguments: SummedLayout.allCases)
  func `sums of ten million are within their bound`(layout: SummedLayout) {
    let numbers = SummedNumbers<Float>(seed: 2, positive: 1)
    let (tensor, axes, sums) = layout.tensor(of: numbers, terms: 10_000_000, width: 1)
    let y = Tape<Float>().input(tensor).sum(axes: axes)
    expectSums(y.value, of: numbers, sums, "Float")
    let wide = SummedNumbers<Double>(seed: 2, positive: 1)
    let (other, _, otherSums) = layout.tensor(of: wide, terms: 1_000_003, width: 1)
    expectSums(Tape<Double>().input(other).sum(axes: axes).value, of: wide, otherSums, "Double")
  }

  @Test func `the variance of many rows keeps its digits`() {
    let (rows, columns) = (200_000, 16)
    var generator = Generator(seed: 3)
    let some = (0..<4096 * columns).map { _ in Float(generator.normal()) + 10 }
    let tensor = Tensor<Float>(shape: [rows, columns]) { buffer in
      var done = 0
      while done < buffer.count {
        let size = min(some.count, buffer.count - done)
        _ = UnsafeMutableBufferPointer(rebasing: buffer[done..<done + size]).update(fromContentsOf: some[..<size])
        done += size
      }
    }
    let y = Tape<Float>().input(tensor).variance(axes: [0]).value
    for j in [0, 7, 15] {
      let column = (0..<4096).map { Double(some[$0 * columns + j]) }
      let (whole, rest) = (Double(rows / 4096), column[..<(rows % 4096)])
      let mean = (column.reduce(0, +) * whole + rest.reduce(0, +)) / Double(rows)
      func squares(_ x: some Sequence<Double>) -> Double { x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
      let expected = (squares(column) * whole + squares(rest)) / Double(rows)
      #expect(abs(Double(y.elements[j]) / expected - 1) < 4e-7, "\(y.elements[j]), \(expected)")
    }
  }

  // MARK: - Gradients

  @Test(arguments: [2, 33, 1000, 40_000])
  func `gradients that are sums over a batch are within their bound`(n: Int) {
    func check<S: Scalar & BinaryFloatingPoint>(_: S.Type) {
      let numbers = SummedNumbers<S>(seed: 4)
      let width = 3
      let (tensor, _, sums) = SummedLayout.leading.tensor(of: numbers, terms: n, width: width)
      let tape = Tape<S>()
      let cotangent = tape.input(tensor)
      let x = tape.input(.zeros([n, width]))
      func gradient(_ shape: Shape, _ record: (Variable<S>) -> Variable<S>) -> Variable<S> {
        let parameter = tape.parameter(Parameter(Tensor<S>.ones(shape)))
        return gradients(of: (record(parameter) * cotangent).sum(), withRespectTo: [parameter])[0]
      }
      let found = [
        "a bias": gradient([width]) { x.addBias($0) },
        "an operand of a sum": gradient([1, width]) { x + $0 },
        "a factor": gradient([width]) { (x + 1) * $0 },
        "a broadcast": gradient([width]) { $0.broadcast(to: [n, width]) },
        "rows gathered": gradient([4, width]) { $0.gather(tape.index(Tensor(repeating: 2, shape: [n]))) },
      ].sorted { $0.key < $1.key }
      let values = n < 40_000 ? replayed(found.map(\.value)) : found.map(\.value.value)
      for (value, name) in zip(values, found.map(\.key)) {
        let row = Array(value.elements.dropFirst(name == "rows gathered" ? 2 * width : 0).prefix(width))
        expectSums(Tensor(row), of: numbers, sums, "\(S.self) \(name), \(n)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func `rows with one index are added up within the bound, however many they are`() {
    let numbers = SummedNumbers<Float>(seed: 5)
    for (n, rows, width) in [(7, 3, 2), (500, 6, 300), (1000, 1, 3), (100_000, 7, 1), (400_000, 1, 1)] {
      let tape = Tape<Float>()
      let x = tape.input(Tensor(shape: [n, width], filling: numbers.rows(n, width: width)))
      let index = Tensor<Int32>(shape: [n]) { buffer in
        for r in 0..<rows { buffer[r] = Int32(r) }
        for i in rows..<n { buffer[i] = buffer[i - rows] }
      }
      let y = x.scatterAdd(tape.index(index), rows: rows + 1)
      let values = n < 10_000 ? replayed([y])[0] : y.value
      #expect(values.elements.suffix(width).allSatisfy { $0 == 0 })
      for r in 0..<rows {
        for j in [0, width - 1] {
          // Every row-th number: the period has no divisor in common with the rows.
          let terms = stride(from: r, to: n, by: rows).map { Double(numbers.value($0 + numbers.column(j))) }
          let size = terms.reduce(0) { $0 + abs($1) }
          let error = abs(Double(values.elements[r * width + j]) - terms.reduce(0, +))
          let bits = Double(terms.count.bitWidth - (terms.count - 1).leadingZeroBitCount)
          #expect(error <= 4 * Double(Float.ulpOfOne) * max(1, bits) * size, "\(n), \(rows), \(r): \(error / size)")
        }
      }
    }
  }

  @Test(arguments: [(3, 1), (31, 2), (60, 3), (700, 1)])
  func `windows that overlap are added up within the bound`(size: Int, stride: Int) {
    for isWide in [false, true] {
      let numbers = SummedNumbers<Float>(seed: 6, positive: 1)
      let windows = Windows(
        isWide ? Extent2D(1, size) : Extent2D(size, 1), stride: Extent2D(stride, stride), padding: 0)
      let length = 2 * size - 1
      let tape = Tape<Float>()
      let images = tape.input(.zeros(isWide ? [1, 1, length, 2] : [1, length, 1, 2]))
      let unfolded = images.unfold(windows)
      // One window holds numbers 0, 1, 2, …; the next one stands a stride further.
      let positions = unfolded.shape.elementCount / (2 * size)
      let cotangent = Tensor<Float>(shape: unfolded.shape) { buffer in
        for place in 0..<positions * size * 2 { buffer[place] = numbers.value(place / 2 % size) }
      }
      let gradient = gradients(of: (unfolded * tape.input(cotangent)).sum(), withRespectTo: [images])[0]
      let value = size < 100 ? replayed([gradient])[0] : gradient.value
      for place in 0..<length {
        let terms = (0..<positions).map { place - $0 * stride }.filter { (0..<size).contains($0) }
          .map { Double(numbers.value($0)) }
        let sum = terms.reduce(0, +)
        let bits = Double(Int.bitWidth - max(terms.count - 1, 0).leadingZeroBitCount)
        let bound = 4 * Double(Float.ulpOfOne) * max(1, bits) * sum
        if abs(Double(value.elements[2 * place + 1]) - sum) > bound {
          Issue.record("place \(place): \(value.elements[2 * place + 1]), \(sum)")
        }
      }
    }
  }

  // MARK: - Windows, rows, running sums

  @Test(arguments: [1, 5, 6, 40, 301])
  func `large windows are averaged within the bound`(size: Int) {
    let numbers = SummedNumbers<Float>(seed: 7, positive: 1)
    let (n, channels) = (size * size, 2)
    let tape = Tape<Float>()
    let tensor = Tensor(shape: [1, size, size, channels], filling: numbers.rows(n, width: channels))
    let y = tape.input(tensor).averagePool(Extent2D(size, size))
    let values = size < 100 ? replayed([y])[0] : y.value
    for j in 0..<channels {
      let terms = (0..<n).map { Double(numbers.value($0 + numbers.column(j))) }
      let bits = Double(Int.bitWidth - (n - 1).leadingZeroBitCount)
      let error = abs(Double(values.elements[j]) * Double(n) / terms.reduce(0, +) - 1)
      #expect(error <= 4 * Double(Float.ulpOfOne) * max(1, bits), "\(error)")
    }
  }

  @Test(arguments: [1, 32, 33, 1024, 1025, 40_000])
  func `running sums are within their bound, and never fall`(n: Int) {
    let numbers = SummedNumbers<Float>(seed: 8, positive: 1)
    let tape = Tape<Float>()
    let x = tape.input(Tensor(shape: [n], filling: numbers.rows(n)))
    let forward = x.cumsum().value.elements
    for k in Set([1, 2, n / 3 + 1, n - 1, n]) where k > 0 && k <= n {
      #expect(numbers.isSum(forward[k - 1], count: k), "\(numbers.error(of: forward[k - 1], count: k))")
    }
    #expect(zip(forward, forward.dropFirst()).allSatisfy { $0 <= $1 })
    let backward = gradients(of: (tape.parameter(Parameter(.ones([n]))).cumsum() * x).sum(), withRespectTo: [])
    #expect(backward.isEmpty)
    #expect(numbers.isSum(x.cumsum(reversed: true).value.elements[0], count: n))
  }

  @Test(arguments: [3, 2000, 3_000_000])
  func `the softmax family adds up long rows within the bound`(n: Int) {
    // Half of a row is 0 and half −0.3.
    let tensor = Tensor<Float>(shape: [n]) { buffer in
      buffer.update(repeating: 0)
      UnsafeMutableBufferPointer(rebasing: buffer[(n / 2)...]).update(repeating: -0.3)
    }
    let x = Tape<Float>().input(tensor)
    let sum = Double(n / 2) + Double(n - n / 2) * Double.exponential(Double(Float(-0.3)))
    let bits = Double(Int.bitWidth - (n - 1).leadingZeroBitCount)
    let bound = 4 * Double(Float.ulpOfOne) * bits
    let logarithm = Double.logarithm(sum)
    #expect(abs(Double(x.logSumExp().value.elements[0]) - logarithm) <= bound + Double(Float(logarithm).ulp))
    #expect(abs(Double(x.logSoftmax().value.elements[0]) + logarithm) <= bound + Double(Float(logarithm).ulp))
    #expect(abs(Double(x.softmax().value.elements[0]) * sum - 1) <= bound)
    let dual = Tape<Dual>().input(Tensor<Dual>(repeating: 0.1, shape: [min(n, 2000)])).logSumExp()
    #expect(abs(dual.value.elements[0].value - (0.1 + Double.logarithm(Double(min(n, 2000))))) < 1e-14)
  }
}
