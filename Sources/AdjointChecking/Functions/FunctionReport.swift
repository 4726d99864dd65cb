import Adjoint

/// Everything that a check of a plain function's derivatives found. `description` is for people, `json` for machines.
///
/// In a test: `#expect(report.agrees, "\(report)")`.
public struct FunctionReport: Sendable, Encodable {
  /// One derivative: ∂ output `row` / ∂ x[`column`].
  public struct Entry: Sendable, Hashable, Encodable {
    /// The position of the output; 0 for a gradient.
    public let row: Int
    /// The position of the coordinate.
    public let column: Int
    /// The derivative that was claimed.
    public let found: Double
    /// The derivative by extrapolated differences; NaN where there is none.
    public let expected: Double
    /// The half-width of the differences' own error bar.
    public let error: Double
    /// The verdict on this entry.
    public let verdict: Verdict
    /// The reason of a verdict other than *agree*.
    public let remark: String
  }

  /// A name for what was checked: gradient, Jacobian, Hessian, or a product.
  public let subject: String
  /// The function's outputs at x.
  public internal(set) var value: [Double] = []
  /// The number of outputs and of coordinates.
  public internal(set) var size: [Int]
  /// The named parts of x, in their order; empty where x has none.
  package internal(set) var inputs: [FunctionInput] = []
  /// The shape of the outputs; empty where it is not known.
  package internal(set) var output: [Int] = []
  /// A clause on how entries were compared, where a function was not evaluated.
  package internal(set) var method: String?
  /// The entries that were compared one by one, row by row.
  public internal(set) var entries: [Entry] = []
  /// The number of random combinations of coordinates that stand for the entries not compared one by one.
  public internal(set) var combinations = 0
  /// The combinations about which the differences could not tell.
  package internal(set) var doubtfulCombinations = 0
  /// The wrong combinations in which no single entry could be convicted.
  package internal(set) var wrongCombinations = 0
  /// Sentences on what kept the check from comparing: a function that throws, is not finite, or has another length.
  public internal(set) var problems: [String] = []
  /// True where a problem alone proves the claim wrong, as a gradient of another length does.
  package internal(set) var isRefuted = false
  /// Further observations, such as a Hessian that is not symmetric.
  public internal(set) var remarks: [String] = []
  /// A guess of what is wrong that explains every wrong entry, where one does.
  public internal(set) var hypothesis: String?
  /// The number of times that the function was evaluated.
  public internal(set) var evaluations = 0

  init(subject: String, rows: Int, columns: Int) { (self.subject, size) = (subject, [rows, columns]) }

  /// The verdict of all entries together; nothing compared is nothing proved.
  public var verdict: Verdict {
    if isRefuted || wrongCombinations > 0 { return .disagree }
    let verdict = Verdict.combined(entries.map(\.verdict) + (combinations > 0 ? [.agree] : []))
    if verdict == .agree, !problems.isEmpty || doubtfulCombinations > 0 { return .cannotTell }
    return verdict
  }
  /// True when every entry agrees.
  public var agrees: Bool { verdict == .agree }
  /// 0 when it agrees, 1 when it disagrees, 2 when it cannot tell.
  public var exitCode: Int32 { verdict == .agree ? 0 : verdict == .disagree ? 1 : 2 }

  private enum CodingKeys: String, CodingKey {
    case subject, verdict, sentence, value, size, entries, combinations, doubtfulCombinations, wrongCombinations
    case problems, remarks, hypothesis, evaluations
  }

  /// Encodes the verdict and all that it rests on.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(subject, forKey: .subject)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(sentence, forKey: .sentence)
    try container.encode(value, forKey: .value)
    try container.encode(size, forKey: .size)
    try container.encode(entries.map { Placed(place: place(of: $0), entry: $0) }, forKey: .entries)
    try container.encode(combinations, forKey: .combinations)
    try container.encode(doubtfulCombinations, forKey: .doubtfulCombinations)
    try container.encode(wrongCombinations, forKey: .wrongCombinations)
    try container.encode(problems, forKey: .problems)
    try container.encode(remarks, forKey: .remarks)
    try container.encodeIfPresent(hypothesis, forKey: .hypothesis)
    try container.encode(evaluations, forKey: .evaluations)
  }

  /// An entry with the name of its place.
  private struct Placed: Encodable {
    let place: String
    let entry: Entry
    private enum CodingKeys: String, CodingKey { case place }

    func encode(to encoder: any Encoder) throws {
      try entry.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(place, forKey: .place)
    }
  }

  /// The same as JSON, keys sorted.
  public var json: String { sortedJSON }
}

extension FunctionReport: CustomStringConvertible {
  /// The entries that are printed at most.
  private static let shown = 8

