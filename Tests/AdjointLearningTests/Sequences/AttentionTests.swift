import Adjoint
import AdjointLearning
import Foundation
import Testing

/// Attention against plain loops: masks, grouped queries, positions, caches.
struct AttentionTests {
  /// softmax over the visible keys of q·k/√d, times v; for one head.
  private static func attend(
    _ q: [[Double]], _ k: [[Double]], _ v: [[Double]], scale: Double, isVisible: (Int, Int) -> Bool
  ) -> [[Double]] {
    q.indices.map { i in
      let seen = k.indices.filter { isVisible(i, $0) }
      let weights: [Double] = seen.map { j in
        var product = 0.0
        for (a, b) in zip(q[i], k[j]) { product += a * b }
        return Foundation.exp(product * scale)
      }
      let total = weights.reduce(0, +)
      return (v.first ?? []).indices.map { (column: Int) -> Double in
        var sum = 0.0
        for (weight, j) in zip(weights, seen) { sum += weight / total * v[j][column] }
        return sum
      }
    }
  }

  private static func rows(_ x: Tensor<Double>, _ head: Int = 0) -> [[Double]] {
    let (count, width) = (x.shape[x.shape.rank - 2], x.shape[x.shape.rank - 1])
    return (0..<count).map { row in
      let start = (head * count + row) * width
      return Array(x.elements[start..<start + width])
    }
  }

  @Test(arguments: [(1, 1), (3, 3), (2, 5), (5, 2), (4, 0), (0, 3)], [false, true])
  func `scaled dot products are the loop's, causal or not`(counts: (Int, Int), isCausal: Bool) {
    let (n, m) = counts
    let (q, k, v): (Tensor<Double>, Tensor<Double>, Tensor<Double>) = (
      normal([2, n, 3], seed: 1), normal([2, m, 3], seed: 2), normal([2, m, 4], seed: 3)
    )
    let tape = Tape<Double>()
    let y = scaledDotProductAttention(tape.input(q), tape.input(k), tape.input(v), isCausal: isCausal)
    #expect(y.shape == [2, n, 4])
    let wanted = (0..<2).flatMap { head in
      Self.attend(Self.rows(q, head), Self.rows(k, head), Self.rows(v, head), scale: 1 / 3.0.squareRoot()) { i, j in
        !isCausal || j <= i + m - n
      }
    }
    // A query without keys gives 0.
    let flat = wanted.flatMap { $0.isEmpty ? Array(repeating: 0, count: 4) : $0 }
    #expect(distance(y.value.elements, flat) < 1e-14)
  }

  @Test func `a mask, a bias and a scale are the loop's, over leading axes that are repeated`() {
    let (q, k, v): (Tensor<Double>, Tensor<Double>, Tensor<Double>) = (
      normal([2, 3, 2, 4], seed: 1), normal([2, 1, 5, 4], seed: 2), normal([2, 1, 5, 2], seed: 3)
    )
    let mask = Tensor([[1.0, 0, 1, 1, 0], [0, 0, 0, 1, 1]])
    let bias: Tensor<Double> = normal([3, 1, 5], seed: 4)
    let tape = Tape<Double>()
    let y = scaledDotProductAttention(
      tape.input(q), tape.input(k), tape.input(v), mask: tape.constant(mask), bias: tape.constant(bias), scale: 0.3)
    #expect(y.shape == [2, 3, 2, 2])
    for place in 0..<6 {
      // The bias is one more number of each query and key: q·k·s + b.
      let head = place % 3
      let keys = Self.rows(k, place / 3).enumerated().map { $1 + [bias.elements[head * 5 + $0]] }
      let queries = Self.rows(q, place).map { $0 + [1 / 0.3] }
      let wanted = Self.attend(queries, keys, Self.rows(v, place / 3), scale: 0.3) { mask[$0, $1] == 1 }
      #expect(distance(Self.rows(y.value, place).flatMap { $0 }, wanted.flatMap { $0 }) < 1e-14)
    }
  }

