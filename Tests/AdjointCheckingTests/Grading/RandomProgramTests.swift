import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

/// Random programs: the same ones for the same seed, of everything that there is, right in their gradients; and a wrong
/// rule among them is found, shrunk and printed.
@Suite struct RandomProgramTests {
  /// Seeds in blocks, so that a failure names a small range and a run prints few lines: 1,000 programs in release, 200 in
  /// debug.
  static let blocks: [Range<UInt64>] = {
    #if DEBUG
      let count: UInt64 = 200
    #else
      let count: UInt64 = 1000
    #endif
    return (0..<count / 50).map { (block: UInt64) in block * 50..<(block + 1) * 50 }
  }()

  @Test("The same seed gives the same program, another seed another one")
  func seeds() {
    for seed in 0..<20 as Range<UInt64> {
      #expect(RandomProgram(seed: seed).swiftCode() == RandomProgram(seed: seed).swiftCode())
      #expect(RandomProgram(seed: seed).swiftCode() != RandomProgram(seed: seed + 1).swiftCode())
    }
  }

  @Test("2,000 programs hold every operation of the catalogue and every structure")
  func coverage() {
    var names: Set<String> = []
    var structures: [String: Int] = [:]
    for seed in 0..<2000 as Range<UInt64> {
      let program = RandomProgram(seed: seed)
      names.formUnion(program.steps.compactMap { $0.operation?.name })
      for structure in Structure(of: program).found { structures[structure, default: 0] += 1 }
    }
    let missing = Set(OperationCatalog.names).subtracting(names)
    #expect(missing.isEmpty, "operations that never occur: \(missing.sorted())")
    for structure in Structure.all {
      #expect(structures[structure, default: 0] >= 20, "\(structure): \(structures[structure, default: 0]) of 2000")
    }
  }

  @Test("Every value is finite, at the first point and at others", arguments: blocks)
  func finite(seeds: Range<UInt64>) {
    for seed in seeds {
      let program = RandomProgram(seed: seed)
      for point in 0..<3 {
        let nodes = program.record(on: Tape<Double>(), at: point).nodes
        for (step, node) in zip(program.steps, nodes) where !step.holdsIndices {
          #expect(node.value.elements.allSatisfy { $0.isFinite }, "seed \(seed), point \(point), %\(node.index)")
        }
      }
    }
  }

  @Test("⟨v, Ju⟩ by dual numbers is ⟨Jᵀv, u⟩ by the recorded rules, within the derived bound", arguments: blocks)
  func identity(seeds: Range<UInt64>) {
    for seed in seeds {
      let program = RandomProgram(seed: seed)
      let ratio = program.error
      #expect(ratio <= 1, "seed \(seed): \(ratio) times the bound\n\(program)")
    }
  }

  // MARK: A wrong rule

  @Test("A wrong rule for tanh is found, and shrunk to a few operations that print as Swift")
  func sabotage() throws {
    var failing = 0
    for seed in 0..<200 as Range<UInt64> {
      let program = RandomProgram(seed: seed).mapOperations { $0 as? Unary == .tanh ? DoubledTanh() : $0 }
      guard program.error > 1 else { continue }
      failing += 1
      guard failing <= 10 else { continue }
      let small = program.shrunk { $0.error > 1 }
      #expect(small.error > 1)
      #expect(small.operationCount == 1, "seed \(seed)\n\(small)")
      #expect(small.steps.contains { $0.operation is DoubledTanh })
      #expect(small.steps.allSatisfy { $0.shape.elementCount == 1 }, "seed \(seed)\n\(small)")
      #expect(small.swiftCode().contains("tape.record(DoubledTanh(), v0)"))
      #expect(small.swiftCode { _ in "Wrong()" }.contains("tape.record(Wrong(), v0)"))
    }
    #expect(failing >= 20, "only \(failing) programs show the wrong rule")
  }

  @Test("Shrinking keeps what a failure needs: two operations in one program")
  func shrinkingKeeps() throws {
    func fails(_ program: RandomProgram) -> Bool {
      let names = program.steps.compactMap { $0.operation?.name }
      return names.contains("softmax") && names.contains("matmul")
    }
    let found = (0..<500 as Range<UInt64>).lazy.map { RandomProgram(seed: $0) }.first(where: fails)
    let program = try #require(found)
    let small = program.shrunk(while: fails)
    // At most the two, a mean of each, and their sum.
    #expect(fails(small) && small.operationCount <= 5, "\(small)")
  }

