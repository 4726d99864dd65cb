/// An input of which each of two threads has a copy. Each thread writes all of its copy and multiplies by it, so
/// neither waits for lines in the other's cache.
///
/// A line that both cores have read must be taken from the other one before it is written again, and fetched from there
/// to be read. Converting a batch twice takes less, measured with two threads. With more threads, the work that each
/// does alike would be a larger part of a training step.
package final class InputCopies<S: Scalar> {
  /// The leaf of the input.
  let node: Int
  /// The first thread's copy, and the one that all read after an ordinary `feed`.
  private let original: UnsafeMutableBufferPointer<S>
  /// The second thread's copy; `nil` until it is needed.
  private var second: UnsafeMutableBufferPointer<S>?
  /// The place at which products of each part find the input.
  private let places: UnsafeMutablePointer<UnsafePointer<S>>

  /// Makes copies of an input whose size repays it, if there are two threads.
  init?(of node: Int, _ original: UnsafeMutableBufferPointer<S>, threads: Int) {
    guard threads == 2, InputCopies.sizes.contains(original.count * MemoryLayout<S>.stride),
      let first = original.baseAddress
    else { return nil }
    (self.node, self.original) = (node, original)
    places = .allocate(capacity: threads)
    places.initialize(repeating: UnsafePointer(first), count: threads)
  }

  deinit {
    second?.deallocate()
    places.deallocate()
  }

  /// The sizes that repay copies, in bytes: less is gathered in a microsecond, more does not stay in a core's own
  /// cache.
  private static var sizes: ClosedRange<Int> { 64 << 10...512 << 10 }

  /// Lets each part read its own copy from now on. The part must write every element of it.
  package func separate() {
    guard let first = place.baseAddress else { return }
    places[1] = UnsafePointer(first)
  }

  /// Lets all parts read the original from now on.
  func unite() { places[1] = places[0] }

  /// The copy that a part writes once the copies are separate.
  package subscript(part: Int) -> UnsafeMutableBufferPointer<S> { part == 0 ? original : place }

  private var place: UnsafeMutableBufferPointer<S> {
    if let second { return second }
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: original.count * MemoryLayout<S>.stride, alignment: Arena.alignment)
    let place = UnsafeMutableBufferPointer(
      start: memory.bindMemory(to: S.self, capacity: original.count), count: original.count)
    second = place
    return place
  }

  /// The product, reading these copies instead of the original.
  func read(by product: MatrixProduct<S>) -> MatrixProduct<S> {
    var product = product
    if product.a == places[0] { product.copiesOfA = UnsafePointer(places) }
    if product.b == places[0] { product.copiesOfB = UnsafePointer(places) }
    return product
  }
}

extension Program {
  /// The copies of an input, `nil` where threads have none. They are to be separated, and then written by every part.
  package func copies(of x: Variable<some Scalar>) -> InputCopies<S>? { copies(of: readableNode(x)) }

  func copies(of node: Int) -> InputCopies<S>? {
    // By position: a loop over an array would retain it.
    for position in 0..<copies.count where copies[position].node == node { return copies[position] }
    return nil
  }

  /// Makes copies of the large inputs that products alone read. Other operations read bands of rows, or all of the
  /// original.
  func makeCopies(threads: Int) -> [InputCopies<S>] {
    var isRead = [Bool](repeating: false, count: nodes.count)
    var isReadElsewhere = isRead
    for (i, node) in nodes.enumerated() {
      guard case .operation(let operation) = node.kind else { continue }
      let isProduct = nodes.product(i, operation.form) != nil
      for x in node.inputs where nodes[x].isLeaf {
        isRead[x] = true
        if !isProduct { isReadElsewhere[x] = true }
      }
    }
    let copies = nodes.indices.compactMap { leaf -> InputCopies<S>? in
      guard case .leaf(.input) = nodes[leaf].kind, readable[leaf], isRead[leaf], !isReadElsewhere[leaf] else {
        return nil
      }
      return InputCopies(of: leaf, output(leaf).elements, threads: threads)
    }
    for position in instructions.indices {
      guard case .product(var product, let addend) = instructions[position] else { continue }
      (product.copiesOfA, product.copiesOfB) = (nil, nil)
      for input in copies { product = input.read(by: product) }
      instructions[position] = .product(product, addend: addend)
    }
    return copies
  }
}
