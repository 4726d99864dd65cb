import Adjoint

/// Tests what an operation declares about the elements that each element of y depends on: `isElementwise` and
/// `entrywiseInputs`. Some elements of the inputs move, and those of y that must not are compared to the bit.
///
/// Elements are told apart by the digits of their position: those with a 1 in one place move, those with a 0 there must
/// stand still, and the reverse. Any two positions differ in a digit, so 2·log₂ n runs try every pair of n positions.
struct DependenceCheck {
  private let operation: any Adjoint.Operation
  private let (own, other): (ExampleDraw, ExampleDraw)
  private let forward: LoneForward
  private let before: [UInt64]

  /// - Parameter other: a second draw of the same example: the values to which elements move.
  init(_ own: ExampleDraw, _ other: ExampleDraw, _ forward: LoneForward) {
    operation = own.operation
    (self.own, self.other, self.forward) = (own, other, forward)
    before = forward.bits(at: own)
  }

  /// A sentence for each declaration that does not hold.
  func faults() -> [String] {
    [elementwiseFault(), entrywiseFault() ?? partsFault(), inPlaceFault()].compactMap(\.self)
  }

  private var shape: Shape { forward.output.shape }
  private var shapes: [Shape] { own.values.map(\.shape) }
  private var entrywise: [Bool]? { shape.rank > 0 ? operation.entrywiseInputs(shapes) : nil }

  /// The inputs whose elements `isElementwise` pairs with those of y.
  private var sameShaped: [Int] { own.movable.filter { shapes[$0] == shape } }

  private func elementwiseFault() -> String? {
    guard operation.isElementwise else { return nil }
    guard let (moved, changed) = dependence(of: sameShaped, groups: shape.elementCount) else { return nil }
    return "isElementwise is true, but element \(changed) of y depends on element \(moved) of an input of the same "
      + "shape: a program that writes y over that input, and threads that share the work, get other numbers. Leave "
      + "isElementwise out"
  }

  private func entrywiseFault() -> String? {
    guard let entrywise, let rows = shape.first else { return nil }
    // Elements that depend on their own alone do so entry by entry.
    if operation.isElementwise, shapes.allSatisfy({ $0 == shape }) { return nil }
    let flagged = entrywise.indices.filter { entrywise[$0] }
    guard let (moved, changed) = dependence(of: flagged, groups: rows) else { return nil }
    return "entrywiseInputs is \(entrywise), but entry \(changed) of y depends on entry \(moved) of an input that is "
      + "flagged true: threads that take bands of the first axis get other numbers. Flag an input false when an entry "
      + "of y needs more of it than its own entry, or leave entrywiseInputs out"
  }

  /// A group of the inputs' elements that moves another group of y; groups are equal bands in row-major order.
  private func dependence(of inputs: [Int], groups: Int) -> (moved: Int, changed: Int)? {
    guard groups > 1, !inputs.isEmpty else { return nil }
    func changed(_ moves: (Int) -> Bool) -> Int? {
      let after = forward.bits(at: moving(inputs, groups, moves))
      let size = before.count / groups
      return (0..<groups).first { group in
        !moves(group) && before[group * size..<(group + 1) * size] != after[group * size..<(group + 1) * size]
      }
    }
    for digit in 0..<Int.bitWidth - (groups - 1).leadingZeroBitCount {
      for side in [0, 1] {
        guard let wrong = changed({ $0 >> digit & 1 == side }) else { continue }
        // Which group does it is worth a run each only now.
        let culprit = (0..<groups).first { moved in
          let after = forward.bits(at: moving(inputs, groups) { $0 == moved })
          let size = before.count / groups
          return moved != wrong && before[wrong * size..<(wrong + 1) * size] != after[wrong * size..<(wrong + 1) * size]
        }
        return (culprit ?? (wrong == 0 ? 1 : 0), wrong)
      }
    }
    return nil
  }

  private func moving(_ inputs: [Int], _ groups: Int, _ moves: (Int) -> Bool) -> ExampleDraw {
    inputs.reduce(own) { draw, input in
      let size = max(shapes[input].elementCount / groups, 1)
      return draw.mixed(with: other, at: [input]) { moves($0 / size) }
    }
  }

  /// Parts against the whole: two, three, and one an entry.
  private func partsFault() -> String? {
    guard entrywise != nil, let rows = shape.first, rows > 1 else { return nil }
    for parts in Set([2, 3, rows]).filter({ $0 <= rows }).sorted() {
      let after = forward.bits(at: own, parts: parts, lastFirst: parts == 2)
      let wrong = before.indices.filter { before[$0] != after[$0] }
      guard let first = wrong.first else { continue }
      return "entrywiseInputs is \(entrywise ?? []), but in \(parts) bands of the first axis element \(first) of y is "
        + "\(forward.text(after[first])), and \(forward.text(before[first])) in one: so threads will get "
        + "it. forward is called with a band of y and of the inputs flagged true, and takes its extents from them; flag "
        + "false what every entry needs, or leave entrywiseInputs out"
    }
    return nil
  }

  /// y written over each input that a program may give it.
  private func inPlaceFault() -> String? {
    guard operation.isElementwise else { return nil }
    for position in sameShaped {
      guard case .numbers(let numbers) = own.values[position] else { continue }
      let tape = Tape<Double>()
      var (inputs, _) = own.record(on: tape)
      // The operand is an intermediate result, −(−x), so that its memory is free for y.
      inputs[position] = -tape.input(numbers.map { -$0 })
      let y = tape.record(operation, inputs: inputs)
      let program = Program<Double>([y])
      program.replay()
      let after = program.value(of: y).elements
      guard let first = after.indices.first(where: { after[$0].bitPattern != before[$0] }) else { continue }
      return "isElementwise is true, but with y in the memory of input \(position) element \(first) is "
        + "\(after[first]), and \(Double(bitPattern: before[first])) otherwise: a program may write y over an input that nobody reads "
        + "later. Read element i of every input before y[i] is written, and write it once; or leave isElementwise out"
    }
    return nil
  }
}

extension ExampleDraw.Value {
  var shape: Shape {
    switch self {
    case .numbers(let tensor), .confined(let tensor): tensor.shape
    case .indices(let tensor): tensor.shape
    }
  }

  var isIndices: Bool { if case .indices = self { true } else { false } }
}