  @Test("The printed program is made of the public interface's calls")
  func printing() {
    for seed in 0..<300 as Range<UInt64> {
      let code = RandomProgram(seed: seed).swiftCode()
      #expect(code.contains("let tape = Tape<Double>()") && code.contains("let y = v"))
      // The library's operations are recorded by methods; their types are not public.
      #expect(!code.contains("tape.record("), "\(code)")
    }
  }

  @Test("Operations that the generator does not know take part by their examples")
  func userOperations() {
    var options = RandomProgram.Options()
    options.examples = [Example(DoubledTanh(), .numbers([3])), Example(DoubledTanh(), .numbers([2, 2]))]
    let programs = (0..<50 as Range<UInt64>).map { RandomProgram(seed: $0, options: options) }
    #expect(programs.count { $0.steps.contains { $0.operation is DoubledTanh } } > 10)
  }
}

/// tanh with a rule that is twice too large.
private struct DoubledTanh: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = S.hyperbolicTangent(x[0][i]) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 2 * g * (1 - p.y.square()))]
  }
}

extension RandomProgram {
  /// The difference of ⟨v, Ju⟩ and ⟨Jᵀv, u⟩ in units of its bound.
  fileprivate var error: Double {
    let recording = record(on: Tape<Double>())
    let judgment = PreparedCheck(of: recording.output, withRespectTo: recording.moving).judgment(alongDirection: seed)
    // Where the derivative is 0, both sides are rounding, and say so.
    if judgment.verdict == .cannotTell { return judgment.remark.hasPrefix("ill-conditioned") ? 1 : .infinity }
    return judgment.verdict == .agree ? min(judgment.severity, 1) : max(judgment.severity, 2)
  }
}

/// The structures that a program shows.
private struct Structure {
  static let all = [
    "fan-out", "one variable twice", "diamond", "dead branch", "left operand broadcast", "right operand broadcast",
    "both operands broadcast", "empty tensor", "single number as output", "tensor as output", "all axes reduced",
    "middle axis reduced", "index leaf used twice", "transposed products",
  ]
  private(set) var found: Set<String> = []

  init(of program: RandomProgram) {
    let steps = program.steps
    let consumers = steps.indices.map { x in steps.indices.filter { steps[$0].inputs.contains(x) } }
    if consumers.contains(where: { $0.count > 1 }) { found.insert("fan-out") }
    if steps.contains(where: { Set($0.inputs).count < $0.inputs.count }) { found.insert("one variable twice") }
    if zip(steps, consumers).contains(where: { $0.leaf?.role == .index && $1.count > 1 }) {
      found.insert("index leaf used twice")
    }
    if steps.indices.contains(where: { steps[$0].operation != nil && $0 != program.output && consumers[$0].isEmpty }) {
      found.insert("dead branch")
    }
    if steps.contains(where: { $0.shape.elementCount == 0 }) { found.insert("empty tensor") }
    found.insert(steps[program.output].shape == [] ? "single number as output" : "tensor as output")
    for step in steps {
      look(at: step, steps)
      guard step.inputs.count == 2, step.inputs[0] != step.inputs[1] else { continue }
      let behind = step.inputs.map { Set(steps[$0].inputs + [$0]) }
      if !behind[0].isDisjoint(with: behind[1]) { found.insert("diamond") }
    }
  }

  private mutating func look(at step: RandomProgram.Step, _ steps: [RandomProgram.Step]) {
    let shapes = step.inputs.map { steps[$0].shape }
    switch step.operation {
    case is Binary, is Comparison:
      let (left, right) = (shapes[0] != step.shape, shapes[1] != step.shape)
      if left && right { found.insert("both operands broadcast") }
      if left { found.insert("left operand broadcast") }
      if right { found.insert("right operand broadcast") }
    case let product as MatMul:
      if product.transposeA && product.transposeB { found.insert("transposed products") }
    default: break
    }
    guard case .list(let axes) = step.operation?.attributes.first(where: { $0.name == "axes" })?.value else { return }
    if shapes[0].rank >= 2, axes.count == shapes[0].rank { found.insert("all axes reduced") }
    if shapes[0].rank == 3, axes == [1] { found.insert("middle axis reduced") }
  }
}
