/// The dimensions of a dense, row-major tensor: `[128, 784]`; `[]` is a single number.
///
/// A shape is a plain value of fixed size, so nodes and shapes are copied without counting references.
public struct Shape: Hashable, Sendable, BitwiseCopyable {
  /// The largest number of dimensions that a shape holds.
  package static let maximumRank = 8

  /// One more than the largest number of elements: more than any memory holds, so no count of bytes overflows.
  package static let elementLimit = 1 << 40

  private var dimensions: SIMD8<Int32>
  private var rankStorage: Int32

  /// The number of dimensions; 0 for a single number.
  public var rank: Int { Int(rankStorage) }

  /// The shape with these dimensions.
  /// - Precondition: at most 8 dimensions, none negative, none above 2³¹ − 1, and fewer than 2⁴⁰ elements.
  public init(_ dimensions: some Collection<Int>) {
    do throws(ShapeError) { try self.init(dimensions, of: "Shape") } catch { fatalError(error.description) }
  }

  /// The shape with these dimensions, as the result of an operation.
  /// - Throws: `ShapeError` with a sentence that begins with the operation's name when there is no such shape.
  package init(_ dimensions: some Collection<Int>, of operation: String) throws(ShapeError) {
    guard dimensions.count <= Shape.maximumRank else {
      throw ShapeError(
        "\(operation): \(Array(dimensions)) has \(dimensions.count) dimensions; at most \(Shape.maximumRank) are supported"
      )
    }
    self.dimensions = SIMD8(repeating: 0)
    rankStorage = Int32(dimensions.count)
    for (axis, dimension) in dimensions.enumerated() {
      guard let narrow = Int32(exactly: dimension), narrow >= 0 else {
        throw ShapeError(
          "\(operation): dimension \(axis) of \(Array(dimensions)) is not between 0 and \(Int32.max)")
      }
      self.dimensions[axis] = narrow
    }
    guard isCountable else {
      throw ShapeError("\(operation): \(self) has 2⁴⁰ elements or more, which no memory holds")
    }
  }

  /// True when the dimensions that are not 0 have a product below the limit.
  private var isCountable: Bool {
    var product = 1
    for axis in 0..<rank {
      let (next, overflow) = product.multipliedReportingOverflow(by: Swift.max(Int(dimensions[axis]), 1))
      guard !overflow else { return false }
      product = next
    }
    return product < Shape.elementLimit
  }

  /// `[]`, the shape of a single number.
  public static var scalar: Shape { Shape() }
  private init() { (dimensions, rankStorage) = (SIMD8(repeating: 0), 0) }
  /// `[count]`.
  package static func vector(_ count: Int) -> Shape { scalar.batched(count) }

  /// The number of elements: the product of the dimensions, 1 for `[]`.
  public var elementCount: Int {
    var product = 1
    for axis in 0..<rank { product &*= Int(dimensions[axis]) }  // below the limit, as every shape is
    return product
  }

  /// The row-major strides, in elements: that of the last axis is 1.
  public var strides: SIMD8<Int> {
    var strides = SIMD8<Int>(repeating: 1)
    for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * self[axis + 1] }
    return strides
  }
}

extension Shape {
  /// Compares all lanes as vectors; the synthesised comparison takes them one by one.
  @inline(__always)
  public static func == (a: Shape, b: Shape) -> Bool {
    let lanes = a.dimensions ^ b.dimensions
    let pairs = (lanes.lowHalf | lanes.highHalf).lowHalf | (lanes.lowHalf | lanes.highHalf).highHalf
    return pairs[0] | pairs[1] | (a.rankStorage ^ b.rankStorage) == 0
  }
}

extension Shape: RandomAccessCollection, ExpressibleByArrayLiteral, CustomStringConvertible {
  public var startIndex: Int { 0 }
  public var endIndex: Int { rank }

