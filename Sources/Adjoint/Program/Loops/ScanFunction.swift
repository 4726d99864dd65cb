/// A loop that is recorded and planned once, however many steps it has: `body` is given what the step before handed on and an
/// entry of each sequence, and returns what the next step is given and its own results.
///
/// ```swift
/// let (state, outputs) = scan([h], over: [x]) { carry, entry in      // x is [steps, width]
///   let h = (entry[0].matmul(w) + carry[0].matmul(u)).tanh()
///   return ([h], [h])
/// }
/// outputs[0]                                                         // every h, [steps, width]
/// ```
///
/// The body may use variables and parameters from outside; an index leaf from outside keeps its recorded indices, and a program
/// refuses to be fed others. It is differentiated as a loop, to any order. Values have the bits of the unrolled loop; so have
/// gradients, but for the sign of zeros and the order in which several uses of a value add up.
///
/// - Parameters:
///   - carry: what the first step is given.
///   - sequences: values whose entries along the first axis the steps take in turn; at least one.
///   - reversed: true to take the last entries first. Results stand where their entries do.
///   - recomputing: true to keep what is carried at every √steps-th step alone, for the way back to compute the rest again. It
///     else computes again what is computed as fast as it is read.
/// - Returns: what the last step handed on, and each result of the steps along a first axis.
/// - Precondition: the body reads no values, draws no random numbers and stores no states; what it hands on has the shapes of
///   what it is given.
/// - Complexity: the memory of the results of all steps; where it is differentiated, also of their carries and of the sums, products
///   of matrices and transcendental functions that the way back reads.
public func scan<S: Scalar>(
  _ carry: [Variable<S>], over sequences: [Variable<S>], reversed: Bool = false, recomputing: Bool = false,
  file: StaticString = #fileID, line: UInt = #line,
  _ body: (_ carry: [Variable<S>], _ entries: [Variable<S>]) -> (carry: [Variable<S>], outputs: [Variable<S>])
) -> (carry: [Variable<S>], outputs: [Variable<S>]) {
  guard let first = sequences.first else {
    fatalError("scan: there is no sequence to take entries of; scan(_:steps:) counts", file: file, line: line)
  }
  let steps = commonExtent(of: sequences, for: "scan: sequences", "the steps", file, line)
  let segment = Int(Double(steps).squareRoot().rounded(.up))
  guard recomputing, segment > 1 else {
    return first.tape.loop(carry, sequences, steps, reversed, file, line, body)
  }
  return segmented(carry, sequences, reversed, segment, steps / segment, file, line, body)
}

/// A loop of so many steps that takes no sequence: `scan([x], steps: 100) { [$0[0] + h * slope($0[0])] }` is the last x.
public func scan<S: Scalar>(
  _ carry: [Variable<S>], steps: Int, recomputing: Bool = false, file: StaticString = #fileID, line: UInt = #line,
  _ body: (_ carry: [Variable<S>]) -> [Variable<S>]
) -> [Variable<S>] {
  guard let tape = carry.first?.tape else {
    fatalError("scan: nothing is carried, so no step does anything", file: file, line: line)
  }
  guard steps >= 0 else { fatalError("scan: \(steps) steps", file: file, line: line) }
  let count = tape.constant(.zeros([steps, 0]))
  return scan(carry, over: [count], recomputing: recomputing, file: file, line: line) { carry, _ in (body(carry), []) }
    .carry
}

/// The extent of the first axis of all these.
func commonExtent<S: Scalar>(
  of x: [Variable<S>], for purpose: String, _ axis: String, _ file: StaticString, _ line: UInt
) -> Int {
  let shapes = x.map { $0.checkedShape(purpose, file, line) }
  guard let extent = shapes[0].first, shapes.allSatisfy({ $0.first == extent }) else {
    fatalError(
      "\(purpose) of the shapes \(shapes.map { "\($0)" }.joined(separator: ", ")); all need one first axis, \(axis)",
      file: file, line: line)
  }
  return extent
}

