/// A step with every operand resolved to an address. Plain bits: running one touches no reference count.
enum Instruction<S: Scalar> {
  /// The operation itself. The program owns it; unmanaged, so that running it counts no references.
  case general(Unmanaged<PlacedOperation<S>>)
  case product(MatrixProduct<S>)
  case chain(UnsafeBufferPointer<ChainLink<S>>, count: Int)

  /// How many elements a chain works on at a time: a few operands of this size stay in the first-level cache.
  static var blockSize: Int { 1024 }

  @inline(__always)
  func execute() {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.execute() }
    case .product(let product): S.multiply(product)
    case .chain(let links, let count):
      for start in stride(from: 0, to: count, by: Instruction.blockSize) {
        let size = min(Instruction.blockSize, count - start)
        for index in 0..<links.count { links[index].execute(from: start, count: size) }
      }
    }
  }
}

/// An operation of any type with its operands and its output resolved to addresses.
class PlacedOperation<S: Scalar> {
  func execute() { fatalError("PlacedOperation: an abstract class") }

  /// Binds an operation to its places.
  static func place(_ operation: some Operation, _ x: Operands<S>, into y: Output<S>) -> PlacedOperation {
    Placed(operation, x, into: y)
  }
}

private final class Placed<O: Operation, S: Scalar>: PlacedOperation<S> {
  private let operation: O
  private let x: Operands<S>
  private let y: Output<S>

  init(_ operation: O, _ x: Operands<S>, into y: Output<S>) { (self.operation, self.x, self.y) = (operation, x, y) }

  override func execute() { operation.forward(x, into: y) }
}

/// One operation inside a chain.
struct ChainLink<S: Scalar> {
  enum Function {
    case map(MapFunction)
    case zip(ZipFunction)
    case select
  }

  /// Where an operand or result of a link is: a whole array, a single number, or a scratch block.
  struct Place {
    let base: UnsafeMutablePointer<S>
    /// 1 when the elements advance, 0 for a single number.
    let stride: Int
    /// 1 when each block stands further on, 0 for a scratch block or a single number.
    let blockStep: Int

    @inline(__always)
    func address(from start: Int) -> UnsafeMutablePointer<S> { base + start * blockStep }
  }

  let function: Function
  let a: Place
  let b: Place
  let c: Place
  let y: Place

  @inline(__always)
  func execute(from start: Int, count: Int) {
    let out = y.address(from: start)
    switch function {
    case .map(let f):
      // One number for all: the function of it, repeated.
      if a.stride == 1 {
        S.map(f, a.address(from: start), out, count: count)
      } else {
        S.map(f, a.base, out, count: 1)
        out.update(repeating: out.pointee, count: count)
      }
    case .zip(let f):
      S.zip(
        f, a.address(from: start), strideA: a.stride, b.address(from: start), strideB: b.stride, out, count: count)
    case .select:
      S.select(
        a.address(from: start), strideC: a.stride, b.address(from: start), strideA: b.stride, c.address(from: start),
        strideB: c.stride, out, count: count)
    }
  }
}
