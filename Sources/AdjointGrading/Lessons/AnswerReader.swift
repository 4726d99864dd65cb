import Adjoint

/// Reads an answer as a person writes it, and computes it: numbers, brackets, formulas.
///
///     sum      product, then + or − and another, and so on
///     product  signed, then × or / (or ⊙, ⊘), or · for a product of matrices
///     signed   −, as often as wanted, and a power
///     power    a number, [a, b], (sum), f(a), a name, each perhaps with ᵀ (.T, ^T), ²; then ^ and another
///
/// Everything runs element by element, with broadcasting, on the library's own operations. Names are those of the sheet.
struct AnswerReader {
  /// A name of the sheet, with its value; or why it has none.
  enum Meaning {
    case value(Tensor<Double>)
    case missing(String)
  }

  private var rest: Substring
  private let line: Int
  private let names: [String: Meaning]
  private let longestName: Int
  private var depth = 0

  private static let deepest = 64
  private static let largest = 100_000

  /// Reads and computes an answer.
  /// - Throws: `ExerciseError` for what cannot be read, does not go together, divides by 0 or is not finite.
  static func value(
    of text: String, line: Int, names: [String: Meaning] = [:]
  ) throws(ExerciseError) -> Tensor<Double> {
    var reader = AnswerReader(rest: text[...], line: line, names: names)
    let value = try reader.sum()
    reader.skipSpace()
    guard reader.rest.isEmpty else {
      let sign = reader.rest.hasPrefix(",") ? "a decimal point" : "a sign such as *"
      throw reader.error("\(sign), or the end of the answer")
    }
    if let place = value.elements.firstIndex(where: { !$0.isFinite }) {
      throw ExerciseError(
        line: line, expected: "finite numbers", found: "\(value.elements[place]) as element \(place)",
        remedy: "look at the formula there: a logarithm or root of a negative number, or too large a power")
    }
    return value
  }

  private init(rest: Substring, line: Int, names: [String: Meaning]) {
    (self.rest, self.line, self.names) = (rest, line, names)
    longestName = names.keys.map(\.count).max() ?? 0
  }

  private func error(_ expected: String, found: String? = nil, _ remedy: String? = nil) -> ExerciseError {
    ExerciseError(
      line: line, expected: expected,
      found: found ?? (rest.allSatisfy(\.isWhitespace) ? "the end" : "“\(rest.prefix(20))”"),
      remedy: remedy ?? "write an answer as [[1, -0.5], [2/3, 0]], or as a formula")
  }

  private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

  private mutating func take(_ words: String...) -> String? {
    skipSpace()
    for word in words where rest.hasPrefix(word) {
      rest = rest.dropFirst(word.count)
      return word
    }
    return nil
  }