/// A loop over segments, each a loop: what is carried within a segment is computed again on the way back.
private func segmented<S: Scalar>(
  _ carry: [Variable<S>], _ sequences: [Variable<S>], _ reversed: Bool, _ segment: Int, _ segments: Int,
  _ file: StaticString, _ line: UInt,
  _ body: ([Variable<S>], [Variable<S>]) -> (carry: [Variable<S>], outputs: [Variable<S>])
) -> (carry: [Variable<S>], outputs: [Variable<S>]) {
  let (steps, tape) = (sequences[0].shape[0], sequences[0].tape)
  let whole = segment * segments
  // What is left over is the end of the way, on whichever side that is.
  let (inSegments, left) = reversed ? (steps - whole..<steps, 0..<steps - whole) : (0..<whole, whole..<steps)
  let outer = sequences.map { x in
    x.slice(inSegments).reshape(to: Shape([segments, segment] + x.shape.dropFirst()))
  }
  let main = tape.loop(carry, outer, segments, reversed, recomputing: true, file, line) { carry, entries in
    tape.loop(carry, entries, segment, reversed, file, line, body)
  }
  let outputs = main.outputs.map { y in y.reshape(to: Shape([whole] + y.shape.dropFirst(2))) }
  guard !left.isEmpty else { return (main.carry, outputs) }
  let rest = tape.loop(main.carry, sequences.map { $0.slice(left) }, left.count, reversed, file, line, body)
  return (
    rest.carry, zip(outputs, rest.outputs).map { concatenate(reversed ? [$1, $0] : [$0, $1]) }
  )
}

extension Tape {
  /// Records the body and takes it off the tape again, and records the loop.
  fileprivate func loop(
    _ carry: [Variable<S>], _ sequences: [Variable<S>], _ steps: Int, _ reversed: Bool, recomputing: Bool = false,
    _ file: StaticString, _ line: UInt,
    _ body: ([Variable<S>], [Variable<S>]) -> (carry: [Variable<S>], outputs: [Variable<S>])
  ) -> (carry: [Variable<S>], outputs: [Variable<S>]) {
    let operands = carry + sequences
    for x in operands where nodes[index(of: x, for: "scan", beside: operands, file: file, line: line)].isIndex {
      fatalError(
        "scan: \(describe(x.index)) holds indices, and a loop takes numbers: use asNumbers, or gather its rows before",
        file: file, line: line)
    }
    let (recorded, shared) = self.body(
      of: "scan", carry, sequences, entry: reversed ? steps - 1 : 0, recomputing: recomputing, file, line, body)
    let loop = Scan(body: recorded, steps: steps, isReversed: reversed)
    let parts = loop.parts(of: record(loop, inputs: operands + shared, file: file, line: line))
    return (parts.carries, parts.outputs)
  }

  private func isIndexLeaf(_ node: Int) -> Bool { nodes[node].isIndex && nodes[node].isLeaf }

