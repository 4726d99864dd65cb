import AdjointKernels
import Testing

/// A product's operands in memory, with room behind every row and values that show when they are touched.
struct Operands<T: Real> {
  var m: Int, n: Int, k: Int
  var transposeA: Bool, transposeB: Bool
  var lda: Int, ldb: Int, ldc: Int
  var a: [T], b: [T], c: [T], bias: [T]

  init(m: Int, n: Int, k: Int, transposeA: Bool, transposeB: Bool, gap: Int, seed: UInt64 = 1) {
    (self.m, self.n, self.k) = (m, n, k)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
    lda = (transposeA ? m : k) + gap
    ldb = (transposeB ? k : n) + gap
    ldc = n + gap
    var stream = Stream(seed &+ UInt64(m * 1009 + n * 31 + k))
    // NaN in the gaps: reading one into a result would show.
    func matrix(_ rows: Int, _ columns: Int, _ ld: Int) -> [T] {
      (0..<rows * ld).map { $0 % ld < columns ? T(stream.next()) : .nan }
    }
    a = transposeA ? matrix(k, m, lda) : matrix(m, k, lda)
    b = transposeB ? matrix(n, k, ldb) : matrix(k, n, ldb)
    c = (0..<m * ldc).map { T($0 % 13) - 6 }
    bias = stream.values(n)
  }

  func leftElement(_ i: Int, _ p: Int) -> T { transposeA ? a[p * lda + i] : a[i * lda + p] }
  func rightElement(_ p: Int, _ j: Int) -> T { transposeB ? b[j * ldb + p] : b[p * ldb + j] }

  /// C after the product of the given rows and columns alone.
  func product(
    _ kernels: ak_kernels, rows: Range<Int>? = nil, columns: Range<Int>? = nil, accumulate: Bool = false,
    withBias: Bool = false, f: ak_map = AK_COPY
  ) -> [T] {
    let rows = rows ?? 0..<m
    let columns = columns ?? 0..<n
    var result = c
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        bias.withUnsafeBufferPointer { bias in
          result.withUnsafeMutableBufferPointer { c in
            guard let a0 = a.baseAddress, let b0 = b.baseAddress, let c0 = c.baseAddress, let bias0 = bias.baseAddress
            else { return }
            let call = ProductCall<T>(
              transposeA: transposeA, transposeB: transposeB, accumulate: accumulate, m: rows.count, n: columns.count,
              k: k, a: a0 + rows.lowerBound * (transposeA ? 1 : lda), lda: lda,
              b: b0 + columns.lowerBound * (transposeB ? ldb : 1), ldb: ldb,
              c: c0 + rows.lowerBound * ldc + columns.lowerBound, ldc: ldc,
              bias: withBias ? bias0 + columns.lowerBound : nil, f: f, p: 0.5, q: 2)
            T.gemm(kernels, call)
          }
        }
      }
    }
    return result
  }
}

@Suite struct GemmTests {
  static let transposes = [(false, false), (false, true), (true, false), (true, true)]
  static let shapes: [[Int]] = {
    let sides = [1, 2, 3, 5, 7, 15, 16, 17, 31, 33, 65]
    var shapes = [
      [0, 3, 2], [3, 0, 2], [3, 2, 0], [1, 1, 1], [10, 20, 128], [20, 10, 64], [9, 10, 300], [1, 50, 217],
    ]
    shapes += [[50, 1, 217], [5, 100, 10], [130, 33, 12], [30, 18, 418]]
    // Every side stands in every role, without the full cube.
    for i in sides.indices {
      shapes.append([sides[i], sides[(i * 3 + 1) % sides.count], sides[(i * 7 + 5) % sides.count]])
      shapes.append([sides[(i * 5 + 2) % sides.count], sides[i], sides[(i * 2 + 3) % sides.count]])
    }
    return shapes
  }()

