/// The time of a program, pass by pass, as `Program.profile(_:)` measures it.
///
/// Its description is a table of microseconds a run:
///
/// ```
///   492.8 µs  45.5%  104.3 GFLOP/s  %6 a⁽¹⁾ = relu(x·fc1/weightᵀ + fc1/bias) [128, 256]
///    13.0 µs   1.2%   50.3 GFLOP/s  %10 z⁽²⁾ = a⁽¹⁾·fc2/weightᵀ + fc2/bias [128, 10]
///     3.6 µs   0.3%                 %11 = logSoftmax(z⁽²⁾) [128, 10]
/// ```
public struct ProgramProfile: Sendable, CustomStringConvertible {
  /// One instruction: an operation, or several that were fused into one pass over memory.
  package struct Pass: Sendable {
    /// The formula of the last node, in terms of what the pass reads.
    package let formula: String
    /// The shape of the last node.
    package let shape: Shape
    /// The seconds of a run: the median over the runs of the mean over the threads.
    package let seconds: Double
    /// The operations of a matrix product, 2·m·k·n; 0 for everything else.
    package let productOperations: Double
  }

  /// The number of runs measured.
  public fileprivate(set) var runs = 0
  /// The passes, in the order in which they run.
  package fileprivate(set) var passes: [Pass] = []
  /// The seconds of a run that a thread waits for others: the median over the runs of the mean over the threads.
  package fileprivate(set) var waiting = 0.0
  /// The seconds of a run in exchanges with other processes, waits for them included: the median over the runs.
  package fileprivate(set) var exchanging = 0.0
  /// The seconds of a run: the sum of the medians of its passes, waits and exchanges.
  public var seconds: Double { passes.reduce(waiting + exchanging) { $0 + $1.seconds } }

  /// A profile with nothing measured.
  package init() {}

  public var description: String { runs == 0 ? "no run was measured" : ProfileTable(lines).text }

  /// A line for every pass, and for the waits where there are any.
  package var lines: [ProfileTable.Line] {
    let lines = passes.map {
      ProfileTable.Line(what: "\($0.formula) \($0.shape)", seconds: $0.seconds, operations: $0.productOperations)
    }
    let others = [("waiting for other threads", waiting), ("exchange with other processes", exchanging)]
    return lines + others.filter { $0.1 > 0 }.map { ProfileTable.Line(what: $0.0, seconds: $0.1) }
  }
}

/// A table of microseconds, shares, rates and their subjects.
package struct ProfileTable {
  package struct Line {
    package let what: String
    package let seconds: Double
    package let operations: Double

    package init(what: String, seconds: Double, operations: Double = 0) {
      (self.what, self.seconds, self.operations) = (what, seconds, operations)
    }

    /// 10⁹ operations a second; `nil` for a line that is no product.
    package var gigaflops: Double? { operations > 0 && seconds > 0 ? operations / seconds / 1e9 : nil }
  }

  private let lines: [Line]

  package init(_ lines: [Line]) { self.lines = lines }

  package var text: String {
    let total = lines.reduce(0) { $0 + $1.seconds }
    let rows = lines.map { line in
      [
        tenths(line.seconds * 1e6) + " µs", total > 0 ? tenths(line.seconds / total * 100) + "%" : "",
        line.gigaflops.map { tenths($0) + " GFLOP/s" } ?? "", line.what,
      ]
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      (0..<3).map { String(repeating: " ", count: widths[$0] - row[$0].count) + row[$0] }.joined(separator: "  ") + "  "
        + row[3]
    }.joined(separator: "\n")
  }

  private func tenths(_ x: Double) -> String {
    let all = Int(exactly: (x * 10).rounded()) ?? 0
    return "\(all / 10).\(all % 10)"
  }
}

extension Program {
  /// Runs `body`, which runs this program, and measures the duration of each pass.
  ///
  /// ```swift
  /// print(program.profile { for _ in 0..<100 { program.run() } })
  /// ```
  ///
  /// Profiling changes no value. Reading the clock takes time too, in small programs more than the passes. Replays that
  /// begin in the middle are not measured.
  ///
  /// - Precondition: the program is not being profiled already.
  public func profile(
    file: StaticString = #fileID, line: UInt = #line, _ body: () throws -> Void
  ) rethrows -> ProgramProfile {
    beginProfile(file, line)
    defer { clock = nil }
    try body()
    return profileSoFar
  }

  /// Begins to measure every run, until `endProfile`.
  package func beginProfile(_ file: StaticString = #fileID, _ line: UInt = #line) {
    guard clock == nil else {
      fatalError("Program.profile: this program is being profiled already; let that end first", file: file, line: line)
    }
    clock = ProgramClock(passes: instructionCount)
  }

  /// Ends the measurement and returns all that was measured since `beginProfile`.
  package func endProfile() -> ProgramProfile {
    defer { clock = nil }
    return profileSoFar
  }

  private var profileSoFar: ProgramProfile {
    var profile = ProgramProfile()
    guard let clock else { return profile }
    let symbols = Symbols(nodes, names.labels)
    let order = scheduledOrder.isEmpty ? Array(foldedCount..<instructions.count) : scheduledOrder
    profile.passes = order.map { position in
      let nodes = passNodes[position]
      return ProgramProfile.Pass(
        formula: formula(of: nodes, symbols), shape: nodes.last.map { self.nodes[$0].shape } ?? [],
        seconds: clock.passes[position - foldedCount].median,
        productOperations: instructions[position].productOperations)
    }
    (profile.runs, profile.waiting, profile.exchanging) = (
      clock.waits.count, clock.waits.median, clock.exchanges.median
    )
    return profile
  }

  /// The formula of the last of these nodes, in terms of what none of them computes. A long one is given by its ends.
  private func formula(of step: [Int], _ symbols: Symbols) -> String {
    guard let last = step.last else { return "" }
    func expand(_ node: Int) -> Notation {
      guard step.contains(node), case .operation(let operation) = nodes[node].kind else { return symbol(node, symbols) }
      return operation.notation(nodes[node].inputs.map(expand))
    }
    func place(_ node: Int) -> String { symbols.place(of: node, labeled: names.labels[node]) }
    // A value that is used twice is written out twice, so the text of many operations could become endless.
    if step.count <= 8 {
      let text = "\(place(last)) = \(expand(last).text)"
      if text.count <= 100 { return text }
    }
    let (first, end) = (operationName(step[0]), operationName(last))
    return "\(place(step[0])) … \(place(last)): \(step.count) operations from \(first) to \(end)"
  }

  private func operationName(_ node: Int) -> String {
    switch nodes[node].kind {
    case .operation(let operation): operation.name
    case .leaf(let role): role.name
    }
  }

  /// A node that a formula reads: a number, the name of a leaf, or a symbol.
  private func symbol(_ node: Int, _ symbols: Symbols) -> Notation {
    guard case .leaf(let role) = nodes[node].kind else { return .named(symbols[node]) }
    if role == .constant, nodes[node].shape.elementCount == 1, addresses[node] != nil {
      return .number(shortest(view(node)[0]))
    }
    let path = names.path(of: node, nodes[node])
    return path.isEmpty ? .named(symbols[node]) : .symbol(path)
  }
}

extension Instruction {
  /// 2·m·k·n of a matrix product, also of one of windows; 0 of anything else.
  fileprivate var productOperations: Double {
    switch self {
    case .product(let product, _): 2 * Double(product.rows) * Double(product.depth) * Double(product.columns)
    case .general(let operation): operation._withUnsafeGuaranteedRef { Double($0.productOperations) }
    case .chain, .numbers: 0
    }
  }
}
