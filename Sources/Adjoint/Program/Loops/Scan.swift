/// A loop as one node: a body that is recorded and planned once, and run for each step.
///
/// Its operands are the first carries, sequences whose entries along the first axis the steps take, and what all steps share.
/// Its result is one vector: the outputs of all steps, one output after the other, then the last carries, and then what is kept for
/// the way back. `scan` takes it apart.
package struct Scan: LibraryOperation {
  let body: ScanBody
  package let steps: Int
  let isReversed: Bool

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

  /// The shapes of the result's parts: each output's entries, the last carries, and the entries of what is kept.
  private var parts: [Shape] {
    func entries(_ nodes: [Int]) -> [Shape] { nodes.map { body.nodes[$0].shape.inserting(steps, at: 0) } }
    return entries(body.outputs) + body.next.map { body.nodes[$0].shape } + entries(body.kept)
  }
  private var resultCount: Int { parts.reduce(0) { $0 + $1.elementCount } }

  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    let run: ScanRun<S> = body.takeRun(steps: steps)
    run.run(x, into: y, steps: steps, reversed: isReversed)
    body.giveBack(run)
  }

  /// A loop that runs back. Its carries are the cotangents of this one's, and sums over the steps for what they share. What it
  /// reads of each step is kept by the same loop once more; a program runs that one alone (`Simplification`).
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let wanted = (0..<p.x.count).map { p.wanted.contains($0) }
    let gradient = body.gradient(wanted: wanted)
    let (first, last) = (body.carries.count, body.carries.count + body.entries.count)
    let sharedSums = (last..<p.x.count).filter { wanted[$0] }
    // −0 is what every sum begins with that shall have the bits of a sum without a beginning.
    let sums = sharedSums.map { p.tape.constant(Tensor<S>(repeating: -S(0), shape: p.x[$0].shape)) }
    let given = parts(of: g)
    var kept: [Variable<S>] = []
    if gradient.forward.kept.count > body.kept.count {
      let loop = Scan(body: gradient.forward, steps: steps, isReversed: isReversed)
      kept = loop.parts(of: p.tape.record(loop, inputs: (0..<p.x.count).map { p.x[$0] })).kept
    }
    let operands =
      given.carries + sums + kept.dropFirst(body.kept.count) + gradient.entries.map { p.x[$0] } + given.outputs
      + given.kept + gradient.shared.map { p.x[$0] } + gradient.constants.map { p.tape.constant($0.map { S($0) }) }
    let back = Scan(body: gradient.body, steps: steps, isReversed: !isReversed)
    let result = back.parts(of: p.tape.record(back, inputs: operands))
    var contributions: [Variable<S>?] = Array(repeating: nil, count: p.x.count)
    for position in 0..<first where wanted[position] { contributions[position] = result.carries[position] }
    for (number, position) in sharedSums.enumerated() { contributions[position] = result.carries[first + number] }
    for (number, position) in (first..<last).filter({ wanted[$0] }).enumerated() {
      contributions[position] = result.outputs[number]
    }
    return contributions
  }

  /// The parts of a result or of its cotangent.
  func parts<S: Scalar>(
    of y: Variable<S>
  ) -> (outputs: [Variable<S>], carries: [Variable<S>], kept: [Variable<S>]) {
    var start = 0
    let parts = parts.map { shape in
      defer { start += shape.elementCount }
      return y.slice(start: [start], size: [shape.elementCount]).reshape(to: shape)
    }
    let (outputs, carries) = (body.outputs.count, body.outputs.count + body.next.count)
    return (Array(parts[..<outputs]), Array(parts[outputs..<carries]), Array(parts[carries...]))
  }

  /// True for the same loop, or one that keeps more of it: its result begins with that of the other.
  func includes(_ other: Scan) -> Bool {
    steps == other.steps && isReversed == other.isReversed
      && body.lineage.contains { $0 === other.body.lineage.last }
  }
}
