/// A pass with every operand resolved to an address. It is plain bits: running one touches no reference count.
enum Instruction<S: Scalar> {
  /// An operation as it is. The program owns it; it is unmanaged, so that running it counts no references.
  case general(Unmanaged<PlacedOperation<S>>)
  /// Operations on a few numbers, which the operation holds too.
  case numbers(NumberSteps<S>, Unmanaged<PlacedOperation<S>>)
  /// A matrix product. One that accumulates begins with the elements of `addend`, mostly in place.
  case product(MatrixProduct<S>, addend: UnsafePointer<S>?)
  /// Operations on the elements or rows of an array.
  case chain(PlacedChain<S>)

  /// The number of elements that a chain works on at a time: a few operands of this size stay in the first-level cache.
  static var blockSize: Int { 1024 }
  /// The most threads that share a chain: each has scratch blocks of its own.
  static var maximumParts: Int { 8 }

  @inline(__always)
  func execute() {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.execute() }
    case .numbers(let steps, _): steps.run()
    case .product(let product, let addend): Self.run(product, addend)
    case .chain(let chain): chain.run(0..<chain.count, part: 0)
    }
  }

  /// The same, once in the program instead of at each place: for places where a call does not count.
  @inline(never)
  @specialized(where S == Float)
  @specialized(where S == Double)
  func executeApart() { execute() }

  /// Runs one of several parts that together are this instruction. No bit depends on the number of parts.
  @inline(never)
  @specialized(where S == Float)
  @specialized(where S == Double)
  func execute(part: Int, of parts: Int) {
    switch self {
    case .general(let operation): operation._withUnsafeGuaranteedRef { $0.execute(part: part, of: parts) }
    case .numbers(let steps, _): if part == 0 { steps.run() }
    case .product(let product, let addend):
      let own = product.part(part, of: parts)
      if own.rows > 0, own.columns > 0 { Self.run(own, addend.map { $0 + (own.c - product.c) }) }
    case .chain(let chain): chain.run(chain.band(part, of: parts), part: part)
    }
  }

  @inline(__always)
  private static func run(_ product: MatrixProduct<S>, _ addend: UnsafePointer<S>?) {
    if let addend, addend != UnsafePointer(product.c) {
      for row in 0..<product.rows {
        (product.c + row * product.strideC).update(from: addend + row * product.strideC, count: product.columns)
      }
    }
    S.multiply(product)
  }

  /// The elements of a chain that fall to a part: whole rows, as long as there are some for every part.
  static func elements(_ rows: Int, _ width: Int, _ part: Int, of parts: Int) -> Range<Int> {
    let parts = min(parts, maximumParts)
    guard part < parts else { return 0..<0 }
    if rows < parts { return Range(part: part, of: parts, in: rows * width) }
    let band = Range(part: part, of: parts, in: rows)
    return band.lowerBound * width..<band.upperBound * width
  }

  /// The approximate duration, in elementwise operations (a tenth of a nanosecond each).
  var work: Int {
    switch self {
    case .general(let operation), .numbers(_, let operation): operation._withUnsafeGuaranteedRef { $0.work }
    // Few columns fill a vector no better than many.
    case .product(let product, _): product.rows * max(product.columns, 16) * product.depth / 12
    case .chain(let chain): chain.work
    }
  }
}

#if RED_ZONES
  extension Program {
    /// Runs instructions part by part on this thread, each with all values forbidden to the address sanitizer but those of
    /// its footprint: an access beside a value is seen, and one that the footprint does not tell.
    func executeWatched(from first: Int) {
      defer { block.baseAddress.map { RedZone.allow($0, block.count) } }
      if let pool, group == nil, first == foldedCount, !scheduled.isEmpty {
        for phase in phases {
          let parts = phase.isShared ? pool.threads : 1
          for part in 0..<parts {
            for position in phase.instructions { scheduled[position].execute(part: part, of: parts, in: block) }
          }
        }
      } else {
        for position in first..<instructions.count { instructions[position].execute(part: 0, of: 1, in: block) }
      }
    }
  }

  extension Instruction {
    fileprivate func execute(part: Int, of parts: Int, in block: UnsafeRawBufferPointer) {
      guard let base = block.baseAddress else { return }
      RedZone.forbid(base, block.count)
      let all = UInt(bitPattern: base)..<UInt(bitPattern: base) + UInt(block.count)
      let footprint = footprint(part: part, of: parts)
      for region in footprint.reads + footprint.writes {
        let own = region.span.clamped(to: all)
        RedZone.allow(base + Int(own.lowerBound - all.lowerBound), own.count)
      }
      execute(part: part, of: parts)
    }
  }
#endif
