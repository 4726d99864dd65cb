// Positions of elements in the order of their sizes: indices that are computed, not fed. NaN counts as larger than any number.

/// y = the position of the largest element along the last axis; the first of those that tie, and the first NaN where there is one,
/// as for `max`.
package struct ArgMax: LibraryOperation {
  /// The fewest elements of a row, less one, whose maximum is taken beforehand.
  private static let fewest = 8

  package init() {}

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let width = x[0].shape[x[0].shape.rank - 1]
    let (elements, y) = (x[0].elements, y.indexElements)
    // Numbers alone: their maximum takes no branch, and stands where it is met first. NaN is met as what differs from itself.
    let isNumber = S.self == Float.self || S.self == Double.self
    for row in y.indices {
      if isNumber, width > ArgMax.fewest, let first = elements.baseAddress.map({ $0 + row * width }) {
        let largest = S.reduce(.maximum, first, count: width)
        var place = 0
        if largest == largest { while first[place] != largest { place += 1 } }
        while largest != largest, first[place] == first[place] { place += 1 }
        y[row] = Int32(place)
        continue
      }
      var best = 0
      for j in 1..<max(width, 1) where elements[row * width + best].isExceeded(by: elements[row * width + j]) {
        best = j
      }
      y[row] = Int32(best)
    }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    let width = x[0].shape[x[0].shape.rank - 1]
    let rows = stride(from: 0, to: x[0].count, by: width).map { Array(x[0].elements[$0..<$0 + width]) }
    return Branches(bestOf: rows, largest: true)
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    guard let width = x.last, width > 0 else { throw ShapeError("argMax: \(x) has no element along its last axis") }
    guard width <= Int(Int32.max) else {
      throw ShapeError("argMax: a row of \(x) has more elements than Int32 numbers")
    }
    return Shape(x.dropLast())
  }
  package func resultIndexBound(for x: [Shape]) -> Int? { x[0].last ?? 0 }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { x.tape.record(self, x[0]) }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { x[0].rank > 1 ? [true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  package var ownForm: OperationForm { .argMax }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { 0...Double(shapes[0].last ?? 1) }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? { [] }
  package static var examples: [Example] {
    [[3, 4], [5], [2, 3, 4], [1, 1], [0, 3]].map { Example(ArgMax(), .numbers($0)) }
  }
}

/// y = the positions of the first `count` elements along an axis in rising or falling order. Elements that tie keep their order;
/// NaN stands behind all numbers, or before them when falling.
///
/// - Complexity: n log n for n elements of the axis; a few of many are picked out in one pass.
package struct ArgSort: LibraryOperation {
  package let axis: Int
  package let isDescending: Bool
  package let count: Int

  /// The most elements that are picked out without sorting all.
  private static let fewest = 32

  package init(axis: Int, isDescending: Bool, count: Int) {
    (self.axis, self.isDescending, self.count) = (axis, isDescending, count)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let (source, target) = (AxisLines(x[0].shape, axis), AxisLines(y.shape, axis))
    let (elements, y) = (x[0].elements, y.indexElements)
    withUnsafeTemporaryAllocation(of: (value: S, place: Int32).self, capacity: Swift.max(source.length, 1)) { room in
      var line = UnsafeMutableBufferPointer(rebasing: room[..<source.length])
      for number in 0..<target.count {
        let start = source.start(number)
        func element(_ i: Int) -> (value: S, place: Int32) {
          (elements[start + i * source.stride], Int32(truncatingIfNeeded: i))
        }
        if count <= ArgSort.fewest {
          // The first so far stand in order; most elements come behind the last of them, and are compared once.
          for i in 0..<(count == 0 ? 0 : source.length) {
            let own = element(i)
            var place = Swift.min(i, count)
            if place == count, !precedes(own, line[count - 1]) { continue }
            if place == count { place -= 1 }
            while place > 0, precedes(own, line[place - 1]) {
              line.initializeElement(at: place, to: line[place - 1])
              place -= 1
            }
            line.initializeElement(at: place, to: own)
          }
        } else {
          for i in 0..<source.length { line.initializeElement(at: i, to: element(i)) }
          line.sort { precedes($0, $1) }
        }
        for i in 0..<count { y[target.start(number) + i * target.stride] = line[i].place }
      }
    }
  }

  /// True when a stands before b. No two places are equal, so the order is the same by whatever way it is found.
  private func precedes<S: Scalar>(_ a: (value: S, place: Int32), _ b: (value: S, place: Int32)) -> Bool {
    let (first, second) = isDescending ? (b.value, a.value) : (a.value, b.value)
    if first.primal < second.primal { return true }
    if first.primal > second.primal { return false }
    if first.primal.isNaN != second.primal.isNaN { return second.primal.isNaN }
    return a.place < b.place
  }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }

  /// The element that each place took, and its distance to the nearer neighbour in the order.
  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    let shape = x[0].shape.replacing(axis: axis, with: count)
    let (source, target) = (AxisLines(x[0].shape, axis), AxisLines(shape, axis))
    var sides = [Int32](repeating: 0, count: shape.elementCount)
    var distances = [S](repeating: S(Double.infinity), count: shape.elementCount)
    for (places, others) in zip(target.all, source.all) {
      let line = others.enumerated().map { (value: x[0][$1], place: Int32($0)) }.sorted { precedes($0, $1) }
      for (i, place) in places.enumerated() {
        sides[place] = line[i].place
        let neighbours = [i - 1, i + 1].filter(line.indices.contains).map { line[i].value - line[$0].value }
        distances[place] = neighbours.min { Swift.abs($0.primal) < Swift.abs($1.primal) } ?? distances[place]
      }
    }
    return Branches(sides: sides, distances: distances)
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    try x.require(axis: axis, of: name)
    guard x[axis] <= Int(Int32.max) else {
      throw ShapeError("\(name): axis \(axis) of \(x) has more elements than Int32 numbers")
    }
    guard count >= 0, count <= x[axis] else {
      throw ShapeError("\(name): \(count) of the \(x[axis]) elements along axis \(axis) of \(x) cannot be taken")
    }
    return x.replacing(axis: axis, with: count)
  }
  package func resultIndexBound(for x: [Shape]) -> Int? { x[0][axis] }
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    x.tape.record(ArgSort(axis: axis + 1, isDescending: isDescending, count: count), x[0])
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { axis > 0 ? [true] : nil }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  package var name: String { "argSort" }
  package var attributes: [Attribute] {
    [Attribute("axis", .int(axis)), Attribute("descending", .flag(isDescending)), Attribute("count", .int(count))]
  }
  package var ownForm: OperationForm { .argSort }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    methodCall(name, x, "axis: \(axis)", "descending: \(isDescending)", "count: \(count)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { 0...Double(shapes[0][axis]) }
  package func resized(_ change: (Int) -> Int) -> ArgSort {
    ArgSort(axis: axis, isDescending: isDescending, count: change(count))
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? { [] }
  package static var examples: [Example] {
    let cases: [(Shape, Int, Int)] = [
      ([3, 4], 1, 4), ([3, 4], 0, 2), ([5], 0, 5), ([2, 3, 4], 1, 3), ([1, 1], 1, 1), ([0, 3], 1, 3), ([3], 0, 0),
    ]
    return [false, true].flatMap { isDescending in
      cases.map { shape, axis, count in
        Example(ArgSort(axis: axis, isDescending: isDescending, count: count), .numbers(shape))
      }
    }
  }
}

/// The lines of a shape along one axis.
struct AxisLines {
  /// The number of elements of a line, and the distance of two.
  let length, stride: Int
  /// The number of lines.
  let count: Int

  init(_ shape: Shape, _ axis: Int) {
    length = shape[axis]
    stride = shape.strides[axis]
    count = shape.indices.reduce(1) { $1 == axis ? $0 : $0 * shape[$1] }
  }

  /// The place of the first element of a line. Lines are counted in row-major order of the other axes.
  @inline(__always)
  func start(_ line: Int) -> Int {
    let (outer, inner) = line.quotientAndRemainder(dividingBy: stride)
    return outer * length * stride + inner
  }

  /// The places of each line's elements.
  var all: [[Int]] { (0..<count).map { line in (0..<length).map { start(line) + $0 * stride } } }
}

extension Shape {
  /// - Throws: `ShapeError` when there is no such axis, counted from 0.
  func require(axis: Int, of name: String) throws(ShapeError) {
    guard axis >= 0, axis < rank else {
      throw ShapeError("\(name): axis \(axis) does not exist in \(self), which has rank \(rank)")
    }
  }
}

extension Variable {
  /// The position of the largest element along an axis, which is removed or kept as a dimension of 1: indices, the first of those
  /// that tie, and that of the first NaN where there is one.
  public func argMax(
    axis: Int = -1, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    if keepingDimensions { return argSort(axis: axis, descending: true, count: 1, file: file, line: line) }
    return alongLastAxis(axis, "argMax", file, line, removesAxis: true) {
      tape.record(ArgMax(), $0, file: file, line: line)
    }
  }

  /// The position of the smallest element along an axis, which is removed or kept: indices, as for `argMax`.
  public func argMin(
    axis: Int = -1, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    tape.apply(.negate, self, file, line)
      .argMax(axis: axis, keepingDimensions: keepingDimensions, file: file, line: line)
  }

  /// The positions that put an axis into rising or falling order: indices. Elements that tie keep their order, and NaN counts
  /// as the largest.
  /// - Parameter count: the number of positions that are wanted, the first ones; all when left out.
  public func argSort(
    axis: Int = -1, descending: Bool = false, count: Int? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let position = self.axis(axis, for: "argSort", file, line)
    let sort = ArgSort(axis: position, isDescending: descending, count: count ?? shape[position])
    return tape.record(sort, self, file: file, line: line)
  }

  /// The elements in rising or falling order along an axis; the derivative follows each element to its place.
  public func sort(
    axis: Int = -1, descending: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    gather(argSort(axis: axis, descending: descending, file: file, line: line), axis: axis, file: file, line: line)
  }

  /// The `count` largest elements along an axis, the largest first, and their positions.
  public func topK(
    _ count: Int, axis: Int = -1, file: StaticString = #fileID, line: UInt = #line
  ) -> (values: Variable, indices: Variable) {
    let indices = argSort(axis: axis, descending: true, count: count, file: file, line: line)
    return (gather(indices, axis: axis, file: file, line: line), indices)
  }
}
