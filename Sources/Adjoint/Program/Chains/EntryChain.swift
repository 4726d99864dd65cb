/// Products of matrices in the leading axes, and the chains of rows between them, computed matrix after matrix: scores, their
/// softmax and what they mix, for one head after the other. What only they read is never there for more than one matrix, in a cache.
///
/// Each product and each row is computed as in the operations apart, so that no bit depends on it.
struct EntryChain: PassKind {
  /// The passes of which it is made, in order.
  let members: [Pass]
  /// The number of matrices.
  let count: Int

  var overwriting: Overwriting { .none }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    for node in members.flatMap(\.results) where !builder.hasMemory(node) {
      // One matrix for each thread that may run a part.
      let size = builder.nodes[node].shape.elementCount / count
      let base = builder.allocate(S.self, count: size * Instruction<S>.maximumParts)
      builder.ownEntries[node] = InstructionBuilder.OwnEntry(base: base, size: size)
    }
    let steps = builder.allocate(EntryStep<S>.self, count: members.count)
    for (position, member) in members.enumerated() {
      // A number that no pass of the plan has.
      let own = builder.plan.passes.count + position
      builder.index.number(member, own)
      if let chain = member.kind as? Chain {
        let placed: PlacedChain<S> = chain.placed(member, own, in: &builder)
        (steps + position).initialize(to: .rows(placed, perMatrix: chain.rows.count / count))
      } else {
        (steps + position).initialize(to: product(member.nodes[0], in: builder))
      }
    }
    builder.index.number(pass, number)
    return builder.instruction(
      running: PlacedEntries(UnsafeBufferPointer(start: steps, count: members.count), count: count))
  }

  private func product<S: Scalar>(_ node: Int, in builder: InstructionBuilder<S>) -> EntryStep<S> {
    let (nodes, inputs) = (builder.nodes, builder.nodes[node].inputs)
    func place(_ x: Int) -> EntryPlace<S> {
      let size = nodes[x].shape.elementCount / count
      if let own = builder.ownEntries[x] { return EntryPlace(base: own.base, size: size, step: 0, partStep: size) }
      return EntryPlace(base: builder.output(x).base, size: size, step: size, partStep: 0)
    }
    let (a, b, c) = (place(inputs[0]), place(inputs[1]), place(node))
    guard let form = builder.plan.forms[node]?.product(inputs.map { nodes[$0].shape }, into: nodes[node].shape) else {
      fatalError("Program: %\(node) is not a matrix product")
    }
    return .product(
      MatrixProduct(form, a: UnsafePointer(a.base), b: UnsafePointer(b.base), c: c.base), a: a, b: b, c: c)
  }
}

/// The place of a value of which a matrix at a time is read or written.
private struct EntryPlace<S: Scalar> {
  let base: UnsafeMutablePointer<S>
  /// The elements of a matrix.
  let size: Int
  /// The distance of two matrices; 0 where there is one for each thread.
  let step: Int
  /// The distance of two threads' matrices; 0 where all stand in memory.
  let partStep: Int

  @inline(__always)
  func address(_ entry: Int, _ part: Int) -> UnsafeMutablePointer<S> { base + (entry * step + part * partStep) }
}

/// What is done for each matrix. It is plain bits: running it counts no references.
private enum EntryStep<S: Scalar> {
  case product(MatrixProduct<S>, a: EntryPlace<S>, b: EntryPlace<S>, c: EntryPlace<S>)
  case rows(PlacedChain<S>, perMatrix: Int)
}

private final class PlacedEntries<S: Scalar>: PlacedOperation<S> {
  private let steps: UnsafeBufferPointer<EntryStep<S>>
  private let count: Int

  init(_ steps: UnsafeBufferPointer<EntryStep<S>>, count: Int) { (self.steps, self.count) = (steps, count) }

  override func execute() { run(0..<count, part: 0) }
  override func execute(part: Int, of parts: Int) { run(band(part, of: parts), part: part) }

  private func band(_ part: Int, of parts: Int) -> Range<Int> {
    let parts = min(parts, Instruction<S>.maximumParts)
    return part < parts ? Range(part: part, of: parts, in: count) : 0..<0
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func run(_ band: Range<Int>, part: Int) {
    for entry in band {
      for position in 0..<steps.count {
        switch steps[position] {
        case .product(var product, let a, let b, let c):
          product.a = UnsafePointer(a.address(entry, part))
          product.b = UnsafePointer(b.address(entry, part))
          product.c = c.address(entry, part)
          product.multiplySkippingZeros()
        case .rows(let rows, let perMatrix):
          rows.run(entry * perMatrix..<(entry + 1) * perMatrix, part: part)
        }
      }
    }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = band(part, of: parts)
    guard !band.isEmpty else { return footprint }
    for step in steps {
      switch step {
      case .product(_, let a, let b, let c):
        for x in [a, b] where x.step > 0 {
          footprint.read(x.base + band.lowerBound * x.step, count: band.count * x.step)
        }
        if c.step > 0 { footprint.write(c.base + band.lowerBound * c.step, count: band.count * c.step) }
      case .rows(let rows, let perMatrix):
        let own = band.lowerBound * perMatrix..<band.upperBound * perMatrix
        footprint.add(rows.footprint(own))
      }
    }
    return footprint
  }

  override var work: Int {
    steps.reduce(0) { work, step in
      switch step {
      case .product(let product, _, _, _):
        work + count * product.rows * max(product.columns, 16) * product.depth / 12
      case .rows(let rows, _): work + rows.work
      }
    }
  }
}
