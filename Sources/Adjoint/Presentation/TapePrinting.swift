extension Tape: CustomStringConvertible {
  /// The Wengert list: a line for each node with its shape, formula, label and bytes. Forward and backward halves have
  /// headings with their totals. A line of the backward half names the node that it serves.
  ///
  /// ```
  /// forward: 5 nodes, 104 B
  /// %0: [2, 3]    input                  x                  24 B
  /// %4: [2]       = %0·%1ᵀ               fc1                 8 B
  ///
  /// backward: 4 nodes, 80 B
  /// %9: [2, 3]    = %8 ⊙ %4              ∂%4                24 B
  /// ```
  public var description: String {
    let rows = nodes.indices.map { line($0) }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return halves.map { half in
      let bytes = half.nodes.reduce(0) { $0 + byteCount(of: $1) }
      let lines = rows[half.nodes].map { row in
        let padded = (0..<3).map { row[$0].padding(to: widths[$0]) }
        return (padded + [row[3]]).joined(separator: "  ").trimmingSuffix()
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

  private func line(_ node: Int) -> [String] {
    var remarks = path(of: node)
    if nodes[node].serves >= 0, labels[node] == nil {
      remarks += (remarks.isEmpty ? "" : " ") + "∂%\(nodes[node].serves)"
    }
    return ["%\(node): \(nodes[node].shape)", formula(of: node), remarks, byteText(byteCount(of: node))]
  }

  /// The formula of a node in terms of other nodes. Small constants appear as numbers.
  func formula(of node: Int) -> String {
    switch nodes[node].kind {
    case .leaf(let role):
      return role == .constant && nodes[node].shape.elementCount == 1 ? "= " + operand(node).text : role.name
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
    if case .leaf(.constant) = nodes[node].kind, nodes[node].shape.elementCount == 1 {
      return .number(shortest(view(of: node)[0]))
    }
    return .symbol("%\(node)")
  }
}

extension Tape {
  /// A hash of the recorded operations, their shapes and their order, the same on every system. Values do not enter it,
  /// and neither do backward nodes. Two recordings with equal hashes are taken to be the same.
  public var fingerprint: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for node in nodes.indices where nodes[node].serves < 0 {
      let what: String =
        switch nodes[node].kind {
        case .leaf(let role): role.name
        case .operation(let operation):
          operation.name + operation.attributes.map(\.description).joined(separator: ",")
        }
      let line = "\(what) \(nodes[node].shape) \(Array(nodes[node].inputs));"
      for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
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
