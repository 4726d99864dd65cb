/// A loop as one node: a body that is recorded and planned once, and run for each step.
///
/// Its operands are the first carries, sequences whose entries along the first axis the steps take, and what all steps share.
/// Its result is one vector: the outputs of all steps, one output after the other, and then the last carries. `scan` takes it
/// apart.
package struct Scan: LibraryOperation {
  let body: ScanBody
  package let steps: Int
  let isReversed: Bool
  /// True when the last outputs of each step are the carries that it was given, which the way back needs.
  let keepsCarries: Bool

  package var name: String { "scan" }
  package var attributes: [Attribute] {
    [
      Attribute("steps", .int(steps)), Attribute("reversed", .flag(isReversed)),
      Attribute("body", .int(body.fingerprint)),
    ]
  }

  package func shape(of x: [Shape]) throws(ShapeError) -> Shape {
    guard x.count == body.leaves.count else {
      throw ShapeError("scan: takes \(body.leaves.count) inputs, was given \(x.count)")
    }
    let (first, last) = (body.carries.count, body.carries.count + body.entries.count)
    for (position, leaf) in body.leaves.enumerated() {
      let own = body.nodes[leaf].shape
      let expected = first..<last ~= position ? own.inserting(steps, at: 0) : own
      guard x[position] == expected else {
        throw ShapeError("scan: input \(position) has the shape \(x[position]), \(expected) is expected")
      }
    }
    return try Shape([resultCount], of: name)
  }

  /// The elements of each output's entries, and of the last carries.
  private var counts: [Int] {
    body.outputs.map { steps * body.nodes[$0].shape.elementCount } + body.next.map { body.nodes[$0].shape.elementCount }
  }
  private var resultCount: Int { counts.reduce(0, +) }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    run(x, into: y, on: nil)
  }

  /// Runs the loop, with the large instructions of a step cut among the threads of a pool.
  func run<S: Scalar>(_ x: Operands<S>, into y: Output<S>, on pool: WorkerPool?) {
    body.withRun { (run: ScanRun<S>) in
      run.use(pool)
      run.run(x, into: y, steps: steps, reversed: isReversed)
    }
  }

  /// A loop that runs back. Its carries are the cotangents of this one's, and sums over the steps for what they share.
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let wanted = (0..<p.x.count).map { p.wanted.contains($0) }
    let gradient = body.gradient(wanted: wanted)
    let (first, last) = (body.carries.count, body.carries.count + body.entries.count)
    let sharedSums = (last..<p.x.count).filter { wanted[$0] }
    // −0 is what every sum begins with that shall have the bits of a sum without a beginning.
    let sums = sharedSums.map { p.tape.constant(Tensor<S>(repeating: -S(0), shape: p.x[$0].shape)) }
    var (outputs, carried) = parts(of: g)
    let kept = keepsCarries ? parts(of: p.y) : keeping(p)
    let before = Array(kept.outputs.suffix(first))
    let operands =
      carried + sums + before + (first..<last).map { p.x[$0] } + outputs
      + (last..<p.x.count).map { p.x[$0] }
      + gradient.constants.map { p.tape.constant($0.map { S($0) }) }
    let back = Scan(body: gradient.body, steps: steps, isReversed: !isReversed, keepsCarries: false)
    (outputs, carried) = back.parts(of: p.tape.record(back, inputs: operands))
    var contributions: [Variable<S>?] = Array(repeating: nil, count: p.x.count)
    for position in 0..<first where wanted[position] { contributions[position] = carried[position] }
    for (number, position) in sharedSums.enumerated() { contributions[position] = carried[first + number] }
    for (number, position) in (first..<last).filter({ wanted[$0] }).enumerated() {
      contributions[position] = outputs[number]
    }
    return contributions
  }

  /// The parts of a result or of its cotangent: each output's entries along a first axis, and the last carries.
  func parts<S: Scalar>(of y: Variable<S>) -> (outputs: [Variable<S>], carries: [Variable<S>]) {
    var start = 0
    let shapes =
      body.outputs.map { body.nodes[$0].shape.inserting(steps, at: 0) } + body.next.map { body.nodes[$0].shape }
    let parts = shapes.map { shape in
      defer { start += shape.elementCount }
      return y.slice(start: [start], size: [shape.elementCount]).reshape(to: shape)
    }
    return (Array(parts[..<body.outputs.count]), Array(parts[body.outputs.count...]))
  }

  /// The same loop once more, which keeps what each step was given.
  private func keeping<S: Scalar>(_ p: Point<S>) -> (outputs: [Variable<S>], carries: [Variable<S>]) {
    let loop = Scan(body: body.keepingCarries, steps: steps, isReversed: isReversed, keepsCarries: true)
    return loop.parts(of: p.tape.record(loop, inputs: (0..<p.x.count).map { p.x[$0] }))
  }
}
