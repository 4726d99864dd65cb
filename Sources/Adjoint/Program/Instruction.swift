/// A step with every operand resolved to an address. Plain bits: running one touches no reference count.
enum Instruction<S: Scalar> {
  /// The operation itself. The program owns it; unmanaged, so that running it counts no references.
  case general(Unmanaged<PlacedOperation<S>>)
  case product(MatrixProduct<S>)
  case chain(UnsafeBufferPointer<ChainLink<S>>, count: Int)

  /// How many elements a chain works on at a time: a few operands of this size stay in the first-level cache.
  static var blockSize: Int { 1024 }
  /// How many threads share a chain at most: each has scratch blocks of its own.
  static var maximumParts: Int { 8 }

  @inline(__always)
  func execute() {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.execute() }
    case .product(let product): S.multiply(product)
    case .chain(let links, let count):
      for start in stride(from: 0, to: count, by: Instruction.blockSize) {
        let size = min(Instruction.blockSize, count - start)
        for index in 0..<links.count { links[index].execute(from: start, count: size, part: 0) }
      }
    }
  }
}

/// An operation of any type with its operands and its output resolved to addresses.
class PlacedOperation<S: Scalar> {
  func execute() { fatalError("PlacedOperation: an abstract class") }
  /// Whether cutting it into parts repays waking the threads.
  var isWorthSplitting: Bool { false }
  /// One of several parts that together are this operation.
  func execute(part: Int, of parts: Int) { if part == 0 { execute() } }

  /// Binds an operation to its places.
  static func place(_ operation: some Operation, _ x: Operands<S>, into y: Output<S>) -> PlacedOperation {
    operation is any BatchwiseOperation ? Batchwise(operation, x, into: y) : Placed(operation, x, into: y)
  }
}

private class Placed<O: Operation, S: Scalar>: PlacedOperation<S> {
  final let operation: O
  final let x: Operands<S>
  final let y: Output<S>

  init(_ operation: O, _ x: Operands<S>, into y: Output<S>) { (self.operation, self.x, self.y) = (operation, x, y) }

  final override func execute() { operation.forward(x, into: y) }
}

/// An operation that treats each entry of the first axis by itself: threads take bands of them.
private final class Batchwise<O: Operation, S: Scalar>: Placed<O, S> {
  override var isWorthSplitting: Bool { y.count >= 16_384 }

  override func execute(part: Int, of parts: Int) {
    let entries = y.shape[0]
    let band = entries * part / parts..<entries * (part + 1) / parts
    guard !band.isEmpty else { return }
    withUnsafePointer(to: x[0].rows(band)) { own in
      let output = View<S>(shape: y.shape, address: y.address).rows(band)
      operation.forward(Operands(views: own, count: 1), into: Output(shape: output.shape, address: output.address))
    }
  }
}

extension Instruction {
  /// Whether cutting this instruction into parts repays waking the threads: about two microseconds of work.
  var isWorthSplitting: Bool {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.isWorthSplitting }
    case .product(let product): product.rows * product.columns * product.depth >= 200_000
    case .chain(let links, let count): links.count * count >= 32_768
    }
  }

  /// One of several parts that together are this instruction.
  func execute(part: Int, of parts: Int) {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.execute(part: part, of: parts) }
    case .product(let product):
      let own = product.part(part, of: parts)
      if own.rows > 0, own.columns > 0 { S.multiply(own) }
    case .chain(let links, let count):
      let parts = min(parts, Instruction.maximumParts)
      guard part < parts else { return }
      let blocks = (count + Instruction.blockSize - 1) / Instruction.blockSize
      for block in blocks * part / parts..<blocks * (part + 1) / parts {
        let start = block * Instruction.blockSize
        let size = min(Instruction.blockSize, count - start)
        for index in 0..<links.count { links[index].execute(from: start, count: size, part: part) }
      }
    }
  }
}
