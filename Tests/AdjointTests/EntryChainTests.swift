import Adjoint
import Testing

/// Products of matrices in the leading axes and what stands between them, matrix after matrix, to the bits of the recording.
@Suite struct EntryChainTests {
  /// The numbers of which operands are made.
  enum Kind: CaseIterable { case normal, awkward, vanishing }

  private func numbers<S: BitComparable>(_ shape: Shape, _ kind: Kind, _ generator: inout Generator) -> Tensor<S> {
    let some = [0, -0.0, Double.infinity, -.infinity, .nan, -0.0, 1e30, -1e30]
    let rows = shape[shape.rank - 2]
    return Tensor(
      shape: shape,
      elements: (0..<shape.elementCount).map { place in
        switch kind {
        case .normal: return S(generator.normal())
        case .awkward:
          return generator.uniform() < 0.002 ? S(some[Int(generator.uniform() * 8)]) : S(generator.normal())
        case .vanishing:
          // Below 0 in the first rows and above in the last, so small that a share of it is a zero with its sign.
          let row = place / shape[shape.rank - 1] % rows
          return S(S.self == Float.self ? 0x1p-149 : 0x1p-1074) * S(row < rows / 2 ? -1 : 1)
        }
      })
  }

  private func expectSameBits<S: BitComparable>(_ outputs: [Variable<S>]) -> Int {
    let program = Program<S>(outputs)
    for parts in [1, 2, 3, 8, 9] {
      program.pool = parts == 1 ? nil : WorkerPool(partsInTurn: parts, lastFirst: true)
      for _ in 0..<2 {
        program.run()
        for y in outputs { #expect(program.value(of: y).isIdentical(to: y.value)) }
      }
    }
    return program.instructionCount
  }

  /// softmax(s·Q·Kᵀ)·V, perhaps with a causal mask.
  private func attention<S: Scalar>(_ q: Variable<S>, _ k: Variable<S>, _ v: Variable<S>, isCausal: Bool) -> Variable<S>
  {
    let scores = (q * 0.25).matmul(k, transposeB: true)
    guard isCausal else { return scores.softmax().matmul(v) }
    let (n, m) = (scores.shape[scores.shape.rank - 2], scores.shape[scores.shape.rank - 1])
    let rows = Tensor<S>(shape: [n, 1], elements: (0..<n).map { S(Double($0 + m - n) + 0.5) })
    let mask = q.tape.constant(rows) .> q.tape.constant(Tensor<S>((0..<m).map { S(Double($0)) }))
    return `where`(mask, scores, -1e30).softmax().matmul(v)
  }

  private func check<S: BitComparable>(
    _ leading: [Int], _ n: Int, _ m: Int, _ width: Int, _ kind: Kind, isCausal: Bool, _: S.Type
  ) -> (forward: Int, both: Int) {
    var generator = Generator(seed: 11)
    let tape = Tape<S>()
    func operand(_ rows: Int, _ columns: Int, _ kind: Kind) -> Variable<S> {
      tape.input(numbers(Shape(leading + [rows, columns]), kind, &generator))
    }
    let isSmall = kind == .vanishing
    let (q, k) = (operand(n, width, isSmall ? .normal : kind), operand(m, width, isSmall ? .normal : kind))
    let (v, g) = (operand(m, width + 1, kind), operand(n, width + 1, isSmall ? .normal : kind))
    let y = attention(q, k, v, isCausal: isCausal)
    let forward = expectSameBits([y])
    let all = [y] + gradients(of: y, withRespectTo: [q, k, v], cotangent: g)
    let both = expectSameBits(all)
    // What stands in the middle is there when it is asked for.
    for place in stride(from: v.index + 2, to: y.index, by: 2) where n < 100 && tape[place].role == nil {
      _ = expectSameBits([y, tape[place]])
    }
    return (forward, both)
  }

  @Test("Attention is one pass over its heads, and its gradient another", arguments: [true, false])
  func attention(isCausal: Bool) {
    for kind in [Kind.normal, .awkward] {
      for (leading, n, m, width) in [([2, 3], 40, 33, 7), ([2, 2, 1], 32, 32, 16), ([3], 17, 65, 5)] {
        let float = check(leading, n, m, width, kind, isCausal: isCausal, Float.self)
        let double = check(leading, n, m, width, kind, isCausal: isCausal, Double.self)
        // Queries that are scaled, the mask, and the pass; then that of the gradient, and its scale.
        #expect(float.forward <= 3 && double.forward <= 3)
        #expect(float.both <= 5 && double.both <= 5)
      }
    }
  }

  @Test("Weights of nothing are skipped where no bit tells, and nowhere else", arguments: [130, 256])
  func zeros(length: Int) {
    for kind in Kind.allCases {
      _ = check([2], length, length, 4, kind, isCausal: true, Float.self)
      _ = check([2], length, length, 4, kind, isCausal: true, Double.self)
    }
  }

  @Test("Small matrices, one matrix, and shapes that repeat keep their operations")
  func others() {
    var generator = Generator(seed: 12)
    let tape = Tape<Float>()
    func operand(_ shape: Shape) -> Variable<Float> { tape.input(numbers(shape, .normal, &generator)) }
    let small = attention(operand([4, 3, 5]), operand([4, 6, 5]), operand([4, 6, 2]), isCausal: false)
    let single = attention(operand([1, 33, 5]), operand([1, 40, 5]), operand([1, 40, 2]), isCausal: true)
    let shared = attention(operand([4, 33, 5]), operand([1, 40, 5]), operand([4, 40, 2]), isCausal: true)
    let (a, b) = (operand([4, 32, 32]), operand([4, 32, 32]))
    let product = a.matmul(b)
    let turned = product.reshape(to: [8, 16, 32]).softmax().matmul(operand([8, 32, 3]))
    let both = product.exp().matmul(b) + product.sum(axes: [0])
    let across = product - product.slice(1..<2)
    for outputs in [
      [small], [single], [shared], [turned], [both], [across], [small, single, shared, turned, both, across],
    ] {
      _ = expectSameBits(outputs)
    }
  }
}
