import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

/// Random programs as the bodies of loops and of batches, small ones and ones on arrays that are cut into blocks.
@Suite struct RandomBodyTests {
  /// Programs of some seeds, whose arrays have axes of at most so many elements.
  struct Draw: Sendable, CustomTestStringConvertible {
    let seeds: Range<UInt64>
    let extent: Int
    var testDescription: String { "seeds \(seeds), axes of up to \(extent) elements" }

    static let all: [Draw] = {
      #if DEBUG
        let (blocks, large): (UInt64, UInt64) = (2, 4)
      #else
        let (blocks, large): (UInt64, UInt64) = (12, 30)
      #endif
      let small = (0..<blocks).map { Draw(seeds: 1000 + $0 * 20..<1020 + $0 * 20, extent: 5) }
      // Seed 1234 found what wrote over memory.
      return small + [Draw(seeds: 1234..<1235, extent: 5), Draw(seeds: 0..<large, extent: 140)]
    }()

    var programs: [RandomProgram] {
      var options = RandomProgram.Options()
      options.size = 3...12
      // Bits are compared, so elements may stand at kinks.
      options.kinkMargin = 0
      if extent > 5 { (options.largestExtent, options.largestCount) = (extent, 20_000) }
      return seeds.map { RandomProgram(seed: $0, options: options) }.filter { !$0.movingLeaves.isEmpty }
    }
  }

  // MARK: Loops

  @Test("A loop has the bits of its steps one by one, and a program the bits of the loop", arguments: Draw.all)
  func loops(draw: Draw) throws {
    for program in draw.programs {
      try expectSteps(program, Double.self)
      try expectSteps(program, Float.self)
    }
  }

