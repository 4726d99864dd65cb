/// What an experiment came to: rows of the final table, text, pictures.
public struct Section: Sendable {
  public var rows: [Row] = []
  /// Paragraphs, lists and tables in Markdown.
  public var text: [String] = []
  public var pictures: [SVGPicture] = []

  package init(rows: [Row] = [], text: [String] = [], pictures: [SVGPicture] = []) {
    (self.rows, self.text, self.pictures) = (rows, text, pictures)
  }
}

/// A drawing of a section.
public struct SVGPicture: Sendable {
  /// The end of its file's name, after the experiment's.
  public let name: String
  public let caption: String
  public let svg: String
}

/// What a document says, what came out here, and whether the one holds.
public struct Row: Sendable {
  public enum Verdict: Sendable, Equatable {
    /// A figure to reach, reached or not.
    case holds, missed
    /// A claim of a document that the runs support, contradict, or cannot decide.
    case confirmed, refuted
    case undecided(String)
    /// There is nothing to compare with.
    case reported
    /// There are no runs.
    case notRun

    public var words: String {
      switch self {
      case .holds: "holds"
      case .missed: "MISSED"
      case .confirmed: "confirmed"
      case .refuted: "refuted"
      case .undecided(let why): "not decided (\(why))"
      case .reported: "reported"
      case .notRun: "NOT RUN"
      }
    }

    /// Whether a figure that must be reached was not. A document's claim may well be refuted.
    public var isMiss: Bool { self == .missed || self == .notRun }
  }

  public let place: String
  public let subject: String
  public let theirs: String
  public let ours: String
  public let verdict: Verdict

  package init(_ place: String, _ subject: String, theirs: String, ours: String, _ verdict: Verdict) {
    (self.place, self.subject, self.theirs, self.ours, self.verdict) = (place, subject, theirs, ours, verdict)
  }

  /// A figure to reach.
  package static func figure(_ place: String, _ subject: String, theirs: String, ours: String, reached: Bool) -> Row {
    Row(place, subject, theirs: theirs, ours: ours, reached ? .holds : .missed)
  }
}
