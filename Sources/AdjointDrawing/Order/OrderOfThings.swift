import Adjoint
import AdjointCharts
import AdjointFiles
import Foundation

/// A page that answers why a backward pass goes in a topological order: wrong orders beside the right one, step by step.
///
/// Every number is computed when the page is made, by running both ways on a recording: forward order, the nearest value first,
/// recursions that assign or hand on totals, the recursion that is right and takes exponentially many visits, a forgotten
/// accumulation, and a broadcast that is not summed. An adjoint is wrong where it differs from that of `Tape.backward`. The page
/// loads nothing, so it opens from a disk.
///
/// ```swift
/// try OrderOfThings().write(to: "order.html")
/// ```
public struct OrderOfThings {
  let comparisons = OrderComparison.all
  let counts = VisitCount.all

  /// The page with its comparisons, computed anew.
  /// - Complexity: O(2ⁿ) for the longest row of n diamonds, which the recursion has to walk.
  public init() {}

  /// The page: a complete document.
  public var html: String { html(linking: "") }

  /// The page with links to others before its end.
  package func html(linking links: String) -> String { OrderTemplate.document(of: self, links) }

  /// Writes the page to a file, through a temporary one.
  /// - Throws: the error of the file system.
  public func write(to path: String) throws {
    try OutputFile.replace(FilePlace.url(path), with: html.utf8)
  }

  /// The comparisons as the page holds them.
  package var data: JSON {
    .array(
      comparisons.map { comparison in
        .object([
          ("name", .string(comparison.name)), ("question", .string(comparison.question)),
          ("reason", .string(comparison.reason)),
          (
            "sides",
            .array([comparison.wrong, comparison.right].map { OrderOfThings.json($0.title, $0.code, $0.sweep) })
          ),
        ])
      })
  }

  private static func json(_ title: String, _ code: String, _ sweep: OrderedSweep) -> JSON {
    let (recording, truth) = (sweep.recording, sweep.recording.adjoints)
    let places = OrderedLayout(recording)
    let boxes = recording.nodes.map { node -> JSON in
      let names = recording.symbols[node] ?? ("", "", "")
      let isLeaf = recording.isLeaf(node)
      return .object([
        ("id", .integer(node)), ("title", .string(isLeaf ? names.symbol : "\(names.symbol) = \(names.formula)")),
        ("symbol", .string(names.symbol)), ("adjoint", .string(names.adjoint)),
        ("value", .string(OrderedSweep.text(recording.value(node)))), ("row", .integer(places.row[node] ?? 0)),
        ("column", .number(places.column[node] ?? 0)), ("truth", .string(truth[node].map(OrderedSweep.text) ?? "")),
      ])
    }
    let edges = recording.nodes.flatMap { recording.edges(from: $0) }
    let steps = sweep.steps.enumerated().map { number, step -> JSON in
      let isLast = number == sweep.steps.count - 1
      let states = recording.nodes.map { node -> JSON in
        let adjoint = step.adjoints[node]
        // A value that has handed on what is not its adjoint stays wrong until the rest arrives; others are judged at the end.
        let isTooEarly = step.used[node].map { $0 != truth[node] && sweep.adjoints != truth } ?? false
        let isWrong = (isLast || isTooEarly) && adjoint != truth[node]
        return .array([
          .string(adjoint.map(OrderedSweep.text) ?? ""), .bool(isWrong),
          .integer(step.visits[node] ?? 0),
        ])
      }
      return .object([
        ("at", .integer(step.node)), ("edge", step.edge.map { .integers([$0.consumer, $0.producer]) } ?? .null),
        ("words", .string(step.words)), ("boxes", .array(states)),
      ])
    }
    return .object([
      ("title", .string(title)), ("code", .string(code)), ("boxes", .array(boxes)),
      ("edges", .array(edges.map { .integers([$0.producer, $0.consumer]) })), ("steps", .array(steps)),
      ("visits", .integer(sweep.visitCount)), ("isRight", .bool(sweep.adjoints == truth)),
    ])
  }
}

extension OrderOfThings: CustomStringConvertible {
  /// The comparisons and the counts.
  public var description: String {
    "OrderOfThings: \(comparisons.map(\.name).joined(separator: ", ")); write(to:) makes the page"
  }
}

/// Places for the values of a small recording: inputs above, each value a row below the last of its inputs.
private struct OrderedLayout {
  private(set) var row: [Int: Int] = [:]
  /// The middle of a box, in boxes from the middle of the drawing.
  private(set) var column: [Int: Double] = [:]

  init(_ recording: OrderedRecording) {
    let lines = recording.nodes.map { node -> (Int, Int) in
      let line = recording.edges(from: node).map { (row[$0.producer] ?? 0) + 1 }.max() ?? 0
      row[node] = line
      return (line, node)
    }
    for (_, line) in Dictionary(grouping: lines, by: \.0) {
      for (place, (_, node)) in line.enumerated() { column[node] = Double(place) - Double(line.count - 1) / 2 }
    }
  }
}
