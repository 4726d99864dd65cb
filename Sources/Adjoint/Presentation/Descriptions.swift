// What `print` shows: what a thing is, in a line or a few, and never all that it holds.

extension Variable: CustomStringConvertible, CustomDebugStringConvertible {
  /// Name, shape, formula and value: `%2 [2] = x²: [1.0, 4.0]`. A variable that was truncated away says so.
  ///
  /// It may be read while a training step is recorded; the value is then that of the batch at hand.
  public var description: String {
    guard tape.isLive(self) else { return "%\(index) of a tape that was truncated before it: it has no value any more" }
    let value = tape.holdsIndices(index) ? indexValue.description : recordedValue.description
    let head = tape.text.line(of: index) + (tape.isRecordingForReplay ? " (while it is recorded)" : "")
    return head + set(off: value)
  }

  /// The type, the place on the tape, the node that it serves in a backward pass, and the description.
  public var debugDescription: String {
    let served = tape.isLive(self) ? serves.map { ", serves \(tape.places(of: [$0.index])[0])" } ?? "" : ""
    return "Variable<\(S.self)> \(index) of \(tape.count)\(served), \(description)"
  }
}

extension Parameter: CustomStringConvertible {
  /// Name, shape and bytes, and the numbers where they are few: `parameter 'bias' [2], 8 B: [0.0, 0.0]`.
  public var description: String {
    (name.map { "parameter '\($0)'" } ?? "parameter without a name") + " \(shape)\(isFrozen ? ", frozen" : ""), "
      + byteText(count * MemoryLayout<S>.stride) + (count <= 8 ? set(off: value.description) : "")
  }
}

extension Backward: CustomStringConvertible {
  /// The output, and the numbers of contributions and adjoints: `backward from 'loss' []: 12 contributions to 8 adjoints`.
  public var description: String {
    "backward from \(output.tape.describe(output)): "
      + "\(counted(edges.count, "contribution")) to \(counted(adjoints.count { $0 >= 0 }, "adjoint"))"
  }
}

extension Backward.Edge: CustomStringConvertible {
  /// The two nodes and the contribution: `%4 → %1, input 0 of it: %9 [2] = %8·x`.
  public var description: String {
    let places = contribution.tape.places(of: [consumer, producer])
    return "\(places[0]) → \(places[1]), input \(position) of it: \(contribution.tape.describe(contribution))"
  }
}

extension Point: CustomStringConvertible {
  /// The node at which the rule is taken: `the point of %2 [2] = x²`.
  public var description: String { "the point of \(tape.describe(node))" }
}

extension Point.Inputs: CustomStringConvertible {
  /// The inputs by name: `2 inputs: 'x' [2], 'w' [2]`.
  public var description: String {
    "\(counted(count, "input")): \(point.tape.describe(point.tape.nodes[point.node].inputs))"
  }
}

extension Branches: CustomStringConvertible {
  /// The numbers of elements and of pieces: `branches of 8 elements, on 2 pieces`.
  public var description: String {
    "branches of \(counted(sides.count, "element")), on \(counted(Set(sides).count, "piece"))"
  }
}

extension Notation: CustomStringConvertible {
  /// The formula as text.
  public var description: String { text }
}

extension Generator: CustomStringConvertible {
  /// The key, and the number of words drawn: `generator of key 7, 12 words drawn`.
  public var description: String { "generator of key \(key), \(counted(Int(clamping: position), "word")) drawn" }
}

extension View: CustomStringConvertible {
  /// The shape: `view of [2, 3]`.
  public var description: String { "view of \(shape)" }
}

extension Output: CustomStringConvertible {
  /// The shape: `output of [2, 3]`.
  public var description: String { "output of \(shape)" }
}

extension Operands: CustomStringConvertible {
  /// The shapes: `2 operands: [2, 3], [3]`.
  public var description: String {
    "\(counted(count, "operand")): " + (0..<count).map { "\(self[$0].shape)" }.joined(separator: ", ")
  }
}

/// A value behind what it is of: on the same line where it is short.
private func set(off value: String) -> String { (value.count > 60 || value.contains("\n") ? ":\n" : ": ") + value }

/// A count and what is counted: `1 node`, `2 nodes`.
package func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(count) " + (count == 1 ? one : many ?? one + "s")
}