  @Test func `a query whose keys are all masked gives 0 and gradients of 0`() {
    let tape = Tape<Float>()
    let (q, k, v) = (
      tape.input(normal([2, 3], seed: 1)), tape.input(normal([2, 3], seed: 2)), tape.input(.ones([2, 3]))
    )
    let y = scaledDotProductAttention(q, k, v, mask: tape.constant(Tensor([[0, 0], [1, 1]])))
    #expect(y.value.elements[..<3].allSatisfy { $0 == 0 })
    let slopes = gradients(of: y.slice(0..<1).square().sum(), withRespectTo: [q, k, v])
    #expect(slopes.allSatisfy { $0.value.elements.allSatisfy { $0 == 0 } })
    #expect(gradient(of: y.square().sum(), withRespectTo: q).value.elements.allSatisfy { $0.isFinite })
  }

  private func layer(_ heads: Int, _ shared: Int, isCausal: Bool = false, rotaryBase: Double? = nil)
    -> MultiHeadAttention<Double>
  {
    var generator = Generator(seed: 11)
    let layer = MultiHeadAttention<Double>(
      8, heads: heads, keyValueHeads: shared, isCausal: isCausal, rotaryBase: rotaryBase, name: "attention",
      using: &generator)
    for (place, linear) in [layer.query, layer.key, layer.value, layer.output].enumerated() {
      linear.bias?.value = normal(linear.bias?.shape ?? [], seed: UInt64(30 + place))
    }
    return layer
  }

  /// The layer as a loop over heads.
  private func loop(
    _ layer: MultiHeadAttention<Double>, _ x: [[Double]], memory: [[Double]], isVisible: (Int, Int, Int) -> Bool
  ) -> [[Double]] {
    func affine(_ linear: Linear<Double>, _ rows: [[Double]]) -> [[Double]] {
      let (weight, bias) = (linear.weight.value, linear.bias?.value)
      return rows.map { row in
        (0..<weight.shape[0]).map { (out: Int) -> Double in
          var sum = bias?[out] ?? 0
          for place in row.indices { sum += row[place] * weight[out, place] }
          return sum
        }
      }
    }
    let (q, k, v) = (affine(layer.query, x), affine(layer.key, memory), affine(layer.value, memory))
    let width = 8 / layer.heads
    var mixed = x.map { _ in [Double]() }
    for head in 0..<layer.heads {
      func part(_ rows: [[Double]], _ head: Int) -> [[Double]] {
        rows.map { Array($0[head * width..<(head + 1) * width]) }
      }
      let shared = head * layer.keyValueHeads / layer.heads
      let y = Self.attend(part(q, head), part(k, shared), part(v, shared), scale: 1 / Double(width).squareRoot()) {
        isVisible(head, $0, $1)
      }
      for row in y.indices { mixed[row] += y[row].isEmpty ? Array(repeating: 0, count: width) : y[row] }
    }
    return affine(layer.output, mixed)
  }

  @Test(arguments: [(1, 1), (2, 2), (4, 2), (4, 1)], [false, true])
  func `heads and grouped queries are the loop's, causal or not`(heads: (Int, Int), isCausal: Bool) {
    let layer = layer(heads.0, heads.1, isCausal: isCausal)
    let x: Tensor<Double> = normal([2, 5, 8], seed: 1)
    let y = layer(Tape<Double>().input(x))
    for batch in 0..<2 {
      let rows = Self.rows(x, batch)
      let wanted = loop(layer, rows, memory: rows) { !isCausal || $2 <= $1 }
      #expect(distance(Self.rows(y.value, batch).flatMap { $0 }, wanted.flatMap { $0 }) < 1e-13)
    }
  }

