// Branches of a recording: comparisons that give a Bool, and the guards that remember what they gave.

/// A comparison on which the code that recorded a tape has branched, with the side that it took.
struct BranchGuard {
  /// The node that holds 1 where the comparison is true, and 0 where it is not.
  let node: Int
  let isTrue: Bool
}

extension Variable {
  /// The truth of a comparison of two single numbers, which the tape remembers: a program of this recording stands for the
  /// values on this side alone.
  private static func holds(_ comparison: Comparison, _ a: Variable, _ b: Variable) -> Bool {
    let tape = a.tape
    guard a.shape.elementCount == 1, b.shape.elementCount == 1 else {
      fatalError(
        "\(comparison.operatorText): \(tape.describe(a.index)) and \(tape.describe(b.index)) are no single numbers, which "
          + "alone decide a branch. Use .\(comparison.operatorText) to compare element by element, or reduce them first (sum, max, "
          + "norm)")
    }
    let node = tape.record(comparison, a.numbers, b.numbers).index
    // A step or a minimisation replays one recording, and asks for no other.
    if !tape.guardsBranches || tape.recordsLoop { tape.handle(node).refuseReplay(node) }
    let isTrue = tape.value(of: node)[0].primal != 0
    tape.guards.append(BranchGuard(node: node, isTrue: isTrue))
    return isTrue
  }

  /// A plain number as a constant of this variable's tape.
  private func beside(_ number: some BinaryFloatingPoint) -> Variable { tape.constant(Double(number)) }

  /// True when a is less than b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func < (a: Variable, b: Variable) -> Bool { holds(.less, a, b) }
  /// True when a is less than b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func < (a: Variable, b: some BinaryFloatingPoint) -> Bool { holds(.less, a, a.beside(b)) }
  /// True when a is less than b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func < (a: some BinaryFloatingPoint, b: Variable) -> Bool { holds(.less, b.beside(a), b) }

  /// True when a is at most b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func <= (a: Variable, b: Variable) -> Bool { holds(.lessOrEqual, a, b) }
  /// True when a is at most b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func <= (a: Variable, b: some BinaryFloatingPoint) -> Bool { holds(.lessOrEqual, a, a.beside(b)) }
  /// True when a is at most b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func <= (a: some BinaryFloatingPoint, b: Variable) -> Bool { holds(.lessOrEqual, b.beside(a), b) }

  /// True when a is greater than b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func > (a: Variable, b: Variable) -> Bool { holds(.greater, a, b) }
  /// True when a is greater than b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func > (a: Variable, b: some BinaryFloatingPoint) -> Bool { holds(.greater, a, a.beside(b)) }
  /// True when a is greater than b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func > (a: some BinaryFloatingPoint, b: Variable) -> Bool { holds(.greater, b.beside(a), b) }

  /// True when a is at least b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func >= (a: Variable, b: Variable) -> Bool { holds(.greaterOrEqual, a, b) }
  /// True when a is at least b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func >= (a: Variable, b: some BinaryFloatingPoint) -> Bool { holds(.greaterOrEqual, a, a.beside(b)) }
  /// True when a is at least b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func >= (a: some BinaryFloatingPoint, b: Variable) -> Bool { holds(.greaterOrEqual, b.beside(a), b) }

  /// True when a is equal to b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func == (a: Variable, b: Variable) -> Bool { holds(.equal, a, b) }
  /// True when a is equal to b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func == (a: Variable, b: some BinaryFloatingPoint) -> Bool { holds(.equal, a, a.beside(b)) }
  /// True when a is equal to b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func == (a: some BinaryFloatingPoint, b: Variable) -> Bool { holds(.equal, b.beside(a), b) }

  /// True when a is different from b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func != (a: Variable, b: Variable) -> Bool { holds(.notEqual, a, b) }
  /// True when a is different from b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func != (a: Variable, b: some BinaryFloatingPoint) -> Bool { holds(.notEqual, a, a.beside(b)) }
  /// True when a is different from b, both single numbers: for `if` and `while`. The tape remembers the side.
  public static func != (a: some BinaryFloatingPoint, b: Variable) -> Bool { holds(.notEqual, b.beside(a), b) }
}