  /// One sentence of verdict, the worst entries, and what was tried.
  public var description: String {
    var lines = ["\(subject): \(verdict.text). \(sentence)"]
    let worst = entries.filter { $0.verdict == .disagree }.sorted {
      ($1.severity, $0.row, $0.column) < ($0.severity, $1.row, $1.column)
    }
    let doubtful = entries.filter { $0.verdict == .cannotTell }
    let rows = (worst + doubtful).prefix(FunctionReport.shown)
    let hasParts = (2...12).contains(inputs.count) && inputs.contains { $0.range.count > 1 }
    if hasParts, !rows.isEmpty, entries.count == size[0] * size[1] { lines.append("  " + byInput) }
    lines += rows.map { "  " + text(of: $0) }
    let more = worst.count + doubtful.count - rows.count
    if more > 0 { lines.append("  … and \(more) more, in `entries` of the report (--json)") }
    lines += (problems + remarks).prefix(FunctionReport.shown).map { "  " + $0.prefix(200) }
    lines.append("  \(evidence)")
    return lines.joined(separator: "\n")
  }

  private var sentence: String {
    let (wrong, doubtful) = (count(.disagree), count(.cannotTell))
    switch verdict {
    case .agree where entries.isEmpty: return "Every combination lies within its error bar."
    case .agree where entries.count == 1: return "The entry lies within its error bar\(bar("it"))."
    case .agree:
      return "All \(entries.count) entries lie within their error bars\(bar("an entry"))."
    case .disagree where wrong > 0:
      return (wrongCombinations > 0 ? "At least " : "") + "\(share(wrong)) \(wrong == 1 ? "is" : "are") wrong"
        + (hypothesis.map { ": \($0)." } ?? "; no known pattern fits.")
    case .disagree where isRefuted: return "\(hypothesis ?? "It has another size than the function asks for")."
    case .disagree: return "\(wrongCombinations) combinations are wrong, in which no single entry shows."
    case .cannotTell where entries.isEmpty && combinations == 0: return "Nothing could be compared."
    case .cannotTell where doubtful > 0: return "\(share(doubtful)) could not be judged; none is known to be wrong."
    case .cannotTell: return "Not everything could be judged; nothing is known to be wrong."
    }
  }

  /// The widest error bar as a share of its entry.
  private func bar(_ words: String) -> String {
    let shares = entries.filter { $0.expected != 0 && $0.found != 0 }.map { $0.error / abs($0.expected) }
    guard let widest = shares.max(), widest > 0 else { return "" }
    return ", at most \(short(widest)) of \(words)"
  }

  private func count(_ verdict: Verdict) -> Int { entries.count { $0.verdict == verdict } }

  private func share(_ part: Int) -> String {
    let all = size[0] * size[1]
    return all == 1 ? "The entry" : "\(part) of \(all) entries"
  }

  private func text(of entry: Entry) -> String {
    let bar = entry.expected.isNaN ? "" : ", expected \(entry.expected) ± \(short(entry.error))"
    return "\(place(of: entry)) \(entry.verdict == .disagree ? "wrong" : "cannot tell"): found \(entry.found)\(bar)"
      + (entry.remark.isEmpty ? "" : "; \(entry.remark)")
  }

  /// The wrong and the doubtful entries of each input, counted.
  private var byInput: String {
    let texts = inputs.map { input in
      let part = entries.filter { input.range.contains($0.column) }
      let (wrong, doubtful) = (part.count { $0.verdict == .disagree }, part.count { $0.verdict == .cannotTell })
      if wrong + doubtful == 0 { return "\(input.name) agrees" }
      let counts = [(wrong, "wrong"), (doubtful, "not judged")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      return "\(input.name) \(counts.joined(separator: ", ")) of \(part.count)"
    }
    return texts.joined(separator: "; ")
  }

  private var evidence: String {
    let all = size[0] * size[1]
    let compared =
      entries.count == all
      ? (all == 1 ? "the entry" : "all entries one by one")
      : "\(entries.count) of \(all) entries one by one"
    let grouped = combinations > 0 ? ", and \(combinations) random combinations of entries" : ""
    let method = method ?? "by extrapolated differences in \(evaluations) evaluations of the function."
    return "Compared \(compared)\(grouped), \(method)"
  }
}

extension FunctionReport.Entry: CustomStringConvertible {
  /// The place, the verdict and both numbers.
  public var description: String {
    "[\(row), \(column)] \(verdict.text): found \(found), expected \(expected) ± \(short(error))"
      + (remark.isEmpty ? "" : "; \(remark)")
  }

  /// |found − expected| in millionths of the larger.
  fileprivate var severity: Double {
    let share = abs(found - expected) / max(abs(found), abs(expected))
    // Rounded, so that the last bits of a difference order nothing.
    return share.isNaN ? .infinity : (share * 1e6).rounded()
  }
}
