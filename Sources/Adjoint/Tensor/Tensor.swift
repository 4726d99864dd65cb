/// A dense, row-major array of numbers with a shape: a value, independent of any tape.
///
/// Tensors go into a tape and come out of it. `Element` is a `Scalar` for data and `Int32` for class indices. Storage
/// is shared until one copy is changed.
///
///     let a = Tensor([[1, 2, 3], [4, 5, 6]])     // a matrix of Double; Tensor<Float>([…]) of another type
///     let b = 2 * a - a.mean()                   // as a tape computes it, to the bit
///     b[1, -1], b[0, ...], b[..., 1...]          // an element, a row, all columns but the first
public struct Tensor<Element: BitwiseCopyable & Sendable>: Sendable {
  /// The dimensions; `[]` for a single number.
  public let shape: Shape
  /// The elements in row-major order.
  public private(set) var elements: [Element]

  /// The door to all initialisers, public under `init(shape:elements:)`.
  init(of shape: Shape, _ elements: [Element], _ file: StaticString = #fileID, _ line: UInt = #line) {
    guard elements.count == shape.elementCount else {
      fatalError(
        "Tensor: \(elements.count) elements do not fill the shape \(shape), which takes \(shape.elementCount)",
        file: file, line: line)
    }
    self.shape = shape
    self.elements = elements
  }

  /// A tensor of `shape` with these elements in row-major order.
  /// - Precondition: there are `shape.elementCount` elements.
  @_disfavoredOverload
  public init(shape: Shape, elements: [Element], file: StaticString = #fileID, line: UInt = #line) {
    self.init(of: shape, elements, file, line)
  }

  /// A tensor with one value everywhere.
  @_disfavoredOverload
  public init(repeating value: Element, shape: Shape) {
    self.init(of: shape, Array(repeating: value, count: shape.elementCount))
  }

  /// A tensor whose uninitialised elements are filled by `body`, which must set every one.
  public init(shape: Shape, filling body: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
    let count = shape.elementCount
    let elements = try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      try body(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      initialized = count
    }
    self.init(of: shape, elements)
  }

  /// A single number.
  @_disfavoredOverload
  public init(scalar value: Element) { self.init(of: [], [value]) }

  /// The number of a tensor with a single element, such as a sum.
  /// - Precondition: there is exactly one element.
  public var scalar: Element {
    guard elements.count == 1 else {
      fatalError("scalar: a tensor of shape \(shape) has \(elements.count) elements, not one")
    }
    return elements[0]
  }

  /// The element at a row-major position.
  /// - Precondition: 0 ≤ index < `shape.elementCount`.
  public subscript(linear index: Int, file file: StaticString = #fileID, line line: UInt = #line) -> Element {
    get { elements[checked(index, file, line)] }
    set { elements[checked(index, file, line)] = newValue }
  }

  private func checked(_ index: Int, _ file: StaticString, _ line: UInt) -> Int {
    guard index >= 0, index < elements.count else {
      fatalError("Tensor: no element \(index) among the \(elements.count) of \(shape)", file: file, line: line)
    }
    return index
  }

  /// The element at these positions, one for each axis.
  /// A position below 0 counts from the end.
  /// - Precondition: there is such an element. A part of a tensor is `t[0, ...]` or `t[0..<2]`.
  public subscript(_ positions: Int..., file file: StaticString = #fileID, line line: UInt = #line) -> Element {
    get { elements[shape.offset(of: positions, file, line)] }
    set { elements[shape.offset(of: positions, file, line)] = newValue }
  }

  /// The same elements under another shape of the same count.
  public func reshape(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    guard shape.elementCount == elements.count else {
      fatalError(
        "reshape: \(self.shape) has \(elements.count) elements, \(shape) takes \(shape.elementCount)", file: file,
        line: line)
    }
    return Tensor(shape: shape, elements: elements)
  }

  /// The rows with these numbers along the first axis, in that order.
  public func rows(
    _ indices: some Collection<Int>, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard shape.rank >= 1 else { fatalError("Tensor: rows of the single number \(self)", file: file, line: line) }
    let width = shape.dropFirst().reduce(1, *)
    var gathered: [Element] = []
    gathered.reserveCapacity(indices.count * width)
    for index in indices {
      let row = shape.checked(index, axis: 0, file, line)
      gathered += elements[row * width..<(row + 1) * width]
    }
    return Tensor(shape: shape.replacing(axis: 0, with: indices.count), elements: gathered)
  }

  /// Writes elements in place of those at a stretch of row-major positions.
  mutating func replaceElements(in range: Range<Int>, with new: ArraySlice<Element>) {
    elements.replaceSubrange(range, with: new)
  }

  /// The tensor of a function's values at each element.
  public func map<T>(_ transform: (Element) throws -> T) rethrows -> Tensor<T> {
    Tensor<T>(shape: shape, elements: try elements.map(transform))
  }
}

extension Tensor: Equatable where Element: Equatable {}

extension Tensor where Element: Scalar {
  /// The same values, rounded once to another scalar type.
  public func converted<T: Scalar>(to type: T.Type = T.self) -> Tensor<T> { map { T($0.primal) } }
}
