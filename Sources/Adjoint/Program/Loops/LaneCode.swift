import AdjointKernels

/// Steps on slots that are being collected, and loops of such steps among them. A slot holds a number of several steps of a loop, or a
/// value of one; it is named by its position among `values`, and called a number.
///
/// An operation that is recorded twice on the same numbers is one step, and none adds 0 to what cannot be −0.
struct LaneCode {
  /// The number 0.
  static let zero = 0
  /// The most numbers, which bounds the time that the code takes to make.
  private static let most = 1 << 15
  private static let copy = Int(AK_ZIP_COUNT.rawValue) + Int(AK_COPY.rawValue)

  private struct Value: Hashable {
    /// An `ak_zip`, or `AK_ZIP_COUNT` and an `ak_map`; or one of those below.
    let f: Int
    let a: Int, b: Int

    static let given = -1, ofLoop = -2
  }

  /// A loop: what each step reads and gives, and what all steps read.
  private struct Loop {
    let body: ScanLanes
    /// The numbers that the steps read, in the order of the body's elements.
    let entries: [[Int]], shared: [Int]
    /// The position of its first result among the numbers. They follow one another, step by step.
    let first: Int
  }

  private var values = [Value(f: Value.given, a: -1, b: 0)]
  private(set) var leaves: [(leaf: Int, position: Int, number: Int)] = []
  private var loops: [Loop] = []
  /// True for what cannot be −0.
  private var isNeverMinusZero = [true]
  private var known: [Value: Int] = [:]
  /// The lanes of the vectors in which sums run.
  let vector: Int

  init(vector: Int) { self.vector = vector }

  var isTooLong: Bool { values.count > Self.most }

  mutating func leaf(_ leaf: Int, _ position: Int) -> Int {
    leaves.append((leaf, position, values.count))
    return append(Value(f: Value.given, a: leaf, b: position))
  }

  /// The number that a function gives of others.
  mutating func step(_ f: Int, _ a: Int, _ b: Int) -> Int {
    let isSum = f == Int(AK_ADD.rawValue)
    if isSum, a == Self.zero, isNeverMinusZero[b] { return b }
    if isSum, b == Self.zero, isNeverMinusZero[a] { return a }
    let value = Value(f: f, a: a, b: b)
    if let same = known[value] { return same }
    known[value] = values.count
    return append(value, isNeverMinusZero: isSum && (isNeverMinusZero[a] || isNeverMinusZero[b]))
  }

  /// a where c is not 0, else b, to the bit. What a comparison leaves out is +0, of which no bit is set.
  mutating func choice(_ c: Int, _ a: Int, _ b: Int) -> Int {
    let isZero = step(Int(AK_EQUAL.rawValue), c, Self.zero)
    let masked = Int(AK_MASKED.rawValue)
    return step(AK_LANE_EITHER, step(masked, a, c), step(masked, b, isZero))
  }

  /// What a slot with a value's elements gives: their sum (`AK_LANE_SUM`), or one of them (`AK_LANE_PICK`).
  mutating func number(_ f: Int, of x: Int) -> Int { step(f, x, x) }

  /// The sum of a few numbers, in the order in which vectors add them: `reduce` of the kernels, for one block.
  mutating func sum(_ x: [Int]) -> Int {
    let lanes = 0..<vector
    var sums = [[Int]](repeating: lanes.map { _ in Self.zero }, count: 8)
    func add(_ a: [Int], _ b: [Int], _ code: inout LaneCode) -> [Int] {
      zip(a, b).map { code.step(Int(AK_ADD.rawValue), $0, $1) }
    }
    var i = 0
    while i + 8 * vector <= x.count {
      for k in 0..<8 { sums[k] = add(sums[k], Array(x[i + k * vector..<i + (k + 1) * vector]), &self) }
      i += 8 * vector
    }
    while i + vector <= x.count {
      sums[0] = add(sums[0], Array(x[i..<i + vector]), &self)
      i += vector
    }
    if i < x.count { sums[1] = add(sums[1], lanes.map { i + $0 < x.count ? x[i + $0] : Self.zero }, &self) }
    for k in 0..<4 { sums[k] = add(sums[k], sums[k + 4], &self) }
    let (even, odd) = (add(sums[0], sums[2], &self), add(sums[1], sums[3], &self))
    var total = add(even, odd, &self)
    while total.count > 1 {
      let half = total.count / 2
      total = add(Array(total[..<half]), Array(total[half...]), &self)
    }
    return total[0]
  }

  /// The results of the steps of a loop, step by step.
  mutating func loop(_ body: ScanLanes, entries: [[Int]], shared: [Int]) -> [[Int]] {
    loops.append(Loop(body: body, entries: entries, shared: shared, first: values.count))
    return entries.indices.map { _ in
      body.results.map { _ in append(Value(f: Value.ofLoop, a: loops.count - 1, b: values.count)) }
    }
  }

  private mutating func append(_ value: Value, isNeverMinusZero: Bool = false) -> Int {
    values.append(value)
    self.isNeverMinusZero.append(isNeverMinusZero)
    return values.count - 1
  }

