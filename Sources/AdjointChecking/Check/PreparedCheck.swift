import Adjoint

/// A check that is recorded and compiled once, and then asked for one random direction after the other.
///
/// Rules and dual numbers are replayed, and ⟨Jᵀv, u⟩ is compared with ⟨v, Ju⟩ under the derived bound. For a model of 784-128-10
/// at a batch of 4, a direction takes well under a millisecond; a full `GradientCheck` adds differences, slopes and blame.
///
/// ```swift
/// let check = PreparedCheck(of: loss)
/// for seed in 0..<100 { #expect(check.judgment(alongDirection: seed).verdict == .agree) }
/// ```
package final class PreparedCheck {
  private let recording: CheckedRecording

  /// Prepares the check of an output with respect to `leaves`, or every input and parameter that is not frozen.
  package init<S: Scalar>(of output: Variable<S>, withRespectTo leaves: [Variable<S>]? = nil, seed: UInt64 = 0) {
    let leaves = output.checkedLeaves(among: leaves)
    var generator = Generator(seed: seed).stream(1)
    recording = CheckedRecording(DoubleRecording(output, leaves), generator: &generator)
  }

  /// Replays the rules and the oracle along direction number `direction`, and compares.
  package func judgment(alongDirection direction: UInt64) -> Judgment {
    recording.double.replay()
    var numbers = DirectionNumbers(seed: Generator(seed: direction).stream(3).key)
    var (found, magnitude) = (0.0, 0.0)
    for leaf in recording.leaves {
      recording.dual.withElements(at: leaf.index) { moved in
        guard let adjoint = recording.adjoints[leaf.index] else {
          for i in moved.indices { moved[i].tangent = numbers.next() }
          return
        }
        recording.double.withElements(at: adjoint) { gradient in
          for i in moved.indices {
            let tangent = numbers.next()
            moved[i].tangent = tangent
            found += gradient[i] * tangent
            magnitude += abs(gradient[i] * tangent)
          }
        }
      }
    }
    recording.replayDual()
    let tangent = recording.dual.value(at: recording.output.index).map(\.tangent)
    let (expected, size) = (recording.cotangent.dot(tangent), recording.cotangent.magnitude(tangent))
    let bound = recording.bound(magnitude, size)
    let isFinite = found.isFinite && expected.isFinite
    return Judgment(
      .dual, order: 1, found: found, expected: expected, bound: bound, verdict: isFinite ? nil : .cannotTell,
      remark: isFinite ? "" : "a value is not finite")
  }
}

/// Cheap numbers in −1 ..< 1 for a direction, of which it has as many as a model has parameters: a Weyl sequence, mixed.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
private struct DirectionNumbers {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double(Int64(bitPattern: mixed ^ (mixed >> 31)) >> 11) * 0x1p-52
  }
}
