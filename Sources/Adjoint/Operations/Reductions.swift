// Reductions over any set of axes, which are kept as dimensions of 1 or removed. Sums run in an order that depends on
// the shape alone.

/// y = Σ x over axes; x̄ = ȳ repeated along them. `Sum` and `Broadcast` are each other's adjoint.
package struct Sum: AxisReduction {
  package var axes: AxisSet
  package let keepsDimensions: Bool

  package init(axes: AxisSet, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { y.reduce(.sum, x[0], over: axes) }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, spread(g, at: p))]
  }

  package var ownForm: OperationForm { .sum(axes, keepsDimensions: keepsDimensions) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { axisCall("sum", x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    x[0].summed(axes.elementCount(of: shapes[0]))
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].groups(axes).map { $0.total(on: tape) }
  }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("Σ", axesText, x) }
  package static var examples: [Example] { reductionExamples { Sum(axes: $0, keepsDimensions: $1) } }
}

/// y = 1/N Σ x over axes of N elements together; x̄ = ȳ/N repeated along them.
package struct Mean: AxisReduction {
  package var axes: AxisSet
  package let keepsDimensions: Bool

  package init(axes: AxisSet, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.reduce(.sum, x[0], over: axes)
    y.divide(by: reducedCount(x[0].shape))
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, spread(g / reducedCount(p.x[0].shape), at: p))]
  }

  package var ownForm: OperationForm { .mean(axes, keepsDimensions: keepsDimensions) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { axisCall("mean", x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].groups(axes).map { $0.total(on: tape) / Double($0.count) }
  }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("mean", axesText, x) }
  package static var examples: [Example] {
    reductionExamples(allowingEmpty: false) { Mean(axes: $0, keepsDimensions: $1) }
  }
}

/// y = 1/(N − c) Σ (x − mean x)² over axes; x̄ = ȳ · 2/(N − c) (x − mean x). c is the correction: 0 for the population
/// variance, 1 for the sample variance. It must leave a positive divisor.
package struct Variance: AxisReduction {
  package var axes: AxisSet
  package let keepsDimensions: Bool
  package let correction: Int

  package init(axes: AxisSet, keepsDimensions: Bool = false, correction: Int = 0) {
    (self.axes, self.keepsDimensions, self.correction) = (axes, keepsDimensions, correction)
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.variance(x[0], over: axes, meanDivisor: reducedCount(x[0].shape), divisor: divisor(x[0].shape))
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    // Half of the divisor is exact.
    return [p.to(0, spread(g / (divisor(x.shape) / 2), at: p) * (x - x.mean(axes: axes.axes, keepingDimensions: true)))]
  }

  private func divisor(_ shape: Shape) -> Double { reducedCount(shape) - Double(correction) }
  package var attributes: [Attribute] { axisAttributes + [Attribute("correction", .int(correction))] }
  package var ownForm: OperationForm { .variance(axes, keepsDimensions: keepsDimensions, correction: correction) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String {
    axisCall("variance", x, "correction: \(correction)")
  }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange {
    let width = x[0].upperBound - x[0].lowerBound
    return 0...width * width
  }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].groups(axes).map { group in
      let mean = group.total(on: tape) / Double(group.count)
      return group.map { ($0 - mean).square() }.total(on: tape) / Double(group.count - correction)
    }
  }
  package func notation(_ x: [Notation]) -> Notation { .subscripted("var", axesText, x) }
  package static var examples: [Example] {
    reductionExamples(allowingEmpty: false) { Variance(axes: $0, keepsDimensions: $1, correction: 0) } + [
      Example(Variance(axes: AxisSet([1]), keepsDimensions: false, correction: 1), .numbers([3, 4]))
    ]
  }
}

