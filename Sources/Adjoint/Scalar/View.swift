/// An operand as an operation's `forward` sees it: a shape, and elements in row-major order.
///
/// A view is valid only while `forward` runs. An index operand has `indices` (Int32); every other one has elements of
/// `S`.
///
/// `view[i]` is checked in release too. `elements` and `indices` are buffers, which release builds do not check: a loop
/// that takes them checks its bounds once, against `count`.
public struct View<S: Scalar>: BitwiseCopyable {
  /// The dimensions of the operand.
  public let shape: Shape
  @usableFromInline let address: UnsafeMutableRawPointer
  @usableFromInline let firstHeld: Int
  /// The end of the positions held; −1 for all, so that a view is made without a count that nobody may ask for.
  @usableFromInline let endOfHeld: Int

  init(shape: Shape, address: UnsafeMutableRawPointer) {
    (self.shape, self.address, firstHeld, endOfHeld) = (shape, address, 0, -1)
  }

  /// A view of some elements alone. The address is that which element 0 would have.
  init(shape: Shape, address: UnsafeMutableRawPointer, held: Range<Int>) {
    (self.shape, self.address, firstHeld, endOfHeld) = (shape, address, held.lowerBound, held.upperBound)
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
  /// The positions whose elements there are: all, except while a formula is read at some of them.
  @inlinable var held: Range<Int> { Range(uncheckedBounds: (firstHeld, endOfHeld < 0 ? count : endOfHeld)) }

  /// The elements in row-major order.
  @inlinable public var elements: UnsafeBufferPointer<S> {
    guard held.count == count else { return UnsafeBufferPointer(spareElements(count)) }
    return UnsafeBufferPointer(start: base, count: count)
  }
  /// The class indices or positions of an index operand, each below the bound that the operation states.
  @inlinable public var indices: UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(start: UnsafePointer(address.assumingMemoryBound(to: Int32.self)), count: count)
  }
  /// The element at a row-major position.
  @inlinable
  public subscript(position: Int) -> S {
    guard held.contains(position) else { return noElement(position, in: shape) }
    return base[position]
  }

  @usableFromInline var base: UnsafePointer<S> { UnsafePointer(address.assumingMemoryBound(to: S.self)) }

  /// The view of some entries of the first axis, for elements of `stride` bytes.
  func entries(_ range: Range<Int>, stride: Int) -> View {
    let own = shape.replacing(axis: 0, with: range.count)
    let width = shape[0] == 0 ? 0 : count / shape[0]
    return View(shape: own, address: address + range.lowerBound * width * stride)
  }

  /// A copy of the elements; indices become numbers.
  /// - Precondition: S holds each index exactly.
  func tensor(isIndex: Bool) -> Tensor<S> {
    Tensor(shape: shape, elements: isIndex ? indices.map { S(position: Int($0)) } : Array(elements))
  }
}

/// Traps at an element that does not exist. One that is only not held while a formula is read ends the reading.
@usableFromInline @inline(never)
func noElement<S: Scalar>(_ position: Int, in shape: Shape) -> S {
  guard S.self == FormulaNumber.self, 0..<shape.elementCount ~= position else {
    fatalError("forward: no element \(position) among the \(shape.elementCount) of \(shape)")
  }
  FormulaRecorder.end()
  return 0
}

/// Elements for a `forward` that takes a buffer while a formula is read at some positions, which ends the reading.
@usableFromInline @inline(never)
func spareElements<S: Scalar>(_ count: Int) -> UnsafeMutableBufferPointer<S> {
  FormulaRecorder.spareElements(count).withMemoryRebound(to: S.self) { $0 }
}

extension Scalar {
  /// A position as a number.
  /// - Precondition: the scalar holds it exactly; `Float` does up to 2²⁴.
  init(position: Int) {
    self.init(Double(position))
    guard primal == Double(position) else {
      fatalError("index \(position) is not a number of \(Self.self): record in Double, or read positions as indices")
    }
  }
}

extension UnsafeBufferPointer<Int32> {
  /// The place of the first position that is not in 0 ..< bound; `nil` when all are.
  func firstPlace(outside bound: Int) -> Int? {
    // A maximum without branches first: it takes the time of reading them.
    var largest: UInt32 = 0
    for index in self { largest = Swift.max(largest, UInt32(bitPattern: index)) }
    if largest < bound || isEmpty { return nil }
    return firstIndex { $0 < 0 || $0 >= bound }
  }
}

/// The operands of one operation, in order.
public struct Operands<S: Scalar> {
  @usableFromInline let views: UnsafePointer<View<S>>
  /// The number of operands.
  public let count: Int

  /// Operands in order; they outlive this list.
  package init(views: UnsafePointer<View<S>>, count: Int) {
    (self.views, self.count) = (views, count)
  }

  /// The operand at a position, counted from 0. A position that is not there traps.
  @inlinable
  public subscript(position: Int) -> View<S> {
    guard position >= 0, position < count else { noOperand(position, count: count) }
    return views[position]
  }

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
///
/// `y[i]` is checked in release too. `map` and `zip` check once and run at full speed; so can a loop over `elements`.
public struct Output<S: Scalar> {
  /// The dimensions of the result.
  public let shape: Shape
  @usableFromInline let address: UnsafeMutableRawPointer
  @usableFromInline let firstIndex: Int
  /// The end of the positions to be written; −1 for all.
  @usableFromInline let endOfIndices: Int
  /// True when there are elements at all positions, also at those that are not to be written.
  @usableFromInline let holdsAll: Bool

  init(shape: Shape, address: UnsafeMutableRawPointer) {
    (self.shape, self.address, firstIndex, endOfIndices, holdsAll) = (shape, address, 0, -1, true)
  }

