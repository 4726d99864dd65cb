import Adjoint
import Foundation
import Testing

/// Sparse derivatives: the pattern found from the recording, its colours, and the entries.
@Suite struct SparsityTests {
  /// A random function of a vector made of every kind of structure. No two of its paths cancel, and no entry is 0 by chance.
  private func program(_ seed: UInt64, _ x: Variable<Double>) -> Variable<Double> {
    var generator = Generator(seed: seed)
    func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
    let tape = x.tape
    var pool = [x]
    for _ in 0..<4 + pick(5) {
      let a = pool[pick(pool.count)]
      let n = a.shape.elementCount
      let wide = a.reshape(to: n % 2 == 0 ? [n / 2, 2] : [n, 1])
      let y: Variable<Double>
      switch pick(19) {
      case 0: y = a.reshape(-1).sin()
      case 1:
        let others = pool.filter { $0.shape.elementCount == n }
        y = a.reshape(-1) * others[pick(others.count)].reshape(-1).exp()
      case 2: y = a.reshape(-1)[..<((n + 1) / 2)]
      case 3: y = concatenate([a.reshape(-1), pool[pick(pool.count)].reshape(-1)])
      case 4: y = wide.sum(axis: 1)
      case 5:
        // A row of softmax adds up to 1, and of one number it is 1: weights keep its sums from being constant.
        y = wide.shape[1] == 1 ? wide : wide.softmax() * Tensor([0.5, 2])
      case 6: y = wide.logSumExp()
      case 7: y = wide.transpose().square()
      case 8: y = a.reshape(-1).cumsum() + 0.1
      case 9: y = a.reshape(-1).gather(tape.index(Tensor((0..<3).map { _ in Int32(pick(n)) }))).cos()
      case 10: y = wide.scatterAdd(tape.index(Tensor((0..<wide.shape[0]).map { _ in Int32(pick(3)) })), rows: 3) + 0.5
      case 11: y = wide.matmul(tape.constant(generator.tensor([wide.shape[1], 3]) as Tensor<Double>))
      case 12: y = tape.constant(generator.tensor([2, wide.shape[0]]) as Tensor<Double>).matmul(wide)
      case 13: y = wide.matmul(wide.square(), transposeB: true)
      case 14: y = wide + wide.exp().sum(axis: 0, keepingDimensions: true)
      case 15: y = Adjoint.where(a.reshape(-1) .> 0, a.reshape(-1).square(), a.reshape(-1).exp())
      case 16: y = a.reshape(-1).pad(before: [1], after: [2]) + 1
      case 17: y = wide.unsqueeze(axis: 1).broadcast(to: [wide.shape[0], 2, wide.shape[1]]).sigmoid()
      default: y = (wide.shape[0] > 1 ? wide.variance(axes: [0]) : wide) + a.reshape(-1)[0].floor()
      }
      // The sine keeps numbers where no function saturates.
      if y.shape.elementCount <= 40 { pool.append(y.sin()) }
    }
    return concatenate(pool.dropFirst().suffix(3).map { $0.reshape(-1) } + [x[..<1]])
  }