/// y = max x or min x over axes; x̄ = ȳ at the extreme element. Elements that tie share ȳ equally; beside a NaN none is
/// extreme, and x̄ is NaN.
package struct Extremum: AxisReduction {
  package enum Kind: String, Sendable, CaseIterable { case max, min }
  package let kind: Kind
  package var axes: AxisSet
  package let keepsDimensions: Bool

  package init(kind: Kind, axes: AxisSet, keepsDimensions: Bool = false) {
    (self.kind, self.axes, self.keepsDimensions) = (kind, axes, keepsDimensions)
  }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.reduce(kind == .max ? .maximum : .minimum, x[0], over: axes)
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    func share() -> Variable<S> {
      let isExtreme = x .== spread(p.y, at: p)
      return spread(g, at: p).masked(by: isExtreme) / isExtreme.sum(axes: axes.axes, keepingDimensions: true)
    }
    return [p.to(0, share())]
  }

  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    Branches(bestOf: groups(of: x[0]), largest: kind == .max)
  }
  package var ownForm: OperationForm { .extremum(kind, axes, keepsDimensions: keepsDimensions) }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { axisCall(kind.rawValue, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    x[0].groups(axes).map { group in
      group.dropFirst().reduce(group[0]) { kind == .max ? $0.maximum($1) : $0.minimum($1) }
    }
  }
  package var name: String { kind.rawValue }
  package func notation(_ x: [Notation]) -> Notation { .subscripted(kind.rawValue, axesText, x) }
  package static var examples: [Example] {
    Kind.allCases.flatMap { kind in
      reductionExamples(allowingEmpty: false) { Extremum(kind: kind, axes: $0, keepsDimensions: $1) }
    }
  }
}

extension Scalar {
  /// True when y takes the place of this number as the largest one so far: it is larger, or the first NaN.
  package func isExceeded(by y: Self) -> Bool { !(y <= self) && !primal.isNaN }
}

/// A reduction over axes.
package protocol AxisReduction: LibraryOperation {
  var axes: AxisSet { get set }
  var keepsDimensions: Bool { get }
}

extension AxisReduction {
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    let x = try x.only(1, for: name)[0]
    if let wrong = axes.axes.first(where: { $0 >= x.rank }) {
      throw ShapeError("\(name): axis \(wrong) does not exist in \(x), which has rank \(x.rank)")
    }
    if !(self is Sum), axes.axes.contains(where: { x[$0] == 0 }) {
      throw ShapeError("\(name): no elements along the axes \(axes.axes) of \(x)")
    }
    if let correction = (self as? Variance)?.correction, axes.elementCount(of: x) <= correction {
      throw ShapeError(
        "\(name): N = \(axes.elementCount(of: x)) along the axes \(axes.axes) of \(x), less a correction of "
          + "\(correction), leaves nothing to divide by")
    }
    return keepsDimensions ? keptShape(x) : Shape(x.indices.filter { !axes.contains(axis: $0) }.map { x[$0] })
  }

  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    var f = self
    f.axes = AxisSet(axes.axes.map { $0 + 1 })
    return x.tape.record(f, x[0])
  }
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { axes.contains(axis: 0) || x[0].rank == 0 ? nil : [true] }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .reduces(at: p, i) }

  /// `shape` with the reduced axes as dimensions of 1.
  func keptShape(_ shape: Shape) -> Shape { axes.kept(of: shape) }

  /// A tensor of y's shape repeated to x's.
  func spread<S: Scalar>(_ y: Variable<S>, at p: Point<S>) -> Variable<S> {
    let x = p.x[0].shape
    return y.reshape(to: keptShape(x)).broadcast(to: x)
  }

  /// The elements of x behind each element of y.
  func groups<S: Scalar>(of x: View<S>) -> [[S]] {
    let shape = keptShape(x.shape)
    var groups = [[S]](repeating: [], count: shape.elementCount)
    let (strides, kept) = (x.shape.strides, shape.strides)
    for position in 0..<x.count {
      let place = x.shape.indices.reduce(0) { sum, axis in
        let coordinate = position / strides[axis] % x.shape[axis]
        return axes.contains(axis: axis) ? sum : sum + coordinate * kept[axis]
      }
      groups[place].append(x[position])
    }
    return groups
  }

  /// N, the number of elements of x behind one of y.
  func reducedCount(_ shape: Shape) -> Double { Double(axes.elementCount(of: shape)) }

  /// The text of a method call with axes.
  func axisCall(_ name: String, _ x: [String], _ more: String...) -> String {
    let keeps = keepsDimensions ? ["keepingDimensions: true"] : []
    return x[0] + ".\(name)(" + (["axes: \(axes.axes)"] + keeps + more).joined(separator: ", ") + ")"
  }

  var axisAttributes: [Attribute] {
    [Attribute("axes", .list(axes.axes)), Attribute("keepsDimensions", .flag(keepsDimensions))]
  }
  package var attributes: [Attribute] { axisAttributes }
  var axesText: String { axes.axes.map(String.init).joined(separator: ",") }

  static func reductionExamples(allowingEmpty: Bool = true, _ make: (AxisSet, Bool) -> Self) -> [Example] {
    let cases: [(Shape, [Int])] = [
      ([3, 4], [0]), ([3, 4], [1]), ([3, 4], [0, 1]), ([5], [0]), ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]),
      ([2, 3, 2, 3], [0, 2]), ([2, 3, 2, 3], [1, 3]), ([1, 1], [1]), ([], []), ([3, 1, 2], [0]), ([0, 3], [1]),
    ]
    let empty: [(Shape, [Int])] = allowingEmpty ? [([3, 0], [1]), ([0], [0])] : []
    return (cases + empty).flatMap { shape, axes in
      [false, true].map { Example(make(AxisSet(axes), $0), .numbers(shape)) }
    }
  }
}