  private init(shape: Shape, address: UnsafeMutableRawPointer, indices: Range<Int>, holdsAll: Bool) {
    (self.shape, self.address, self.holdsAll) = (shape, address, holdsAll)
    (firstIndex, endOfIndices) = (indices.lowerBound, indices.upperBound)
  }

  /// A place for some elements alone. The address is that which element 0 would have.
  init(shape: Shape, address: UnsafeMutableRawPointer, held: Range<Int>) {
    self.init(shape: shape, address: address, indices: held, holdsAll: false)
  }

  /// The same memory, of which only some elements are to be written.
  /// - Precondition: there are elements at all positions.
  func part(_ indices: Range<Int>) -> Output {
    Output(shape: shape, address: address, indices: indices, holdsAll: true)
  }

  /// Existing memory as an output, for evaluating an operation outside a tape.
  /// - Precondition: there are as many elements as the shape has, and they outlive the output.
  package init(shape: Shape, elements: UnsafeMutableBufferPointer<S>) {
    let view = View(shape: shape, elements: elements)
    self.init(shape: shape, address: view.address)
  }

  /// The number of elements.
  @inlinable public var count: Int { shape.elementCount }
  /// The row-major positions of the elements that are to be written: all, except where a part is computed or a formula read.
  @inlinable public var indices: Range<Int> {
    Range(uncheckedBounds: (firstIndex, endOfIndices < 0 ? count : endOfIndices))
  }
  /// The positions whose elements there are.
  @inlinable var held: Range<Int> { holdsAll ? Range(uncheckedBounds: (0, count)) : indices }

  /// The elements in row-major order.
  @inlinable public var elements: UnsafeMutableBufferPointer<S> {
    guard held.count == count else { return spareElements(count) }
    return UnsafeMutableBufferPointer(start: base, count: count)
  }
  /// The places of the indices, for an operation whose result is indices.
  public var indexElements: UnsafeMutableBufferPointer<Int32> {
    UnsafeMutableBufferPointer(start: address.assumingMemoryBound(to: Int32.self), count: count)
  }
  /// The element at a row-major position.
  @inlinable
  public subscript(position: Int) -> S {
    get {
      guard held.contains(position) else { return noElement(position, in: shape) }
      return base[position]
    }
    nonmutating set {
      guard held.contains(position) else {
        _ = noElement(position, in: shape) as S
        return
      }
      base[position] = newValue
    }
  }

  /// y[i] = f(x[i]) for every element.
  /// - Precondition: x has as many elements.
  @inlinable @inline(__always)
  public func map(_ x: View<S>, _ f: (S) -> S) {
    guard x.count == count else { unequal(x.shape, shape) }
    let (x, y) = (x.base, base)
    for i in indices { y[i] = f(x[i]) }
  }

  /// y[i] = f(a[i], b[i]) for every element.
  /// - Precondition: a and b have as many elements.
  @inlinable @inline(__always)
  public func zip(_ a: View<S>, _ b: View<S>, _ f: (S, S) -> S) {
    guard a.count == count, b.count == count else { unequal(a.count == count ? b.shape : a.shape, shape) }
    let (a, b, y) = (a.base, b.base, base)
    for i in indices { y[i] = f(a[i], b[i]) }
  }

  @usableFromInline var base: UnsafeMutablePointer<S> { address.assumingMemoryBound(to: S.self) }
}

/// Traps at an operand that does not exist.
@usableFromInline @inline(never)
func noOperand(_ position: Int, count: Int) -> Never {
  fatalError("forward: no input \(position) among \(count)")
}

/// Traps at an operand that does not have the elements of the output.
@usableFromInline @inline(never)
func unequal(_ x: Shape, _ y: Shape) -> Never {
  fatalError("forward: an element of \(x) for each of \(y); they must be equally many")
}

extension Tensor where Element: Scalar {
  /// The tensor that `forward` writes, given views of some others.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  init(shape: Shape, from operands: [Tensor], _ forward: (Operands<Element>, Output<Element>) -> Void) {
    let count = shape.elementCount
    // At least one element, so that an empty tensor has an address too.
    let elements = [Element](unsafeUninitializedCapacity: Swift.max(count, 1)) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      let y = Output<Element>(shape: shape, address: UnsafeMutableRawPointer(base))
      withUnsafeTemporaryAllocation(of: View<Element>.self, capacity: Swift.max(operands.count, 1)) { views in
        guard let first = views.baseAddress else { return }
        Tensor.withViews(of: operands, from: 0, into: first) {
          forward(Operands(views: first, count: operands.count), y)
        }
      }
      initialized = count
    }
    self.init(shape: shape, elements: elements)
  }

  /// Calls `body` with a view of each tensor from a position on, which lasts no longer. It is not inlined: it calls itself, and
  /// the compiler would write it out many times over.
  @inline(never)
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private static func withViews(
    of tensors: [Tensor], from position: Int, into views: UnsafeMutablePointer<View<Element>>, _ body: () -> Void
  ) {
    guard position < tensors.count else { return body() }
    func next(_ base: UnsafeMutablePointer<Element>) {
      let view = View<Element>(shape: tensors[position].shape, address: UnsafeMutableRawPointer(base))
      (views + position).initialize(to: view)
      withViews(of: tensors, from: position + 1, into: views, body)
    }
    guard !tensors[position].elements.isEmpty else {
      // No element is read, and there is an address all the same.
      return withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) { $0.baseAddress.map(next) ?? () }
    }
    tensors[position].elements.withUnsafeBufferPointer { elements in
      guard let base = elements.baseAddress else { return }
      next(UnsafeMutablePointer(mutating: base))
    }
  }
}