  public subscript(axis: Int) -> Int {
    guard axis >= 0, axis < rank else { fatalError("Shape: axis \(axis) of \(self), which has rank \(rank)") }
    return Int(dimensions[axis])
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  public var description: String { "[" + listed + "]" }
  /// The dimensions without brackets.
  var listed: String { map(String.init).joined(separator: ", ") }
}

extension Shape {
  /// The axis that a number names. Negative numbers count from the end: −1 is the last axis.
  package func normalized(axis: Int, of operation: String) throws(ShapeError) -> Int {
    let normal = axis < 0 ? axis + rank : axis
    guard normal >= 0, normal < rank else {
      throw ShapeError("\(operation): axis \(axis) does not exist in \(self), which has rank \(rank)")
    }
    return normal
  }

  /// This shape with another extent along one axis.
  package func replacing(axis: Int, with extent: Int) -> Shape {
    guard axis >= 0, axis < rank else { fatalError("Shape: axis \(axis) of \(self), which has rank \(rank)") }
    guard let narrow = Int32(exactly: extent), narrow >= 0 else {
      fatalError("Shape: dimension \(axis) of \(self) cannot become \(extent); it must be between 0 and \(Int32.max)")
    }
    var copy = self
    copy.dimensions[axis] = narrow
    guard narrow <= dimensions[axis] || copy.isCountable else {
      fatalError("Shape: \(copy) has 2⁴⁰ elements or more, which no memory holds")
    }
    return copy
  }

  /// The shape of a batch of `count` examples of this shape.
  /// - Precondition: the rank is below `Shape.maximumRank`.
  package func batched(_ count: Int) -> Shape {
    guard rank < Shape.maximumRank else { fatalError("Shape: no room for a batch in front of \(self)") }
    var batched = self
    batched.rankStorage += 1
    for axis in 0..<rank { batched.dimensions[axis + 1] = dimensions[axis] }
    batched.dimensions[0] = 0
    return batched.replacing(axis: 0, with: count)
  }

  /// The shape of an elementwise result by the broadcasting rule. Dimensions are aligned at the right; where two
  /// differ, one of them is 1 or absent, and repeats.
  /// - Throws: `ShapeError` when two dimensions differ and neither is 1.
  public static func broadcast(_ a: Shape, _ b: Shape, in operation: String) throws(ShapeError) -> Shape {
    if a == b { return a }
    let rank = Swift.max(a.rank, b.rank)
    var result = [Int](repeating: 0, count: rank)
    for back in 1...Swift.max(rank, 1) where back <= rank {
      let extentA = back <= a.rank ? a[a.rank - back] : 1
      let extentB = back <= b.rank ? b[b.rank - back] : 1
      guard extentA == extentB || extentA == 1 || extentB == 1 else {
        throw ShapeError(
          "\(operation): \(a) and \(b) do not broadcast: \(extentA) and \(extentB) differ at axis −\(back), and neither is 1"
        )
      }
      result[rank - back] = extentA == 1 ? extentB : extentA
    }
    return try Shape(result, of: operation)
  }

  /// True when a tensor of this shape repeats to `target` by the broadcasting rule.
  package func broadcasts(to target: Shape) -> Bool {
    guard rank <= target.rank else { return false }
    return zip(reversed(), target.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
  }

  /// A flag for each of several shapes that broadcast to this one: true for a shape that has the first axis, false for
  /// one that repeats along it.
  func entrywise(_ operands: [Shape]) -> [Bool] { operands.map { $0.rank == rank && $0.first == first } }

  /// This shape with dimensions of 1 put in front until it has `rank` dimensions.
  func padded(toRank rank: Int) -> Shape {
    self.rank == rank ? self : Shape([Int](repeating: 1, count: rank - self.rank) + self)
  }
}

/// The error of shapes that an operation cannot combine, with a sentence that a person can act on.
public struct ShapeError: Error, Equatable, CustomStringConvertible, Sendable {
  public let description: String

  /// An error that prints as this sentence.
  public init(_ description: String) { self.description = description }
}
