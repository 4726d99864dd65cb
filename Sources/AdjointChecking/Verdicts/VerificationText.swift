import Adjoint

extension VerificationReport: CustomStringConvertible {
  /// A sentence of verdict, a line an operation, and whatever did not agree.
  public var description: String { text(colored: false) }

  /// The words of this report, explained.
  public var legend: String { Legend(Set(operations.flatMap(\.worstError.keys)), of: description).text }

  /// The verdict in one sentence.
  public var summary: String {
    guard !operations.isEmpty else { return "Nothing was checked: no operation was given." }
    if let only = operations.first, operations.count == 1 { return only.summary }
    let checks = counted(agree + disagree + cannotTell, "check")
    let wrong = operations.filter { $0.verdict == .disagree }.map(\.name)
    let doubtful = operations.filter { $0.verdict == .cannotTell }.map(\.name)
    switch verdict {
    case .agree: return "All \(operations.count) operations agree, in \(checks)."
    case .disagree:
      return
        "Of \(operations.count) operations \(wrong.count) \(wrong.count == 1 ? "is" : "are") wrong: \(wrong.listed)."
    case .cannotTell:
      return "Cannot tell about \(doubtful.count) of \(operations.count) operations: \(doubtful.listed)."
    }
  }

  /// The description; the verdicts in colours where asked for.
  package func text(colored: Bool) -> String {
    var lines = [verdict.painted(summary, if: colored)]
    if operations.count > 1 {
      var table = AlignedRows(trailing: [1, 2, 3])
      table.add(["operation", "checks", "at kinks", "of the bound", ""])
      for operation in operations {
        table.add([
          operation.name, "\(operation.count)", operation.kinkProbes > 0 ? "\(operation.kinkProbes)" : "",
          operation.worst?.inBounds ?? "", operation.verdict.painted(operation.verdict.text, if: colored),
        ])
      }
      lines += [""] + table.lines
    }
    let isTold = operations.count == 1 && operations[0].complaints.count == 1
    for operation in operations { lines += operation.details(isTold: isTold) }
    return lines.joined(separator: "\n")
  }
}

extension OperationReport {
  /// The verdict in one sentence.
  package var summary: String {
    if let idleReason { return "Cannot tell about \(name): \(idleReason)." }
    let checks = counted(count, "check")
    switch verdict {
    case .agree:
      let kinks = kinkProbes > 0 ? ", and \(counted(kinkProbes, "probe")) at kinks cannot tell, as it must be" : ""
      let skipped = skipped > 0 ? "; \(skipped) draws skipped: a value is not finite there" : ""
      return
        "\(name) agrees in \(checks): no difference above \(worst?.inBounds ?? "0") of its bound\(kinks)\(skipped)."
    case .disagree: return "\(name) is wrong in \(disagree) of \(checks): \(reason(.disagree))."
    case .cannotTell where cannotTell > 0:
      return "Cannot tell about \(name) in \(cannotTell) of \(checks): \(reason(.cannotTell))."
    case .cannotTell: return "Cannot tell about \(name), though \(agree) of \(checks) agree."
    }
  }

  private func reason(_ verdict: Verdict) -> String { complaints.first { $0.verdict == verdict }?.text ?? "" }

  /// The complaints that are told.
  private static let told = 3

  /// The complaints, each with the first fault behind it.
  /// - Parameter isTold: whether the sentence of verdict has told the complaint.
  func details(isTold: Bool) -> [String] {
    let sorted = complaints.filter { $0.verdict == .disagree } + complaints.filter { $0.verdict != .disagree }
    var lines: [String] = []
    for complaint in sorted.prefix(OperationReport.told) {
      lines.append("")
      if !isTold { lines.append("\(name), \(complaint.verdict.text): \(complaint.text)") }
      lines += complaint.finding?.lines ?? []
      lines.append("  in \(complaint.places)")
    }
    let rest = sorted.count - OperationReport.told
    lines += remarks.map { "  \($0)" }
    return lines + (rest > 0 ? ["", "\(name): \(counted(rest, "more complaint"))"] : [])
  }
}
