extension Tape: CustomStringConvertible {
  /// The Wengert list: a line for each node with its symbol, shape, formula, label and bytes. Forward and backward halves
  /// have headings with their totals. A line of the backward half names the value that it serves.
  ///
  /// ```
  /// forward: 5 nodes, 104 B
  /// %0: x      [2, 3]  input                  x            24 B
  /// %4: z⁽¹⁾   [2]     = x·W⁽¹⁾ᵀ              fc1           8 B
  ///
  /// backward: 4 nodes, 80 B
  /// %9: u₉     [2, 3]  = u₈ ⊙ z⁽¹⁾            serves z⁽¹⁾  24 B
  /// ```
  public var description: String {
    let symbols = Symbols(of: self)
    let rows = nodes.indices.map { line($0, symbols) }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return halves.map { half in
      let bytes = half.nodes.reduce(0) { $0 + byteCount(of: $1) }
      let lines = rows[half.nodes].map { row in
        let padded = (0..<5).map { row[$0].padding(to: widths[$0]) }
        return (padded + [row[5]]).joined(separator: "  ").trimmingSuffix()
      }
      return
        (["\(half.isBackward ? "backward" : "forward"): \(counted(half.nodes.count, "node")), \(byteText(bytes))"]
        + lines)
        .joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// The halves of the list: stretches recorded by hand, and stretches recorded by sweeps. The constant with which a
  /// sweep begins belongs to the sweep.
  private var halves: [(isBackward: Bool, nodes: Range<Int>)] {
    var halves: [(isBackward: Bool, nodes: Range<Int>)] = []
    for i in nodes.indices {
      let beginsSweep = i + 1 < nodes.count && nodes[i + 1].serves >= 0 && isConstant(i)
      let isBackward = nodes[i].serves >= 0 || beginsSweep
      if let last = halves.last, last.isBackward == isBackward {
        halves[halves.count - 1].nodes = last.nodes.lowerBound..<i + 1
      } else {
        halves.append((isBackward, i..<i + 1))
      }
    }
    return halves
  }

  private func isConstant(_ node: Int) -> Bool {
    if case .leaf(.constant) = nodes[node].kind { return true }
    return false
  }

  private func byteCount(of node: Int) -> Int {
    nodes[node].shape.elementCount * (holdsIndices(node) ? MemoryLayout<Int32>.stride : MemoryLayout<S>.stride)
  }

  private func line(_ node: Int, _ symbols: Symbols) -> [String] {
    var remarks = path(of: node)
    if nodes[node].serves >= 0, labels[node] == nil {
      remarks += (remarks.isEmpty ? "" : " ") + "serves \(symbols[Int(nodes[node].serves)])"
    }
    return [
      "%\(node):", symbols[node], "\(nodes[node].shape)", formula(of: node, symbols), remarks,
      byteText(byteCount(of: node)),
    ]
  }

  /// The formula of a node in the symbols of other nodes. Small constants appear as numbers.
  private func formula(of node: Int, _ symbols: Symbols) -> String {
    func operand(_ node: Int) -> Notation { number(of: node).map { .number($0) } ?? .named(symbols[node]) }
    switch nodes[node].kind {
    case .leaf(let role): return number(of: node) == nil ? role.name : "= " + operand(node).text
    case .operation(let operation): return "= " + operation.notation(nodes[node].inputs.map { operand($0) }).text
    }
  }

  /// The formula of a node written out in terms of `names`. Operations in between are substituted, never shared.
  ///
  /// A VJP's formula is printed this way: it is read off its own recording.
  public func expression(
    of x: Variable<S>, in names: [Int: Notation], file: StaticString = #fileID, line: UInt = #line
  ) -> Notation {
    func expand(_ node: Int) -> Notation {
      if let name = names[node] { return name }
      guard case .operation(let operation) = nodes[node].kind else { return operand(node) }
      return operation.notation(nodes[node].inputs.map(expand))
    }
    return expand(index(of: x, for: "expression", file: file, line: line))
  }

  private func operand(_ node: Int) -> Notation {
    number(of: node).map { .number($0) } ?? .symbol((isConstant(node) ? "c" : "u") + Notation.lowered(node))
  }

  /// The number that a constant of one element is.
  private func number(of node: Int) -> Double? {
    guard case .leaf(.constant) = nodes[node].kind, nodes[node].shape.elementCount == 1 else { return nil }
    return shortest(view(of: node)[0])
  }
}

extension Tape {
  /// A hash of the recorded operations, their shapes and their order, the same on every system. Values do not enter it,
  /// and neither do backward nodes. Two recordings with equal hashes are taken to be the same.
  public var fingerprint: UInt64 {
    var hash = stableHash([])
    for node in nodes.indices where nodes[node].serves < 0 {
      let what: String =
        switch nodes[node].kind {
        case .leaf(let role): role.name
        case .operation(let operation):
          operation.name + operation.attributes.map(\.description).joined(separator: ",")
        }
      hash = stableHash("\(what) \(nodes[node].shape) \(Array(nodes[node].inputs));".utf8, after: hash)
    }
    return hash
  }
}

/// Three significant digits.
package func short(_ value: Double) -> String {
  // Near the ends of the range, scaling would overflow.
  guard value.isFinite, (1e-200...1e200).contains(abs(value)) else { return "\(value)" }
  var scale = 1.0
  while abs(value) * scale < 100 { scale *= 10 }
  while abs(value) * scale >= 1000 { scale /= 10 }
  let rounded = (value * scale).rounded() / scale
  return "\(rounded)"
}

/// A number of bytes in the unit that reads best.
package func byteText(_ count: Int) -> String {
  count < 1024 ? "\(count) B" : count < 1 << 20 ? "\(count / 1024) KiB" : "\(count >> 20) MiB"
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
  fileprivate func trimmingSuffix() -> String {
    var copy = self
    while copy.last == " " { copy.removeLast() }
    return copy
  }
}