  @Test(arguments: InstructionSet.all, shapes)
  func theProductIsItsDefinition(set: InstructionSet, shape: [Int]) {
    for (ta, tb) in Self.transposes {
      check(set, Operands<Float>(m: shape[0], n: shape[1], k: shape[2], transposeA: ta, transposeB: tb, gap: 0))
      check(set, Operands<Double>(m: shape[0], n: shape[1], k: shape[2], transposeA: ta, transposeB: tb, gap: 5))
    }
  }

  func check<T: Real>(_ set: InstructionSet, _ o: Operands<T>) {
    let found = o.product(set.kernels)
    for i in 0..<o.m {
      for j in 0..<o.n {
        var sum = 0.0
        var size = 0.0
        for p in 0..<o.k {
          let term = Double(o.leftElement(i, p)) * Double(o.rightElement(p, j))
          sum += term
          size += abs(term)
        }
        let error = abs(Double(found[i * o.ldc + j]) - sum)
        #expect(error <= (2 + 0.1 * Double(o.k)) * Double(T.ulpOfOne) * size, "[\(i), \(j)] of \(o.m) \(o.n) \(o.k)")
      }
      // The gaps are left alone.
      for j in o.n..<o.ldc { #expect(found[i * o.ldc + j] == o.c[i * o.ldc + j]) }
    }
  }

  @Test(arguments: InstructionSet.all, shapes)
  func layoutAndSplittingChangeNoBit(set: InstructionSet, shape: [Int]) {
    checkBits(set, shape, as: Float.self)
    checkBits(set, shape, as: Double.self)
  }

  func checkBits<T: Real>(_ set: InstructionSet, _ shape: [Int], as type: T.Type) {
    let (m, n, k) = (shape[0], shape[1], shape[2])
    let plain = Operands<T>(m: m, n: n, k: k, transposeA: false, transposeB: false, gap: 0)
    let whole = plain.product(set.kernels)
    for (ta, tb) in Self.transposes {
      for gap in [0, 3] where ta || tb || gap > 0 {
        var other = Operands<T>(m: m, n: n, k: k, transposeA: ta, transposeB: tb, gap: gap)
        for p in 0..<k {
          for i in 0..<m { other.a[ta ? p * other.lda + i : i * other.lda + p] = plain.leftElement(i, p) }
          for j in 0..<n { other.b[tb ? j * other.ldb + p : p * other.ldb + j] = plain.rightElement(p, j) }
        }
        let found = other.product(set.kernels)
        #expect(
          (0..<m).allSatisfy { i in
            (0..<n).allSatisfy { j in same([found[i * other.ldc + j]], [whole[i * n + j]]) }
          })
        // By rows and by columns, cut where no tile ends.
        for cut in [1, 5, 16] where gap == 3 {
          if cut < m {
            let top = other.product(set.kernels, rows: 0..<cut)
            let rest = other.product(set.kernels, rows: cut..<m)
            #expect(same(Array(top[..<(cut * other.ldc)]) + Array(rest[(cut * other.ldc)...]), found))
          }
          if cut < n {
            let left = other.product(set.kernels, columns: 0..<cut)
            let rest = other.product(set.kernels, columns: cut..<n)
            #expect(
              found.indices.allSatisfy { at in
                let j = at % other.ldc
                return same([found[at]], [j < cut ? left[at] : rest[at]])
              })
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.all, shapes)
  func theLastPassEqualsPassesOfItsOwn(set: InstructionSet, shape: [Int]) {
    checkLastPass(set, shape, as: Float.self)
    checkLastPass(set, shape, as: Double.self)
  }

  func checkLastPass<T: Real>(_ set: InstructionSet, _ shape: [Int], as type: T.Type) {
    let o = Operands<T>(m: shape[0], n: shape[1], k: shape[2], transposeA: false, transposeB: true, gap: 2)
    let product = o.product(set.kernels)
    let summed = o.product(set.kernels, accumulate: true)
    for i in 0..<o.m {
      let row = Array(product[i * o.ldc..<i * o.ldc + o.n])
      let biased = Swift.zip(row, o.bias).map { $0 + $1 }
      for f in [AK_COPY, AK_RELU, AK_TANH, AK_ELU] {
        let fused = o.product(set.kernels, withBias: true, f: f)
        let plain = o.product(set.kernels, f: f)
        #expect(same(Array(fused[i * o.ldc..<i * o.ldc + o.n]), T.map(set.kernels, f, 0.5, 2, biased)))
        #expect(same(Array(plain[i * o.ldc..<i * o.ldc + o.n]), T.map(set.kernels, f, 0.5, 2, row)))
        if i > 0 { break }
      }
      let before = o.c[i * o.ldc..<i * o.ldc + o.n]
      #expect(same(Array(summed[i * o.ldc..<i * o.ldc + o.n]), Swift.zip(before, row).map { $0 + $1 }))
    }
  }

  @Test(arguments: InstructionSet.all)
  func aNaNReachesItsRowOrColumnAndNoOther(set: InstructionSet) {
    for (ta, tb) in Self.transposes {
      var o = Operands<Float>(m: 19, n: 21, k: 9, transposeA: ta, transposeB: tb, gap: 0)
      o.a[ta ? 4 * o.lda + 18 : 18 * o.lda + 4] = .nan
      let found = o.product(set.kernels)
      #expect(found.indices.allSatisfy { found[$0].isNaN == ($0 / 21 == 18) })
      o = Operands<Float>(m: 19, n: 21, k: 9, transposeA: ta, transposeB: tb, gap: 0)
      o.b[tb ? 20 * o.ldb + 4 : 4 * o.ldb + 20] = .nan
      let other = o.product(set.kernels)
      #expect(other.indices.allSatisfy { other[$0].isNaN == ($0 % 21 == 20) })
    }
  }

  @Test(arguments: InstructionSet.all)
  func aLargeProductRunsThroughEveryBlock(set: InstructionSet) {
    // More columns, rows and depth than one block of the workspace holds; rows of B a page apart; few rows and many more
    // columns; many rows and columns that leave most of a vector empty; more of A than one block, whose columns are copied
    // into tiles for the panels of many columns.
    let shapes = [(70, 330, 230, 1), (340, 40, 215, 2), (40, 512, 20, 0), (21, 427, 419, 3), (1100, 9, 64, 0)]
    for (m, n, k, gap) in shapes + [(347, 139, 215, 2), (512, 264, 130, 0)] {
      for (ta, tb) in Self.transposes {
        checkBlocks(
          set, Operands<Double>(m: m, n: n, k: k, transposeA: ta, transposeB: tb, gap: gap), tolerance: 1e-12)
        checkBlocks(set, Operands<Float>(m: m, n: n, k: k, transposeA: ta, transposeB: tb, gap: gap), tolerance: 1e-4)
      }
    }
  }

  func checkBlocks<T: Real>(_ set: InstructionSet, _ o: Operands<T>, tolerance: T) {
    let found = o.product(set.kernels)
    let summed = o.product(set.kernels, accumulate: true)
    let cut = o.m / 3
    let top = o.product(set.kernels, rows: 0..<cut)
    let rest = o.product(set.kernels, rows: cut..<o.m)
    #expect(found.elementsEqual(top[..<(cut * o.ldc)] + rest[(cut * o.ldc)...]))
    // A row by itself takes another way to the same bits.
    for row in [0, cut + 1, o.m - 1] {
      let own = row * o.ldc..<row * o.ldc + o.n
      #expect(same(Array(o.product(set.kernels, rows: row..<row + 1)[own]), Array(found[own])))
    }
    var stream = Stream(2)
    for _ in 0..<200 {
      let i = Int(stream.bits() % UInt64(o.m))
      let j = Int(stream.bits() % UInt64(o.n))
      let at = i * o.ldc + j
      let expected = (0..<o.k).reduce(T(0)) { $0 + o.leftElement(i, $1) * o.rightElement($1, j) }
      #expect(abs(found[at] - expected) < tolerance)
      #expect(summed[at] == o.c[at] + found[at])
    }
  }
}