  @Test func `masks of keys, of queries and keys, of each row and of each head, and a memory are the loop's`() {
    let layer = layer(4, 2)
    let (x, memory): (Tensor<Double>, Tensor<Double>) = (normal([2, 3, 8], seed: 1), normal([2, 4, 8], seed: 2))
    var generator = Generator(seed: 5)
    func random(_ shape: Shape) -> Tensor<Double> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform() < 0.6 ? 1 : 0 })
    }
    let keyMask = random([2, 4])
    for shape in [[3, 4], [2, 3, 4], [2, 4, 3, 4]] as [Shape] {
      let mask = random(shape)
      let tape = Tape<Double>()
      let y = layer.attend(
        tape.input(x), to: tape.input(memory), mask: tape.constant(mask), keyMask: tape.constant(keyMask))
      for batch in 0..<2 {
        let wanted = loop(layer, Self.rows(x, batch), memory: Self.rows(memory, batch)) { head, i, j in
          let offset = shape.rank == 2 ? 0 : shape.rank == 3 ? batch * 12 : (batch * 4 + head) * 12
          return mask.elements[offset + i * 4 + j] == 1 && keyMask[batch, j] == 1
        }
        #expect(distance(Self.rows(y.value, batch).flatMap { $0 }, wanted.flatMap { $0 }) < 1e-13)
      }
    }
  }

  @Test(arguments: RotaryPairs.allCases)
  func `rotary positions turn each pair by position times rate`(_ pairs: RotaryPairs) {
    let x: Tensor<Double> = normal([2, 3, 6], seed: 3)
    let y = rotary(Tape<Double>().input(x), from: 5, base: 100, pairs: pairs).value
    for row in 0..<6 {
      for i in 0..<3 {
        let angle = Double(5 + row % 3) * Foundation.pow(100, -2 * Double(i) / 6)
        let (p, q) = pairs == .halves ? (i, i + 3) : (2 * i, 2 * i + 1)
        let (a, b) = (x.elements[row * 6 + p], x.elements[row * 6 + q])
        #expect(abs(y.elements[row * 6 + p] - (a * cos(angle) - b * sin(angle))) < 1e-14)
        #expect(abs(y.elements[row * 6 + q] - (a * sin(angle) + b * cos(angle))) < 1e-14)
      }
    }
    let given = rotary(Tape<Double>().input(x), positions: [5, 6, 7], base: 100, pairs: pairs).value
    #expect(given == y)
  }

  @Test func `with rotary positions a product depends on the distance alone`() {
    let (q, k): (Tensor<Double>, Tensor<Double>) = (normal([1, 8], seed: 1), normal([1, 8], seed: 2))
    let tape = Tape<Double>()
    func product(_ a: Int, _ b: Int) -> Double {
      (rotary(tape.input(q), from: a) * rotary(tape.input(k), from: b)).sum().scalar
    }
    #expect(abs(product(3, 1) - product(12, 10)) < 1e-13 && abs(product(3, 1) - product(3, 2)) > 1e-3)
  }

  @Test(arguments: [(4, 4, nil), (4, 2, 100.0)] as [(Int, Int, Double?)])
  func `token by token with a cache gives what the whole sequence does`(_ setting: (Int, Int, Double?)) {
    let layer = layer(setting.0, setting.1, isCausal: true, rotaryBase: setting.2)
    let x: Tensor<Double> = normal([2, 7, 8], seed: 4)
    let whole = layer(Tape<Double>(mode: .inference).input(x)).value
    // A prompt of three, then one by one.
    var (cache, parts) = (KeyValueCache<Double>(), [Tensor<Double>]())
    for range in [0..<3, 3..<4, 4..<5, 5..<6, 6..<7] {
      let tape = Tape<Double>(mode: .inference)
      #expect(cache.count == range.lowerBound)
      parts.append(layer.attend(tape.input(x).slice(range, axis: 1), cache: &cache).value)
    }
    #expect(distance(concatenate(parts, axis: 1).elements, whole.elements) < 1e-14)
  }

  @Test func `what does not fit is said in a sentence`() async {
    let heads = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      _ = MultiHeadAttention<Float>(10, heads: 4, using: &generator)
    }
    #expect(text(heads).contains("MultiHeadAttention: width 10, 4 heads, 4 heads of keys and values"))
    let mask = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var generator = Generator(seed: 1)
      let tape = Tape<Float>()
      let x = tape.input(.zeros([2, 3, 8]))
      _ = MultiHeadAttention<Float>(8, heads: 4, using: &generator).attend(x, mask: tape.constant(.ones([3, 2])))
    }
    #expect(
      text(mask).contains("the mask has shape [3, 2]; give [3, 3], [2, 3, 3] or [2, 4, 3, 3]: queries, then keys"))
    let keys = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      _ = scaledDotProductAttention(
        tape.input(.zeros([3, 4])), tape.input(.zeros([5, 4])), tape.input(.zeros([6, 4])))
    }
    #expect(text(keys).contains("there are 5 keys") && text(keys).contains("give one value for each key"))
  }
}
