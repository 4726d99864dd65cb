/// An input of which each of two threads has a copy: each writes all of it and multiplies by its own, so that neither waits for
/// lines in the other's cache.
///
/// A line that both cores have read must be taken from the other one before it is written again, and fetched from there to be
/// read; converting a batch twice takes less. That was measured with two threads. With more, what all do alike would be a
/// larger part of the step.
package final class InputCopies<S: Scalar> {
  /// The leaf.
  let node: Int
  /// The first thread's copy, and what all read after an ordinary `feed`.
  private let original: UnsafeMutableBufferPointer<S>
  /// The second thread's; nothing until it is needed.
  private var second: UnsafeMutableBufferPointer<S>?
  /// Where products find the input, by part.
  private let places: UnsafeMutablePointer<UnsafePointer<S>>

  /// Copies of an input of a size that repays it, if there are two threads.
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

  /// In bytes: less is gathered in a microsecond, more does not stay in a core's own cache.
  private static var sizes: ClosedRange<Int> { 64 << 10...512 << 10 }

  /// From now on each part reads its own copy, of which it must write every element.
  package func separate() {
    guard let first = place.baseAddress else { return }
    places[1] = UnsafePointer(first)
  }

  /// From now on all parts read the original.
  func unite() { places[1] = places[0] }

  /// What a part writes once the copies are separate.
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

  /// The product, reading these copies where it read the original.
  func read(by product: MatrixProduct<S>) -> MatrixProduct<S> {
    var product = product
    if product.a == places[0] { product.copiesOfA = UnsafePointer(places) }
    if product.b == places[0] { product.copiesOfB = UnsafePointer(places) }
    return product
  }
}

extension Program {
  /// The copies of an input, where threads have any: to be separated, and then written by every part.
  package func copies(of x: Variable<some Scalar>) -> InputCopies<S>? { copies(of: readableNode(x)) }

  func copies(of node: Int) -> InputCopies<S>? {
    // By position: a loop over an array would retain it.
    for position in 0..<copies.count where copies[position].node == node { return copies[position] }
    return nil
  }

  /// Copies of the large inputs that products alone read: everything else reads bands of rows, or all of the original.
  func makeCopies(threads: Int) -> [InputCopies<S>] {
    var isRead = [Bool](repeating: false, count: nodes.count)
    var isReadElsewhere = isRead
    for node in nodes {
      guard case .operation(let operation) = node.kind else { continue }
      for x in node.inputs where nodes[x].isLeaf {
        isRead[x] = true
        if !operation.form.isProduct { isReadElsewhere[x] = true }
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