  private func expectSteps<S: BitComparable>(_ program: RandomProgram, _ type: S.Type) throws {
    let what: Comment = "seed \(program.seed)"
    let (loop, fresh) = (RandomLoop<S>(program, from: 0), RandomLoop<S>(program, from: 7))
    for (name, own, unrolled) in loop.values { #expect(own.isIdentical(to: unrolled), "\(name), \(what)") }
    if S.self == Double.self {
      for (own, unrolled) in zip(loop.gradients, loop.unrolledGradients) {
        #expect(distance(own.value, unrolled.value) < 1e-8, what)
      }
    }
    let leaves = loop.leaves.keys.sorted()
    let compiled = Program<S>(loop.results + leaves.compactMap { loop.leaves[$0] })
    for parts in [1, 2, 3] {
      compiled.pool = parts > 1 ? WorkerPool(partsInTurn: parts, lastFirst: parts == 3) : nil
      for fed in [loop, fresh] {
        for leaf in leaves {
          if let own = loop.leaves[leaf], let x = fed.leaves[leaf] { try compiled.feed(own, x.value) }
        }
        compiled.run()
        let wrong = zip(loop.results, fed.results).enumerated().filter { _, pair in
          !compiled.value(of: pair.0).isIdentical(to: pair.1.value)
        }
        #expect(wrong.map(\.offset) == [], "\(parts) parts, \(what)")
      }
    }
  }

  /// The largest difference of two gradients, beside the largest element; elements that are not finite count where one alone is not.
  private func distance<S: BitComparable>(_ a: Tensor<S>, _ b: Tensor<S>) -> Double {
    guard a.shape == b.shape else { return .infinity }
    var (largest, most) = (1.0, 0.0)
    for (x, y) in zip(a.elements, b.elements) {
      guard x.primal.isFinite, y.primal.isFinite else {
        if x.primal.isFinite != y.primal.isFinite { return .infinity }
        continue
      }
      (largest, most) = (max(largest, abs(y.primal)), max(most, abs(x.primal - y.primal)))
    }
    return most / largest
  }

  // MARK: Batches

  @Test("A batch has the values and gradients of its entries, and a program the bits of the batch", arguments: Draw.all)
  func batches(draw: Draw) throws {
    for program in draw.programs {
      try expectEntries(program, Double.self)
      try expectEntries(program, Float.self)
    }
  }

  private func expectEntries<S: BitComparable>(_ program: RandomProgram, _ type: S.Type) throws {
    let what: Comment = "seed \(program.seed)"
    let leaves = program.steps.indices.filter { program.steps[$0].leaf.map { $0.role != .constant } ?? false }
    var generator = Generator(seed: program.seed).stream(300)
    let drawn = leaves.filter { _ in Bool.random(using: &generator) }
    let batched = drawn.isEmpty ? leaves : drawn
    /// Value and gradients.
    func results(_ tape: Tape<S>, _ leaves: [Int: Variable<S>]) -> [Variable<S>] {
      let y = program.record(on: tape, leaves)[program.output]
      let moving = program.movingLeaves.compactMap { leaves[$0] }
      return [y] + gradients(of: y, withRespectTo: moving, cotangent: tape.constant(program.cotangent.converted()))
    }
    let tape = Tape<S>()
    let shared = program.leaves(on: tape, at: 0)
    let stacks = batched.map { program.leaf($0, on: tape, at: 0..<3) }
    let y = vmap(over: stacks) { entries in
      results(tape, shared.merging(zip(batched, entries)) { $1 })
    }
    for entry in 0..<3 {
      let own = Tape<S>()
      let leaves = program.leaves(on: own, at: 0)
        .merging(batched.map { ($0, program.leaf($0, on: own, at: entry)) }) { $1 }
      for (number, (all, one)) in zip(y, results(own, leaves)).enumerated() {
        let (a, b) = (all.value.elements.dropFirst(entry * one.shape.elementCount), one.value.elements)
        let isSame = zip(a, b).allSatisfy { $0 == $1 || ($0 != $0 && $1 != $1) }
        #expect(isSame && all.shape == Shape([3] + one.shape), "result \(number) of entry \(entry), \(what)")
      }
    }
    let compiled = Program<S>(y)
    for parts in [1, 2] {
      compiled.pool = parts > 1 ? WorkerPool(partsInTurn: parts, lastFirst: true) : nil
      compiled.run()
      for x in y { #expect(compiled.value(of: x).isIdentical(to: x.value), "\(parts) parts, \(what)") }
    }
  }
}

/// A program as the body of a loop of a few steps: the first moving leaf is carried, the second is an entry, and all steps share the
/// others.
private struct RandomLoop<S: BitComparable> {
  /// What a program may be fed, by the leaves' positions.
  private(set) var leaves: [Int: Variable<S>] = [:]
  let results: [Variable<S>]
  let gradients: [Variable<S>], unrolledGradients: [Variable<S>]
  /// What the loop gives, and what its steps give one by one.
  private(set) var values: [(name: String, own: Tensor<S>, unrolled: Tensor<S>)] = []

  init(_ program: RandomProgram, from point: Int) {
    let (tape, steps) = (Tape<S>(), Int(program.seed % 4))
    let isReversed = program.seed % 3 == 0
    let moving = program.movingLeaves
    let (carried, entry) = (moving[0], moving.count > 1 ? moving[1] : nil)
    var all = program.leaves(on: tape, at: point)
    if let entry { all[entry] = program.leaf(entry, on: tape, at: point + 1..<point + 1 + steps) }
    for leaf in moving { leaves[leaf] = all[leaf] }
    let given = all
    let inner = program.steps.indices.filter { !program.steps[$0].holdsIndices }
    let other = inner[Int(program.seed) % inner.count]
    func step(_ carry: Variable<S>, _ x: Variable<S>) -> (next: Variable<S>, outputs: [Variable<S>]) {
      var own = given
      own[carried] = carry
      if let entry { own[entry] = x }
      let y = program.record(on: tape, own)
      return (carry + 0.01 * y[program.output].sum().tanh(), [y[program.output], y[other]])
    }
    let start = all[carried] ?? tape.constant(0)
    let rows = entry.flatMap { all[$0] } ?? tape.constant(.zeros([steps, 0]))
    let y = scan([start], over: [rows], reversed: isReversed) { carry, entries in
      let (next, outputs) = step(carry[0], entries[0])
      return ([next], outputs)
    }
    var (carry, outputs) = (start, [[Variable<S>]](repeating: [], count: steps))
    for t in isReversed ? Array((0..<steps).reversed()) : Array(0..<steps) {
      (carry, outputs[t]) = step(carry, rows[t])
      for (number, (own, unrolled)) in zip(y.outputs, outputs[t]).enumerated() {
        values.append(("output \(number) of step \(t)", own[t].value, unrolled.value))
      }
    }
    values.append(("the carry", y.carry[0].value, carry.value))

    var generator = Generator(seed: program.seed).stream(200)
    func weights(_ shape: Shape) -> Variable<S> {
      let elements = (0..<shape.elementCount).map { _ in S(Double(Float(generator.uniform(-1.5, 1.5)))) }
      return tape.constant(Tensor(shape: shape, elements: elements))
    }
    let (end, each) = (weights(start.shape), y.outputs.map { weights($0.shape) })
    let terms = [(y.carry[0] * end).sum()] + zip(y.outputs, each).map { ($0 * $1).sum() }
    let loss = terms.dropFirst().reduce(terms[0]) { $0 + $1 }
    var unrolled = (carry * end).sum()
    for t in 0..<steps { for (x, w) in zip(outputs[t], each) { unrolled = unrolled + (x * w[t]).sum() } }
    let wanted = moving.compactMap { all[$0] }
    gradients = Adjoint.gradients(of: loss, withRespectTo: wanted)
    unrolledGradients = Adjoint.gradients(of: unrolled, withRespectTo: wanted)
    results = y.carry + y.outputs + gradients
  }
}

extension RandomProgram {
  /// Records the operations, with these variables in place of the leaves.
  fileprivate func record<S: Scalar>(on tape: Tape<S>, _ leaves: [Int: Variable<S>]) -> [Variable<S>] {
    record(on: tape) { leaves[$0] ?? tape.constant(Tensor(scalar: S(Double.nan))) }
  }

  /// A leaf with its values at several points, along a first axis.
  fileprivate func leaf<S: Scalar>(_ i: Int, on tape: Tape<S>, at points: Range<Int>) -> Variable<S> {
    let shape = Shape([points.count] + steps[i].shape)
    var (numbers, indices) = ([S](), [Int32]())
    for point in points {
      switch value(ofLeaf: i, at: point) {
      case .indices(let x): indices += x.elements
      case .numbers(let x): numbers += (x.converted() as Tensor<S>).elements
      }
    }
    return steps[i].leaf?.role == .index
      ? tape.index(Tensor(shape: shape, elements: indices)) : tape.input(Tensor(shape: shape, elements: numbers))
  }

  /// All leaves with their values at a point; indices are those of the first.
  fileprivate func leaves<S: Scalar>(on tape: Tape<S>, at point: Int) -> [Int: Variable<S>] {
    let all = steps.indices.filter { steps[$0].leaf != nil }
    return Dictionary(
      uniqueKeysWithValues: all.map { ($0, leaf($0, on: tape, at: steps[$0].leaf?.role == .index ? 0 : point)) })
  }
}
