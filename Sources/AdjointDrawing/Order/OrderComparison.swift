import Adjoint
import AdjointFiles

/// A wrong way of going back beside the right one, on one recording.
package struct OrderComparison {
  package let name: String
  let question: String
  let reason: String
  package let wrong: (title: String, code: String, sweep: OrderedSweep)
  package let right: (title: String, code: String, sweep: OrderedSweep)

  private init(
    _ name: String, _ question: String, _ reason: String, wrong: (String, String, OrderedSweep),
    right: (title: String, code: String, sweep: OrderedSweep)? = nil
  ) {
    (self.name, self.question, self.reason) = (name, question, reason)
    self.wrong = (wrong.0, wrong.1, wrong.2)
    let recording = wrong.2.recording
    let code = Self.code("for y in reversed(tape):", "  for x in inputs(y):", "    x̄ ← x̄ + (∂y/∂x)ᵀ·ȳ")
    self.right = right ?? ("The tape from its end, adding", code, OrderedSweep(recording, inOrder: recording.reverse))
  }

  /// The comparisons of the page, in the order of a lesson.
  package static var all: [OrderComparison] {
    let (diamond, two, three) = (
      OrderedRecording.diamonds(1), OrderedRecording.diamonds(2), OrderedRecording.diamonds(3)
    )
    return [
      OrderComparison(
        "Forward order", "Why not from the inputs to the output, as the values were computed?",
        "A value hands back (∂y/∂x)ᵀ·ȳ, so it needs its own ȳ first, and that comes from its consumers. In forward order "
          + "nobody has anything yet: only the output knows its adjoint, and it is asked last.",
        wrong: (
          "The tape from its beginning", code("for y in tape:", "  for x in inputs(y):", "    x̄ ← x̄ + (∂y/∂x)ᵀ·ȳ"),
          OrderedSweep(diamond, inOrder: diamond.nodes)
        )),
      OrderComparison(
        "Nearest first", "Why not level by level from the output, each value once?",
        "u is used by y and by v. Its nearest consumer is y, so it is visited before v has handed anything back, and it hands "
          + "on an adjoint of which half is missing. What comes later stays at u and never reaches x. A topological order "
          + "visits a value only after all its consumers.",
        wrong: (
          "By distance from the output",
          code("for y in nearest_first:", "  for x in inputs(y):", "    x̄ ← x̄ + (∂y/∂x)ᵀ·ȳ"),
          OrderedSweep(OrderedRecording.skip, inOrder: OrderedRecording.skip.nearestFirst)
        )),
      OrderComparison(
        "Recursion, assigning", "Why not recursion: each value calls its inputs, and sets their adjoints?",
        "Two paths lead from y to x, through a and through b. The derivative is the sum over both; the second call overwrites "
          + "what the first has brought.",
        wrong: (
          "Recursion that assigns",
          code("def back(y, ȳ):", "  for x in inputs(y):", "    x̄ ← (∂y/∂x)ᵀ·ȳ", "    back(x, x̄)"),
          OrderedSweep(recursionOn: diamond, .assigns, handing: .contribution)
        )),
      OrderComparison(
        "Recursion, totals", "Then let it add, and hand on the adjoint that it has.",
        "x₁ is reached twice. The first time it hands on what it has; the second time it hands on the total, in which the first "
          + "is contained, so the first counts twice.",
        wrong: (
          "Recursion that hands on the total",
          code("def back(y):", "  for x in inputs(y):", "    x̄ ← x̄ + (∂y/∂x)ᵀ·ȳ", "    back(x)"),
          OrderedSweep(recursionOn: two, .adds, handing: .total)
        )),
      OrderComparison(
        "Recursion, adding", "Then let it hand on only what has just come. Is that not right?",
        "It is right, and follows every path from the output to the inputs one by one. Each diamond doubles their number. The "
          + "sweep waits until a value has everything, and then hands it on once: each edge is walked once.",
        wrong: (
          "Recursion that adds",
          code("def back(y, c):", "  for x in inputs(y):", "    d = (∂y/∂x)ᵀ·c", "    x̄ ← x̄ + d", "    back(x, d)"),
          OrderedSweep(recursionOn: three, .adds, handing: .contribution)
        )),
      OrderComparison(
        "Forgotten sum", "The order is right. Why must contributions be added?",
        "x₁ is used twice, so a nudge of it reaches x₂ in two ways, and both count. An assignment keeps the last of them.",
        wrong: (
          "The tape from its end, assigning",
          code("for y in reversed(tape):", "  for x in inputs(y):", "    x̄ ← (∂y/∂x)ᵀ·ȳ"),
          OrderedSweep(two, inOrder: two.reverse, .assigns)
        )),
      OrderComparison(
        "Broadcast", "b is added to each row. Why is its adjoint a sum over the rows?",
        "A broadcast is a fan-out in disguise: every row has a copy of b, and each copy sends its contribution back. Without the "
          + "sum the adjoint has the shape of z, and no longer that of b.",
        wrong: (
          "A broadcast that is not summed", code("z = x + b", "x̄ ← x̄ + z̄", "b̄ ← b̄ + z̄"),
          OrderedSweep(OrderedRecording.bias, inOrder: OrderedRecording.bias.reverse, sums: false)
        ),
        right: (
          "Summed over the rows", code("z = x + b", "x̄ ← x̄ + z̄", "b̄ ← b̄ + Σ_rows z̄"),
          OrderedSweep(OrderedRecording.bias, inOrder: OrderedRecording.bias.reverse)
        )),
    ]
  }

  private static func code(_ lines: String...) -> String { lines.joined(separator: "\n") }
}

/// How many visits both ways take on a row of diamonds: counted while they run.
package struct VisitCount {
  package let diamonds, values, recursion, sweep: Int

  package init(diamonds: Int) {
    let recording = OrderedRecording.flatDiamonds(diamonds)
    self.diamonds = diamonds
    values = recording.nodes.count
    recursion =
      OrderedSweep(recursionOn: recording, .adds, handing: .contribution, keepsSteps: false).visitCount
    sweep = OrderedSweep(recording, inOrder: recording.reverse).visitCount
  }

  static var all: [VisitCount] { [1, 2, 3, 4, 6, 8, 10, 12].map { VisitCount(diamonds: $0) } }
}