  // MARK: Slots

  /// The last reader of each number that some results need; −1 for any other. What is given is read as long as there are steps.
  private func lastReaders(for results: [Int]) -> [Int] {
    let (never, always) = (-1, values.count)
    var last = [Int](repeating: never, count: values.count)
    func read(_ x: Int, by reader: Int) {
      last[x] = values[x].f == Value.given ? always : max(last[x], reader)
    }
    for result in results { last[result] = always }
    last[Self.zero] = always
    var isDone = [Bool](repeating: false, count: loops.count)
    for (i, value) in values.enumerated().reversed() where last[i] != never {
      if value.f >= 0 {
        read(value.a, by: i)
        read(value.b, by: i)
      } else if value.f == Value.ofLoop, !isDone[value.a] {
        isDone[value.a] = true
        let loop = loops[value.a]
        for x in loop.entries.joined() { read(x, by: loop.first) }
        for x in loop.shared { read(x, by: loop.first) }
      }
    }
    return last
  }

  /// The carries in whose slots the next ones are put, by the latter: nothing reads them after that.
  private func replaced(_ handed: [(carry: Int, next: Int)]) -> [Int: Int] {
    var lastRead = [Int](repeating: -1, count: values.count)
    for (i, value) in values.enumerated() where value.f >= 0 { (lastRead[value.a], lastRead[value.b]) = (i, i) }
    for (carry, next) in handed where carry != next { lastRead[next] = values.count }
    let places = handed.filter { carry, next in
      values[next].f >= 0 && lastRead[carry] <= next
    }
    return Dictionary(places.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The steps that some results need, in blocks that end with a loop, and the slot of each number, −1 where it is not needed. A slot is
  /// taken again when its number has been read for the last time. What is handed on takes the slot of its carry at the end, where
  /// it does not stand there.
  func blocks(
    for results: [Int], handing handed: [(carry: Int, next: Int)] = []
  ) -> (blocks: [ScanLanes.Block], slot: [Int], count: Int)? {
    let last = lastReaders(for: results)
    let replaced = replaced(handed)
    var slot = [Int](repeating: -1, count: values.count)
    var (free, count) = ([Int](), 0)
    var (blocks, steps) = ([ScanLanes.Block](), [ak_lane_step]())
    func take(_ i: Int) {
      slot[i] = free.popLast() ?? count
      count = max(count, slot[i] + 1)
    }
    // What is given has slots of its own, since no step computes it again.
    for (i, value) in values.enumerated() where value.f == Value.given && last[i] >= 0 { take(i) }
    for (i, value) in values.enumerated() where last[i] >= 0 && slot[i] < 0 {
      guard value.f >= 0 else {
        // All results of a loop have places before what it reads gives its own back.
        let loop = loops[value.a]
        let width = loop.body.results.count
        let own = loop.first..<loop.first + loop.entries.count * width
        for x in own where last[x] >= 0 { take(x) }
        func copies(_ list: [Int], _ elements: [ScanLanes.Element]) -> [ScanLanes.Copy] {
          zip(list, elements).map { ScanLanes.Copy(outer: slot[$0], inner: $1.slot) }
        }
        blocks.append(
          ScanLanes.Block(
            steps: steps,
            loop: ScanLanes.Inner(
              body: loop.body, shared: copies(loop.shared, loop.body.shared),
              entries: loop.entries.map { copies($0, loop.body.entries) },
              results: loop.entries.indices.map { t in
                let numbers = own.lowerBound + t * width..<own.lowerBound + (t + 1) * width
                return copies(Array(numbers), loop.body.results).filter { $0.outer >= 0 }
              })))
        steps = []
        for x in Set(loop.entries.joined()).union(loop.shared) where last[x] == loop.first { free.append(slot[x]) }
        continue
      }
      // The operands of a vector are read before it is written.
      for x in Set([value.a, value.b]) where last[x] == i { free.append(slot[x]) }
      if let carry = replaced[i] { slot[i] = slot[carry] } else { take(i) }
      guard count <= Int(UInt16.max) else { return nil }
      steps.append(
        ak_lane_step(f: UInt16(value.f), y: UInt16(slot[i]), a: UInt16(slot[value.a]), b: UInt16(slot[value.b])))
    }
    func copy(_ x: Int, to y: Int) {
      steps.append(ak_lane_step(f: UInt16(Self.copy), y: UInt16(y), a: UInt16(x), b: UInt16(x)))
    }
    var moves = handed.map { (from: slot[$0.next], to: slot[$0.carry]) }.filter { $0.from != $0.to }
    // Carries that change places are read before one of them is written.
    if !Set(moves.map(\.from)).isDisjoint(with: moves.map(\.to)) {
      for i in moves.indices {
        copy(moves[i].from, to: count + i)
        moves[i].from = count + i
      }
      count += moves.count
    }
    for move in moves { copy(move.from, to: move.to) }
    guard count <= Int(UInt16.max) else { return nil }
    return (blocks + [ScanLanes.Block(steps: steps, loop: nil)], slot, count)
  }
}
