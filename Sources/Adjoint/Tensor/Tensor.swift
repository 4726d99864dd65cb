/// A dense, row-major array of numbers with a shape: a value, independent of any tape.
///
/// Tensors go into a tape and come out of it. `Element` is a `Scalar` for data and `Int32` for class indices. Storage
/// is shared until one copy is changed.
public struct Tensor<Element: BitwiseCopyable & Sendable>: Sendable {
  public let shape: Shape
  /// The elements in row-major order.
  public private(set) var elements: [Element]

  /// A tensor of `shape` with these elements in row-major order.
  /// - Precondition: there are `shape.elementCount` elements.
  public init(shape: Shape, elements: [Element]) {
    guard elements.count == shape.elementCount else {
      fatalError("Tensor: \(elements.count) elements do not fill the shape \(shape), which takes \(shape.elementCount)")
    }
    self.shape = shape
    self.elements = elements
  }

  /// A tensor with one value everywhere.
  public init(repeating value: Element, shape: Shape) {
    self.init(shape: shape, elements: Array(repeating: value, count: shape.elementCount))
  }

  /// A tensor whose uninitialised elements are filled by `body`, which must set every one.
  public init(shape: Shape, filling body: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
    let count = shape.elementCount
    let elements = try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      try body(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      initialized = count
    }
    self.init(shape: shape, elements: elements)
  }

  /// A vector.
  public init(_ elements: [Element]) { self.init(shape: [elements.count], elements: elements) }

  /// A matrix, given by its rows.
  /// - Precondition: all rows have the same length.
  public init(rows: [[Element]]) {
    let columns = rows.first?.count ?? 0
    guard rows.allSatisfy({ $0.count == columns }) else {
      fatalError("Tensor: the rows have different lengths: \(rows.map(\.count))")
    }
    self.init(shape: [rows.count, columns], elements: rows.flatMap { $0 })
  }

  /// A single number.
  public init(scalar value: Element) { self.init(shape: [], elements: [value]) }

  /// The element at a row-major position.
  public subscript(linear index: Int) -> Element {
    get {
      check(index)
      return elements[index]
    }
    set {
      check(index)
      elements[index] = newValue
    }
  }

  private func check(_ index: Int) {
    guard index >= 0, index < elements.count else {
      fatalError("Tensor: no element \(index) among the \(elements.count) of \(shape)")
    }
  }

  /// The element at these coordinates, one for each axis.
  public subscript(_ coordinates: Int...) -> Element {
    get { elements[offset(of: coordinates)] }
    set { elements[offset(of: coordinates)] = newValue }
  }

  private func offset(of coordinates: [Int]) -> Int {
    guard coordinates.count == shape.rank, zip(coordinates, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
      fatalError("Tensor: no element \(coordinates) in the shape \(shape)")
    }
    let strides = shape.strides
    return coordinates.indices.reduce(0) { $0 + coordinates[$1] * strides[$1] }
  }

  /// The same elements under another shape of the same count.
  public func reshape(to shape: Shape) -> Tensor { Tensor(shape: shape, elements: elements) }

  /// The rows with these numbers along the first axis, in that order.
  public func rows(_ indices: some Collection<Int>) -> Tensor {
    guard shape.rank >= 1 else { fatalError("Tensor: rows of the single number \(self)") }
    let width = shape.dropFirst().reduce(1, *)
    var gathered: [Element] = []
    gathered.reserveCapacity(indices.count * width)
    for index in indices {
      guard index >= 0, index < shape[0] else { fatalError("Tensor: row \(index) of \(shape[0])") }
      gathered += elements[index * width..<(index + 1) * width]
    }
    return Tensor(shape: shape.replacing(axis: 0, with: indices.count), elements: gathered)
  }

  /// The tensor of a function's values at each element.
  public func map<T>(_ transform: (Element) throws -> T) rethrows -> Tensor<T> {
    Tensor<T>(shape: shape, elements: try elements.map(transform))
  }
}

extension Tensor: Equatable where Element: Equatable {}

extension Tensor where Element: Scalar {
  public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }
  public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// The same values, rounded once to another scalar type.
  public func converted<T: Scalar>(to type: T.Type = T.self) -> Tensor<T> { map { T($0.primal) } }
}

extension Tensor: CustomStringConvertible {
  /// Nested brackets, like `[[1.0, 2.0], [3.0, 4.0]]`. A long axis ends after six entries with the number of the
  /// others.
  public var description: String { describe(axis: 0, offset: 0) }

  private func describe(axis: Int, offset: Int) -> String {
    guard axis < shape.rank else { return "\(elements[offset])" }
    let stride = shape.dropFirst(axis + 1).reduce(1, *)
    var entries = (0..<Swift.min(shape[axis], 6)).map { describe(axis: axis + 1, offset: offset + $0 * stride) }
    if shape[axis] > 6 { entries.append("… \(shape[axis] - 6) more") }
    return "[" + entries.joined(separator: ", ") + "]"
  }
}
