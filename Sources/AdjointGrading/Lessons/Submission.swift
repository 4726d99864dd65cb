import Adjoint
import AdjointFiles

/// A filled sheet: what it says of itself, and its answers as text. Markdown, JSON and NumPy's arrays are read into it.
package struct Submission: Sendable {
  package struct Entry: Sendable {
    /// The question as the sheet names it.
    let key: String
    /// Counted from 1; 0 where there are no lines.
    let line: Int
    var text: String

    var isFilled: Bool { !text.isEmpty && !text.contains(Submission.blank) }
  }

  /// Stands where an answer is to be written.
  static let blank = "____"
  /// The heading above what a sheet says of itself.
  static let heading = "## This sheet"

  /// What the sheet says of itself, by name.
  package private(set) var about: [(name: String, value: String, line: Int)] = []
  private(set) var entries: [Entry] = []
  /// What stands there and is no answer.
  private(set) var remarks: [String] = []

  /// The recording that the sheet was made from, where it says so.
  var recording: (value: String, line: Int)? {
    about.first { $0.name == "recording" }.map { ($0.value, $0.line) }
  }

  /// True where it holds answers, or blanks for them.
  package var isSheet: Bool { !entries.isEmpty || !about.isEmpty }

  // MARK: Markdown

  /// Reads a sheet in Markdown: answers follow `(1) =`, over as many lines as their brackets take.
  package init(markdown text: String) {
    var (isOpen, isAbout) = (false, false)
    for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = raw.drop { $0.isWhitespace }
      if line.hasPrefix("#") || line.hasPrefix("∂") { isOpen = false }
      if line.hasPrefix("#") { isAbout = line.hasPrefix(Submission.heading) }
      if isAbout, let match = line.wholeMatch(of: #/([A-Za-z]+) = (.*?)\s*/#) {
        about.append((String(match.1), String(match.2), index + 1))
        continue
      }
      if let match = line.prefixMatch(of: #/\((\d{1,6})\)\s*=/#) {
        entries.append(Entry(key: String(match.1), line: index + 1, text: String(line[match.range.upperBound...])))
        isOpen = true
      } else if isOpen, !entries.isEmpty {
        entries[entries.count - 1].text += " " + line
      }
      if let last = entries.last, isOpen {
        let depth = last.text.reduce(0) { $0 + ("[(".contains($1) ? 1 : "])".contains($1) ? -1 : 0) }
        isOpen = depth > 0 || last.text.allSatisfy(\.isWhitespace)
      }
    }
    for place in entries.indices {
      let text = entries[place].text.drop { $0.isWhitespace }
      entries[place].text = String(text.reversed().drop { $0.isWhitespace }.reversed())
    }
  }

  // MARK: NumPy

  /// Reads NumPy's arrays, each named as its question: by number (`4`), adjoint (`z̄⁽¹⁾`) or name (`fc1/weight`).
  ///
  /// Such a file says nothing of itself.
  /// - Throws: `FileError` for an array that holds no numbers.
  package init(arrays file: NPZFile) throws(FileError) {
    for name in file.names {
      let array = try file.array(name)
      let numbers = Tensor<Double>(shape: Shape(array.shape), elements: array.type.numbers(of: array.bytes) { $0 })
      entries.append(Entry(key: name, line: 0, text: NumberText.text(numbers)))
    }
  }

  // MARK: JSON

  /// Reads a sheet in JSON: `{"about": {…}, "answers": {"4": [[0.1, "1/3"]], "fc1/bias": null}}`.
  /// - Throws: `FileError` for what is no JSON, or no such sheet.
  package init(json bytes: some Sequence<UInt8>, file: String) throws(FileError) {
    let sheet = try JSON(bytes, file: file)
    guard let answers = sheet["answers"]?.members else {
      throw FileError(
        .wrongFormat, file: file, at: .wholeFile, expected: "an object \"answers\" with an array for each question",
        found: sheet["answers"] == nil ? "none" : "something else",
        remedy: "Fill in the sheet that --exercise -o SHEET.json writes.")
    }
    for (name, value) in sheet["about"]?.members ?? [] {
      about.append((name, value.string ?? value.text, 0))
    }
    for (key, value) in answers {
      entries.append(Entry(key: key, line: 0, text: value == .null ? "" : Submission.text(of: value)))
    }
  }

  /// An array of JSON as an answer is written; a string in it is a formula.
  private static func text(of value: JSON) -> String {
    switch value {
    case .array(let elements): "[" + elements.map(text).joined(separator: ", ") + "]"
    case .string(let formula): "(\(formula))"
    case .null, .bool, .number, .object: value.text
    }
  }
}