  @Test func `The pattern that is found is the true one, on 200 random programs`() {
    for seed in 0..<200 as Range<UInt64> {
      var generator = Generator(seed: 1000 + seed)
      let n = 2 + Int(generator.next() % 6)
      let found = sparsity(of: program(seed, Tape<Double>().input(generator.tensor([n]))), withRespectTo: [])
      #expect(found.columnCount == 0 && found.count == 0)
      // An entry is none where it is 0 at every one of several points.
      var (seen, pattern): (Set<[Int]>, SparsityPattern?) = ([], nil)
      for _ in 0..<2 {
        let x = Tape<Double>().input(generator.tensor([n]))
        let y = program(seed, x)
        let own = sparsity(of: y, withRespectTo: [x])
        #expect(pattern == nil || own == pattern, "program \(seed): the pattern depends on numbers")
        pattern = own
        let dense = jacobian(of: y, withRespectTo: x, mode: .forward)
        for (place, entry) in dense.elements.enumerated() where entry != 0 { seen.insert([place / n, place % n]) }
      }
      let places = (pattern.map { p in (0..<p.rowCount).flatMap { row in p[row: row].map { [row, $0] } } }) ?? []
      #expect(
        Set(places) == seen,
        "program \(seed): too many \(Set(places).subtracting(seen)), too few \(seen.subtracting(places))")
    }
  }

  @Test func `Entries of coloured sweeps are those of dense ones, to the bit`() {
    for seed in 0..<60 as Range<UInt64> {
      var generator = Generator(seed: 2000 + seed)
      let x = Tape<Double>().input(generator.tensor([2 + Int(generator.next() % 6)]))
      let y = program(seed, x)
      let count = x.tape.count
      for mode in [JacobianMode.reverse, .forward] {
        let sparse = jacobian(of: y, withRespectTo: [x], mode: mode, sparsity: .detected)
        #expect(sparse.dense == jacobian(of: y, withRespectTo: x, mode: mode), "program \(seed), \(mode)")
      }
      #expect(x.tape.count == count, "the tape is left as it was")
    }
  }

  @Test func `Several variables stand one after the other, and a pattern may be given`() {
    let tape = Tape<Double>()
    let (a, b) = (tape.input(Tensor([[1, 2], [3, 4]])), tape.input(Tensor([5.0, 6])))
    let y = (a * b).sum(axis: 1)
    let sparse = jacobian(of: y, withRespectTo: [a, b], sparsity: .detected)
    #expect(sparse.pattern == SparsityPattern(rows: [[4, 0, 1, 5], [2, 3, 4, 5]], columnCount: 6))
    #expect(sparse.values == [5, 6, 1, 2, 5, 6, 3, 4])
    #expect(sparse.coordinates.rows == [0, 0, 0, 0, 1, 1, 1, 1])
    let given = jacobian(
      of: a.reshape(4).square(), withRespectTo: [a], sparsity: .given(.init(rows: (0..<4).map { [$0] }, columnCount: 4))
    )
    #expect(given.values == [2, 4, 6, 8])
    #expect(given.pattern.columnColors == [0, 0, 0, 0])
  }

  @Test func `Banded and bipartite patterns take at most two colours above the fullest row`() {
    var generator = Generator(seed: 5)
    for width in 1...9 {
      let n = 60
      let band = SparsityPattern(
        rows: (0..<n).map { row in Array(max(0, row - width)...min(n - 1, row + width)) }, columnCount: n)
      expectColors(band, atMost: 2 * width + 1)
    }
    for (cameras, points, seen) in [(3, 40, 200), (7, 25, 90), (1, 5, 60), (20, 20, 400)] {
      let rows = (0..<seen).flatMap { i -> [[Int]] in
        let (camera, point) = (Int(generator.next() % UInt64(cameras)), Int(generator.next() % UInt64(points)))
        let own = Array(camera * 11..<camera * 11 + 11) + Array(11 * cameras + point * 3..<11 * cameras + point * 3 + 3)
        return [own + [11 * cameras + 3 * points + i], own + [11 * cameras + 3 * points + i]]
      }
      expectColors(SparsityPattern(rows: rows, columnCount: 11 * cameras + 3 * points + seen), atMost: 15)
    }
  }

  private func expectColors(_ pattern: SparsityPattern, atMost bound: Int) {
    let colors = pattern.columnColors
    #expect((colors.max() ?? -1) + 1 <= bound + 2)
    for row in 0..<pattern.rowCount {
      let own = pattern[row: row].map { colors[$0] }
      #expect(Set(own).count == own.count, "two columns of one colour meet in row \(row)")
    }
  }

  @Test func `The Jacobian of many observations takes the memory of its places`() {
    // Dense, 12,000 × 12,211 entries of 8 bytes would be 1.2 GB.
    let (cameras, points, seen) = (11, 2030, 6000)
    let tape = Tape<Double>()
    var generator = Generator(seed: 6)
    let c = tape.input(generator.tensor([cameras, 11]))
    let x = tape.input(generator.tensor([points, 3]))
    let w = tape.input(generator.tensor([seen, 1]))
    let own = c.gather(tape.index(Tensor((0..<seen).map { Int32($0 % cameras) })))
    let point = x.gather(tape.index(Tensor((0..<seen).map { Int32($0 % points) })))
    let turned = (point - own[..., 0..<3]) * own[..., 3..<6].exp()
    let flat = turned[..., 0..<2] / (turned[..., 2..<3].square() + 2)
    let radius = flat.square().sum(axis: 1, keepingDimensions: true)
    let bent: Variable<Double> = flat * own[..., 6..<7] + own[..., 7..<9]
    let y: Variable<Double> = w * (bent + radius * own[..., 9..<11])
    let sparse = jacobian(of: y, withRespectTo: [c, x, w], sparsity: .detected)
    #expect(sparse.pattern.rowCount == 2 * seen && sparse.pattern.columnCount == 11 * cameras + 3 * points + seen)
    #expect(sparse.pattern.count <= 15 * 2 * seen && sparse.values.count == sparse.pattern.count)
    #expect((sparse.pattern.columnColors.max() ?? 0) + 1 <= 17)
  }

  @Test func `A sparse Hessian, its diagonal and its blocks are those of the dense one`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7, 1.1, 0.4, -0.2]))
    let chain = (x[1...] - x[..<4].square()).square().sum() + x.exp().sum()
    let dense = hessian(of: chain, withRespectTo: x)
    let sparse = hessian(of: chain, withRespectTo: x, sparsity: .detected)
    #expect(sparse.pattern.count == 13, "three bands")
    #expect(sparse.dense == dense)
    #expect(hessianDiagonal(of: chain, withRespectTo: x).elements == (0..<5).map { dense.elements[6 * $0] })

    let points = tape.input(Tensor([[1.0, 2], [3, 4], [5, 6]]))
    let f = (points[..., 0] * points[..., 1].square()).sum()
    let slope = gradient(of: f, withRespectTo: points)
    for mode in [JacobianMode.reverse, .forward] {
      let blocks = batchJacobian(of: slope, withRespectTo: points, mode: mode)
      #expect(blocks.value == Tensor([[[0, 4], [4, 2]], [[0, 8], [8, 6]], [[0, 12], [12, 10]]]))
    }
    let squares = batchJacobian(of: (points * points[..., 0..<1]).sum(axis: 1), withRespectTo: points)
    #expect(squares.value == Tensor([[4.0, 1], [10, 3], [16, 5]]))
  }

  @Test func `A batch of functions written on numbers has the blocks of each`() {
    let (x, y) = (Tensor([[1.0, 2], [3, -1]]), Tensor([[0.5, -2], [1, 4]]))
    for mode in [JacobianMode.reverse, .forward, .automatic] {
      let tape = Tape<Double>()
      let v = [tape.input(x), tape.input(y), tape.input(Tensor([[7.0, 7], [7, 7]]))]
      let f = [v[0] * v[1].sin(), v[1].square() + 2 * v[0], (v[0] / v[1]).exp()]
      // What else reads the arguments does not count.
      _ = v[0].sum()
      let blocks = batchJacobian(of: f, withRespectTo: v, mode: mode)
      #expect(blocks.shape == [2, 2, 3, 3])
      let program = Program<Double>([blocks])
      program.run()
      #expect(program.value(of: blocks) == blocks.value)
      for i in 0..<2 {
        for j in 0..<2 {
          let (a, b): (Double, Double) = (x[i, j], y[i, j])
          let e: Double = exp(a / b)
          let expected: [Double] = [sin(b), a * cos(b), 0, 2, 2 * b, 0, e / b, -e * a / (b * b), 0]
          let own: [Double] = blocks.value[i, j, ...].elements
          for (found, right) in zip(own, expected) { #expect(abs(found - right) <= 1e-14 * max(1, abs(right))) }
        }
      }
    }
  }

  @Test func `Functions that mix the numbers of a batch are refused`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Double>().input(Tensor([1.0, 2]), name: "x")
      _ = batchJacobian(of: [x * x.sum()], withRespectTo: [x])
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("mixes the functions of the batch"))
  }

  @Test func `Indices that are computed reach all, and those that are fed reach their own`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([3.0, 1, 2]))
    #expect(sparsity(of: x.gather(x.argSort()), withRespectTo: [x]).count == 9)
    #expect(sparsity(of: x.gather(tape.index(Tensor<Int32>([2, 2]))), withRespectTo: [x]).columns == [2, 2])
    #expect(sparsity(of: x.max(), withRespectTo: [x]).count == 3)
    #expect(sparsity(of: x.step() + x.argMax().asNumbers(), withRespectTo: [x]).count == 0)
    #expect(sparsity(of: x.stopGradient() * x, withRespectTo: [x]).columns == [0, 1, 2])
  }

  @Test("The reach of every operation holds all entries of its Jacobian", arguments: ExampleCase.all)
  func reach(example: ExampleCase) {
    let recorded = example.record(example.values(), as: Double.self)
    guard !recorded.y.holdsIndices else { return }
    for position in example.movable where recorded.x[position].shape.elementCount > 0 {
      let x = recorded.x[position]
      let pattern = sparsity(of: recorded.y, withRespectTo: [x])
      let dense = jacobian(of: recorded.y, withRespectTo: x, mode: .forward)
      let n = x.shape.elementCount
      for (place, entry) in dense.elements.enumerated() where entry != 0 {
        #expect(
          pattern[row: place / n].contains(place % n), "input \(position): [\(place / n), \(place % n)] is \(entry)")
      }
    }
  }
}
