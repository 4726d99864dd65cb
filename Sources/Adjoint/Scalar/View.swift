/// An operand as an operation's `forward` sees it: a shape, and elements in row-major order.
///
/// A view is valid only while `forward` runs. An index operand has `indices` (Int32); every other one has elements of
/// `S`.
public struct View<S: Scalar>: BitwiseCopyable {
  public let shape: Shape
  let address: UnsafeMutableRawPointer

  init(shape: Shape, address: UnsafeMutableRawPointer) {
    self.shape = shape
    self.address = address
  }

  /// A view of existing elements, for evaluating an operation outside a tape.
  /// - Precondition: there are as many elements as the shape has, and they outlive the view.
  package init(shape: Shape, elements: UnsafeMutableBufferPointer<S>) {
    guard elements.count == shape.elementCount, let base = elements.baseAddress else {
      fatalError("View: \(elements.count) elements do not fill the shape \(shape)")
    }
    self.init(shape: shape, address: UnsafeMutableRawPointer(base))
  }

  /// The number of elements.
  @inlinable public var count: Int { shape.elementCount }
  /// The elements in row-major order.
  public var elements: UnsafeBufferPointer<S> { UnsafeBufferPointer(start: base, count: count) }
  /// The class indices or positions of an index operand.
  public var indices: UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(start: UnsafePointer(address.assumingMemoryBound(to: Int32.self)), count: count)
  }
  /// The element at a row-major position.
  public subscript(position: Int) -> S { elements[position] }

  var base: UnsafePointer<S> { UnsafePointer(address.assumingMemoryBound(to: S.self)) }

  /// The view of some entries of the first axis, for elements of `stride` bytes.
  func entries(_ range: Range<Int>, stride: Int) -> View {
    let own = shape.replacing(axis: 0, with: range.count)
    let width = shape[0] == 0 ? 0 : count / shape[0]
    return View(shape: own, address: address + range.lowerBound * width * stride)
  }

  /// A copy of the elements; indices become numbers.
  func tensor(isIndex: Bool) -> Tensor<S> {
    Tensor(shape: shape, elements: isIndex ? indices.map { S(Double($0)) } : Array(elements))
  }
}

/// The operands of one operation, in order.
public struct Operands<S: Scalar> {
  let views: UnsafePointer<View<S>>
  public let count: Int

  /// Operands in order; they outlive this list.
  package init(views: UnsafePointer<View<S>>, count: Int) {
    (self.views, self.count) = (views, count)
  }

  public subscript(position: Int) -> View<S> { views[position] }

  /// Calls `body` with a list of the views of some values, which lasts no longer.
  @inline(__always)
  static func gathered(_ values: some Collection<Int>, _ view: (Int) -> View<S>, _ body: (Operands) -> Void) {
    let count = values.count
    withUnsafeTemporaryAllocation(of: View<S>.self, capacity: Swift.max(count, 1)) { views in
      guard let base = views.baseAddress else { return }
      for (position, value) in values.enumerated() { (base + position).initialize(to: view(value)) }
      body(Operands(views: base, count: count))
    }
  }
}

/// The place into which an operation's `forward` writes its result. Elements start undefined, and every one must be
/// set.
public struct Output<S: Scalar> {
  public let shape: Shape
  let address: UnsafeMutableRawPointer

  init(shape: Shape, address: UnsafeMutableRawPointer) {
    self.shape = shape
    self.address = address
  }

  /// Existing memory as an output, for evaluating an operation outside a tape.
  /// - Precondition: there are as many elements as the shape has, and they outlive the output.
  package init(shape: Shape, elements: UnsafeMutableBufferPointer<S>) {
    let view = View(shape: shape, elements: elements)
    self.init(shape: shape, address: view.address)
  }

  public var count: Int { shape.elementCount }
  /// The row-major positions of the elements.
  public var indices: Range<Int> { 0..<count }
  /// The elements in row-major order.
  public var elements: UnsafeMutableBufferPointer<S> { UnsafeMutableBufferPointer(start: base, count: count) }
  /// The elements of an index leaf.
  var indexElements: UnsafeMutableBufferPointer<Int32> {
    UnsafeMutableBufferPointer(start: address.assumingMemoryBound(to: Int32.self), count: count)
  }
  /// The element at a row-major position.
  public subscript(position: Int) -> S {
    get { base[position] }
    nonmutating set { base[position] = newValue }
  }

  var base: UnsafeMutablePointer<S> { address.assumingMemoryBound(to: S.self) }
}
