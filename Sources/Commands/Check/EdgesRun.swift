import AdjointChecking
import AdjointCommandLine
import Foundation

/// `adjoint check --edges`: values and derivatives where numbers end, against what is stated; and the page about them.
struct EdgesRun {
  private let peers: EdgePeers?
  private let printsPage: Bool
  private let printsJSON: Bool

  private static let usualPeers = "Docs/Edges/peers.json"

  init(_ arguments: Arguments) throws {
    (printsPage, printsJSON) = (arguments.isGiven("markdown"), arguments.isGiven("json"))
    let path = arguments.text("peers") ?? EdgesRun.usualPeers
    let isUsed = arguments.isGiven("peers") || printsPage || FileManager.default.fileExists(atPath: path)
    peers = isUsed && !printsJSON ? try EdgePeers(contentsOf: URL(fileURLWithPath: path)) : nil
  }

  func run(_ console: Console) throws -> Int32 {
    let checks = EdgeCheck.cases.map { EdgeCheck($0) }
    let page = peers.map { EdgePage(checks, $0) }
    let complaints =
      checks.flatMap(\.complaints) + EdgeCheck.vectorComplaints(checks.map(\.edge)) + (page?.complaints ?? [])
    if printsPage, let page {
      for line in page.markdown.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        console.line(String(line))
      }
      for complaint in complaints { console.note(complaint) }
      return complaints.isEmpty ? 0 : 1
    }
    for complaint in complaints { console.line(complaint) }
    if !complaints.isEmpty { console.line() }
    console.line(
      "\(checks.count.of("edge")) of \(Set(checks.map(\.edge.name)).count) functions, in Double and Float, as recorded and "
        + "compiled, in reverse and forward mode: \(complaints.isEmpty ? "as stated" : complaints.count.of("disagreement"))"
    )
    if let peers {
      let versions = peers.versions.map { "\($0.library) \($0.version)" }.joined(separator: ", ")
      console.line("compared with \(versions), run on \(peers.date)")
    }
    if printsJSON { console.line(json(checks, complaints).text) }
    return complaints.isEmpty ? 0 : 1
  }

  /// The cases with our answers, which `Docs/Edges/peers.py` reads. Numbers are in quotes, since JSON has no ∞ and no NaN.
  private func json(_ checks: [EdgeCheck], _ complaints: [String]) -> JSON {
    func words(_ x: [Double]) -> JSON { .strings(x.map { "\($0)" }) }
    let cases = checks.map { check -> JSON in
      let inputs = check.edge.inputs.map { input -> JSON in
        .object([
          ("kind", .string(input.kind)), ("shape", .integers(Array(input.shape))), ("elements", .strings(input.words)),
        ])
      }
      return .object([
        ("case", .string(check.edge.key)), ("name", .string(check.edge.name)), ("inputs", .array(inputs)),
        ("cotangent", words(check.answer.value.indices.map { Double($0 + 1) })), ("value", words(check.answer.value)),
        ("gradients", .array(check.answer.gradients.map(words))),
      ])
    }
    return .object([("cases", .array(cases)), ("complaints", .strings(complaints))])
  }
}

extension EdgeInput {
  fileprivate var kind: String {
    switch self {
    case .numbers: "numbers"
    case .constant: "constant"
    case .indices: "indices"
    }
  }

  /// The elements in `Double`.
  fileprivate var words: [String] {
    switch self {
    case .numbers(_, let x), .constant(_, let x): x.map { "\($0[.double])" }
    case .indices(let x): x.map { "\($0)" }
    }
  }
}