  private mutating func nested<Result>(
    _ body: (inout AnswerReader) throws(ExerciseError) -> Result
  ) throws(ExerciseError) -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= AnswerReader.deepest else { throw error("at most \(AnswerReader.deepest) brackets in each other") }
    return try body(&self)
  }

  // MARK: Grammar

  private mutating func sum() throws(ExerciseError) -> Tensor<Double> {
    var value = try product()
    while let sign = take("+", "-", "−") {
      value = try apply(sign == "+" ? Binary.add : .subtract, [value, try product()])
    }
    return value
  }

  private mutating func product() throws(ExerciseError) -> Tensor<Double> {
    var value = try signed()
    while let sign = take("*", "×", "⊙", "∘", "/", "÷", "⊘", "·", "⋅", "@") {
      let other = try signed()
      switch sign {
      case "/", "÷", "⊘":
        guard !other.elements.contains(0) else {
          throw error("a divisor that is not 0", found: "a division by 0", "look at the formula there")
        }
        value = try apply(Binary.divide, [value, other])
      case "·", "⋅", "@":
        let isProduct = value.shape.rank > 0 && other.shape.rank > 0
        value = try isProduct ? apply(MatMul(), [value, other]) : apply(Binary.multiply, [value, other])
      default: value = try apply(Binary.multiply, [value, other])
      }
    }
    return value
  }

  private mutating func signed() throws(ExerciseError) -> Tensor<Double> {
    var isNegative = false
    while let sign = take("+", "-", "−") { isNegative = isNegative != (sign != "+") }
    let value = try nested { reader throws(ExerciseError) in try reader.power() }
    return isNegative ? value.map { -$0 } : value
  }

  private mutating func power() throws(ExerciseError) -> Tensor<Double> {
    var value = try atom()
    while let mark = take("ᵀ", ".T", "^T", "²", "³") {
      switch mark {
      case "²": value = value.map { $0 * $0 }
      case "³": value = value.map { $0 * $0 * $0 }
      default: value = value.transposed
      }
    }
    guard take("^", "**") != nil else { return value }
    return try apply(Binary.pow, [value, try signed()])
  }

  private mutating func atom() throws(ExerciseError) -> Tensor<Double> {
    if take("[") != nil { return try nested { reader throws(ExerciseError) in try reader.list() } }
    if take("(") != nil {
      return try nested { reader throws(ExerciseError) in
        let value = try reader.sum()
        guard reader.take(")") != nil else { throw reader.error("a closing parenthesis") }
        return value
      }
    }
    if let name = knownName() {
      switch name.meaning {
      case .value(let value): return value
      case .missing(let reason): throw error("a name that has a value", found: name.text, reason)
      }
    }
    if let first = rest.first, first.isLetter || first == "σ" || first == "Σ" { return try call() }
    return Tensor(scalar: try number())
  }

  private mutating func list() throws(ExerciseError) -> Tensor<Double> {
    var values: [Tensor<Double>] = []
    if take("]") != nil { return Tensor(shape: [0], elements: []) }
    repeat { values.append(try sum()) } while take(",") != nil
    guard take("]") != nil else { throw error("a comma or a closing bracket") }
    let shape = values[0].shape
    guard values.allSatisfy({ $0.shape == shape }) else {
      throw error("rows of equal length", found: "rows of different lengths", "give every row as many numbers")
    }
    guard shape.rank < Shape.maximumRank else { throw error("at most \(Shape.maximumRank) axes", found: "one more") }
    return Tensor(shape: Shape([values.count] + Array(shape)), elements: values.flatMap(\.elements))
  }

  private mutating func number() throws(ExerciseError) -> Double {
    skipSpace()
    var digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let tail = rest[digits.endIndex...]
    if let letter = tail.first, letter == "e" || letter == "E" {
      let sign = tail.dropFirst().prefix { "+-−".contains($0) }
      let exponent = tail[sign.endIndex...].prefix { $0.isASCII && $0.isNumber }
      if sign.count <= 1, !exponent.isEmpty { digits = rest[..<exponent.endIndex] }
    }
    guard let value = Double(digits.replacing("−", with: "-")) else { throw error("a number") }
    rest = rest[digits.endIndex...]
    return value
  }

  private mutating func knownName() -> (text: String, meaning: Meaning)? {
    for length in stride(from: min(longestName, rest.count), to: 0, by: -1) {
      let text = String(rest.prefix(length))
      // `u1` is not the beginning of `u10`, nor `t` that of `tanh`.
      guard let meaning = names[text], !goesOn(rest.dropFirst(length)) else { continue }
      rest = rest.dropFirst(length)
      return (text, meaning)
    }
    return nil
  }

  /// True where a name does not end before this text; ², ³ and ᵀ stand behind one.
  private func goesOn(_ text: Substring) -> Bool {
    guard let next = text.first, !"²³ᵀ".contains(next) else { return false }
    return next.isLetter || next.isNumber || next == "_"
  }

  // MARK: Functions

  /// f(a), sum(a), sum(a, axis), np.sum(a, axis=0), Σ[axis](a).
  private mutating func call() throws(ExerciseError) -> Tensor<Double> {
    // The functions of NumPy too.
    if rest.hasPrefix("np.") { rest = rest.dropFirst(3) }
    let whole = rest
    let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    rest = rest.dropFirst(name.count)
    var axis: Int?
    if name == "Σ", take("[") != nil {
      axis = Int(try number())
      guard take("]") != nil else { throw error("a closing bracket") }
    }
    guard AnswerReader.functions.contains(name), take("(") != nil else {
      rest = whole
      let near = name.lowercased() == "nan" || name.lowercased().hasPrefix("inf")
      throw error(
        "a number, a name of the sheet or a function with its argument in parentheses",
        near
          ? "an answer is a finite number" : "functions are exp, log, tanh, sigmoid, relu, sum, softmax and their like")
    }
    return try nested { reader throws(ExerciseError) in
      let x = try reader.sum()
      if axis == nil, ["sum", "mean"].contains(name), reader.take(",") != nil {
        _ = reader.take("axis=")
        axis = Int(try reader.number())
      }
      guard reader.take(")") != nil else { throw reader.error("a closing parenthesis") }
      return try reader.function(name, x, axis)
    }
  }

  /// The functions that answers may use: those of one number in the catalogue, and a few of whole tensors.
  static let functions = Set(Unary.allCases.map(\.rawValue) + ["σ", "ln", "Σ", "sum", "mean", "softmax", "logSoftmax"])

  private func function(_ name: String, _ x: Tensor<Double>, _ axis: Int?) throws(ExerciseError) -> Tensor<Double> {
    if let axis, !x.shape.indices.contains(axis) {
      throw error("an axis of \(x.shape)", found: "\(axis)", "axes are counted from 0")
    }
    switch name {
    case "sum", "Σ": return try apply(Sum(axes: AxisSet(axis.map { [$0] } ?? Array(x.shape.indices))), [x])
    case "mean": return try apply(Mean(axes: AxisSet(axis.map { [$0] } ?? Array(x.shape.indices))), [x])
    case "softmax": return try apply(Softmax(), [x])
    case "logSoftmax": return try apply(LogSoftmax(), [x])
    default: return try apply(Unary(rawValue: ["σ": "sigmoid", "ln": "log"][name] ?? name) ?? .negate, [x])
    }
  }

  private func apply(
    _ operation: some Adjoint.Operation, _ x: [Tensor<Double>]
  ) throws(ExerciseError) -> Tensor<Double> {
    do throws(ShapeError) {
      let shape = try operation.shape(of: x.map(\.shape))
      guard shape.elementCount <= AnswerReader.largest else {
        throw ShapeError("\(shape.elementCount) numbers; an answer has at most \(AnswerReader.largest)")
      }
    } catch {
      throw self.error("operands that go together", found: "\(error)", "look at the shapes on the sheet")
    }
    let tape = Tape<Double>()
    return tape.record(operation, inputs: x.map { tape.constant($0) }).value
  }
}

/// A part of a filled worksheet that cannot be read, or a sheet of another model.
public struct ExerciseError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1; 0 where the sheet has no lines.
  public let line: Int
  package let expected: String
  package let found: String
  package let remedy: String

  public var description: String {
    "worksheet\(line > 0 ? ", line \(line)" : ""): expected \(expected), found \(found); \(remedy)"
  }
}
