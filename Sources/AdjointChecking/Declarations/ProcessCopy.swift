import Adjoint
import AdjointRehearsal

/// A copy of this process in which code of somebody else is tried: what would end the process ends the copy, and is told.
///
/// Only Linux has it. Elsewhere, and where no copy can be made, the code has not been tried and nothing is known.
enum ProcessCopy {
  enum Outcome {
    case ended
    /// The sentence of a trap.
    case trapped(String)
    /// It did not end in time.
    case givenUp
    /// There is no copy.
    case unknown
  }

  /// Runs `body` in a copy. What it computes is lost. It must start no thread and wait for none: the copy has but this one.
  static func outcome(of body: () -> Void) -> Outcome {
    // A lock that another thread held when the copy was made is held for ever; such a copy is given up.
    let copy = ar_begin(10)
    guard copy.process >= 0 else { return .unknown }
    if copy.process == 0 {
      body()
      ar_end()
    }
    var text = [CChar](repeating: 0, count: 4096)
    let signal = ar_signal(copy, &text, Int32(text.count))
    guard signal != 0 else { return .ended }
    guard signal > 0 else { return .givenUp }
    let output = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return .trapped(sentence(in: output, signal))
  }

  private static func sentence(in output: String, _ signal: Int32) -> String {
    let mark = "Fatal error: "
    let lines = output.split(separator: "\n")
    guard let last = lines.last(where: { $0.contains(mark) }) ?? lines.last else { return "signal \(signal)" }
    guard let range = last.firstRange(of: mark) else { return String(last) }
    return String(last[range.upperBound...])
  }
}

/// The traps in which an operation of one's own ends, tried in copies of the process. The library's operations are not tried.
struct Traps: Sendable {
  /// The sentence of each trap, by the title of the example.
  private(set) var byTitle: [String: String] = [:]
  /// The titles of the examples that twice did not come to their end.
  private(set) var endless: Set<String> = []
  /// The sentence of a trap in `shape(of:)` on other shapes.
  private(set) var onAskingForShapes: String?

  static let remedy =
    "shape(of:) throws a ShapeError for inputs that the operation does not take; on all others, nothing may trap"

  init() {}

  init(of example: Example, seed: UInt64) {
    guard !(example.operation is any LibraryOperation) else { return }
    guard tryOut(example, seed) else { return }
    func others() -> [Example] {
      (example.awkward + [example.shared?.example].compactMap(\.self)).filter { $0.title != example.title }
    }
    switch ProcessCopy.outcome(of: { _ = others() }) {
    case .ended: break
    case .trapped(let sentence):
      onAskingForShapes = sentence
      return
    case .givenUp, .unknown: return
    }
    for other in others() where !tryOut(other, seed) && byTitle[other.title] == nil { return }
  }

  /// Tells whether an example comes to its end; a trap is kept.
  private mutating func tryOut(_ example: Example, _ seed: UInt64) -> Bool {
    // A copy may wait for a lock that another thread held: a second one tells that from what does not end.
    for _ in 0..<2 {
      let outcome = ProcessCopy.outcome {
        var verifier = ExampleVerifier(example, seed: seed)
        verifier.tryOut()
      }
      switch outcome {
      case .ended: return true
      case .trapped(let sentence):
        byTitle[example.title] = sentence
        return false
      case .unknown: return false
      case .givenUp: continue
      }
    }
    endless.insert(example.title)
    return false
  }
}