  /// Records a body at carries and at one entry of each sequence, and takes it off the tape again.
  /// - Parameter sharesIndices: true where indices are given, handed on, and read from outside.
  /// - Returns: the body, and what it shares with the tape.
  func body(
    of name: String, _ carry: [Variable<S>], _ sequences: [Variable<S>], entry: Int, recomputing: Bool = false,
    sharesIndices: Bool = false, _ file: StaticString, _ line: UInt,
    _ body: ([Variable<S>], [Variable<S>]) -> (carry: [Variable<S>], outputs: [Variable<S>])
  ) -> (ScanBody, shared: [Variable<S>]) {
    func trap(_ sentence: String) -> Never { fatalError("\(name): " + sentence, file: file, line: line) }
    let operands = carry + sequences
    for x in operands { _ = index(of: x, for: name, beside: operands, file: file, line: line) }
    let (mark, outerLoop, outerServing) = (count, recordsLoop, serving)
    (recordsLoop, serving) = (true, -1)
    let carries = carry.map { record(BodyLeaf(entry: 0, ownShape: $0.shape), $0) }
    let entries = sequences.map { x -> Variable<S> in
      let shape = Shape(Array(x.shape.dropFirst()))
      let bound = x.computedIndexBound
      guard holdsIndices(x.index), bound == nil else {
        return record(BodyLeaf(entry: entry, ownShape: shape, indicesBelow: bound), x)
      }
      // The bound of indices that are fed comes from who reads them.
      let values = x.recordedIndices.elements.dropFirst(entry * shape.elementCount).prefix(shape.elementCount)
      let missing = [Int32](repeating: 0, count: shape.elementCount - values.count)
      return index(Tensor(shape: shape, elements: values + missing))
    }
    let (next, outputs) = body(carries, entries)
    (recordsLoop, serving) = (outerLoop, outerServing)
    guard next.count == carry.count else {
      trap("\(carry.count) values are carried, and the body hands on \(next.count)")
    }
    for x in next + outputs {
      let node = index(of: x, for: name + ", body", beside: operands, file: file, line: line)
      guard nodes[node].isIndex, !sharesIndices else { continue }
      trap("the body gives indices, \(describe(node)); take asNumbers of them")
    }
    for (position, (given, handed)) in zip(carries, next).enumerated() where given.shape != handed.shape {
      trap(
        "the body is given carry \(position) with the shape \(given.shape) and hands on \(handed.shape); every step needs "
          + "the same")
    }
    if let store = stores.first(where: { $0.node >= mark }) {
      trap("the body stores \(describe(store.node)) into a state; hand it on instead, and store what \(name) returns")
    }
    for node in mark..<count {
      if case .leaf(.random) = nodes[node].kind {
        trap("\(describe(node)) is drawn at random in the body; draw for all of them before, and pass what was drawn")
      }
    }
    var captured: [ScanBody.Captured<S>] = []
    let recorded = ScanBody(
      of: self, from: mark, carries: carries.map(\.index), entries: entries.map(\.index), next: next.map(\.index),
      outputs: outputs.map(\.index), isRecomputed: recomputing, sharesIndices: sharesIndices, captured: &captured)
    for case .node(let node) in captured where nodes[node].isIndex && !sharesIndices {
      trap(
        "the body reads the indices \(describe(node)) from outside; gather before the loop, or compute them in the body"
      )
    }
    // Of loops within the body too.
    var held = Set(indicesOfLoops.filter { $0.loop >= mark }.map(\.leaf))
    if !sharesIndices { held.formUnion((mark..<count).flatMap { nodes[$0].inputs }.filter { isIndexLeaf($0) }) }
    truncate(to: mark)
    indicesOfLoops += held.filter { $0 < mark }.sorted().map { ($0, mark) }
    let shared = captured.map { value in
      switch value {
      case .node(let node): handle(node)
      case .constant(let value): constant(value)
      case .parameter(let place, let isState): isState ? state(place) : parameter(place)
      }
    }
    return (recorded, shared)
  }
}

/// What a step is given while the body is recorded: a carry, or an entry of a sequence; zeros where there is no step. The body has a
/// leaf in its place.
private struct BodyLeaf: Operation {
  let entry: Int
  let ownShape: Shape
  /// The bound of the indices that it is; `nil` for numbers.
  var indicesBelow: Int?
  static var mayBeFormula: Bool { false }
  var name: String { "step" }
  var indexPosition: Int? { indicesBelow == nil ? nil : 0 }
  func indexBound(for inputs: [Shape]) -> Int { indicesBelow ?? 0 }
  func resultIndexBound(for inputs: [Shape]) -> Int? { indicesBelow }
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { ownShape }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    indicesBelow == nil ? cut(x[0], into: y) : cut(x[0].asIndices, into: y.asIndices)
  }
  private func cut<S: Scalar>(_ x: View<S>, into y: Output<S>) {
    let start = entry * y.count
    guard entry >= 0, x.count >= start + y.count else { return y.elements.update(repeating: 0) }
    for i in y.indices { y[i] = x[start + i] }
  }
  /// Nothing: a step takes what it is given as it is.
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
}