extension Variable {
  /// Σ over `axes` (all when left out).
  public func sum(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let set = axisSet(axes, for: "sum", file, line)
    return tape.record(Sum(axes: set, keepsDimensions: keepingDimensions), self, file: file, line: line)
  }

  /// The mean over `axes` (all when left out).
  public func mean(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let set = axisSet(axes, for: "mean", file, line)
    return tape.record(Mean(axes: set, keepsDimensions: keepingDimensions), self, file: file, line: line)
  }

  /// The variance over `axes` (all when left out), divided by N − correction.
  /// - Precondition: N > correction.
  public func variance(
    axes: [Int]? = nil, keepingDimensions: Bool = false, correction: Int = 0, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Variable {
    let set = axisSet(axes, for: "variance", file, line)
    let variance = Variance(axes: set, keepsDimensions: keepingDimensions, correction: correction)
    return tape.record(variance, self, file: file, line: line)
  }

  /// The largest element over `axes` (all when left out).
  public func max(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let extremum = Extremum(
      kind: .max, axes: axisSet(axes, for: "max", file, line), keepsDimensions: keepingDimensions)
    return tape.record(extremum, self, file: file, line: line)
  }

  /// The smallest element over `axes` (all when left out).
  public func min(
    axes: [Int]? = nil, keepingDimensions: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    let extremum = Extremum(
      kind: .min, axes: axisSet(axes, for: "min", file, line), keepsDimensions: keepingDimensions)
    return tape.record(extremum, self, file: file, line: line)
  }

  /// The sum over the axes along which a tensor of `shape` would be repeated to this shape. It is the adjoint of
  /// broadcasting, which is undone here alone.
  public func sum(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Variable {
    let own = checkedShape("sum(to:)", file, line)
    if own == shape { return self }
    guard shape.broadcasts(to: own) else {
      fatalError("sum(to:): \(shape) does not broadcast to \(own)", file: file, line: line)
    }
    let padded = shape.padded(toRank: own.rank)
    let axes = own.indices.filter { padded[$0] == 1 && (own[$0] != 1 || $0 < own.rank - shape.rank) }
    let removesAll = axes == Array(0..<(own.rank - shape.rank))
    return sum(axes: axes, keepingDimensions: !removesAll).reshape(to: shape)
  }

  func axisSet(_ axes: [Int]?, for name: String, _ file: StaticString, _ line: UInt) -> AxisSet {
    guard let axes else { return AxisSet(0..<checkedShape(name, file, line).rank) }
    let own = axes.map { axis($0, for: name, file, line) }
    requireDistinct(own, for: name, shape, file, line)
    return AxisSet(own)
  }

  /// The axis that a number names, from the end where it is negative; traps where there is none.
  func axis(_ axis: Int, for name: String, _ file: StaticString, _ line: UInt) -> Int {
    do throws(ShapeError) {
      return try checkedShape(name, file, line).normalized(axis: axis, of: name)
    } catch { tape.refuse(error, of: [self], file, line) }
  }

  /// The shape; traps where this was truncated away.
  func checkedShape(_ name: @autoclosure () -> String, _ file: StaticString, _ line: UInt) -> Shape {
    tape.nodes[tape.index(of: self, for: name(), file: file, line: line)].shape
  }
}

/// Traps where an axis is named twice, as by 1 and −1 of a matrix.
func requireDistinct(_ axes: [Int], for name: String, _ shape: Shape, _ file: StaticString, _ line: UInt) {
  guard let twice = axes.indices.first(where: { axes[..<$0].contains(axes[$0]) }) else { return }
  fatalError("\(name): axis \(axes[twice]) of \(shape) is named twice; name each axis once", file: file, line: line)
}
