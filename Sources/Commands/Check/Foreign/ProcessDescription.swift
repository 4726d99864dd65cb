import AdjointChecking
import AdjointCommandLine
import AdjointFiles

/// The inputs of a function and its arithmetic, as a process describes them.
struct ProcessDescription {
  /// The names as the process gave them.
  let names: [String]
  /// The same inputs, with names that can be shown.
  let inputs: [FunctionInput]
  let derivative: Derivative
  let isSingle: Bool
  /// The standard deviation of the value's noise as a share of it, where it was stated.
  let noise: Double?
  /// The point that the process asks for, one input after the other.
  let point: [Double]?

  private static let known = ["inputs", "derivative", "scalar", "noise", "at"]
  /// The derivatives that may be asked for.
  enum Derivative: String, CaseIterable { case gradient, vjp, jvp, jacobian }
  /// The most numbers that all inputs hold together.
  private static let limit = 10_000_000

  init(_ answer: JSON, command: String) throws(CommandError) {
    func wrong(_ expected: String, _ found: String) -> CommandError {
      .process(command, reason: "expected \(expected) in the answer to 'describe', found \(found)")
    }
    if let words = answer["error"] {
      throw CommandError.process(command, reason: "it refuses to describe itself: \(words.string ?? words.text)")
    }
    let members = answer.members ?? []
    if let other = members.first(where: { !ProcessDescription.known.contains($0.0) }) {
      throw wrong(ProcessDescription.known.map { quoted($0) }.listed("or"), quoted(other.0))
    }
    guard let shapes = answer["inputs"]?.members, !shapes.isEmpty else {
      throw wrong(
        #""inputs", an object of names and shapes such as {"w": [3, 2], "b": [2]}"#,
        ProcessDescription.found(answer["inputs"]))
    }
    var (inputs, count): ([FunctionInput], Int) = ([], 0)
    for (name, json) in shapes {
      let shape = json.elements?.compactMap(\.integer)
      guard !name.isEmpty, let shape, shape.count == json.elements?.count, shape.allSatisfy({ $0 > 0 }) else {
        throw wrong("a shape of \(quoted(name)), such as [3, 2], or [] for a number", ProcessDescription.found(json))
      }
      // Taken one by one, so that no product overflows.
      let size = shape.reduce(1) { $0 > ProcessDescription.limit ? $0 : $0 * min($1, ProcessDescription.limit) }
      guard count + size <= ProcessDescription.limit else {
        throw wrong(
          "at most \(ProcessDescription.limit.grouped) numbers in all inputs", "more in \(quoted(name)), \(json.text)")
      }
      inputs.append(FunctionInput(name: printable(name), shape: shape, from: count))
      count += size
    }
    (names, self.inputs) = (shapes.map(\.0), inputs)

    let word = answer["derivative"].map { $0.string ?? "" } ?? Derivative.gradient.rawValue
    guard let derivative = Derivative(rawValue: word) else {
      let words = Derivative.allCases.map { "\"\($0.rawValue)\"" }
      throw wrong("a derivative: \(words.listed("or"))", ProcessDescription.found(answer["derivative"]))
    }
    self.derivative = derivative
    isSingle = answer["scalar"]?.string == "float32"
    guard answer["scalar"] == nil || ["float32", "float64"].contains(answer["scalar"]?.string) else {
      throw wrong(#"a scalar: "float64" or "float32""#, ProcessDescription.found(answer["scalar"]))
    }
    noise = answer["noise"]?.double
    guard answer["noise"] == nil || noise.map({ $0 > 0 && $0 < 1 }) == true else {
      throw wrong(
        "a noise: a share of the value between 0 and 1, such as 1e-6", ProcessDescription.found(answer["noise"]))
    }
    guard let at = answer["at"] else {
      point = nil
      return
    }
    var point: [Double] = []
    for (name, input) in zip(names, inputs) {
      guard let json = at[name] else {
        throw wrong("in \"at\" the numbers of \(quoted(name))", ProcessDescription.found(at))
      }
      point += try NestedNumbers(json, what: "\(quoted(name)) in \"at\"", command).elements(of: input.shape, command)
    }
    guard point.allSatisfy(\.isFinite) else { throw wrong("finite numbers in \"at\"", "others") }
    self.point = point
  }

  private static func found(_ json: JSON?) -> String { json.map { quoted($0.text) } ?? "none" }

  /// The inputs with their shapes, in a line.
  var words: String {
    inputs.map { input in
      input.name + (input.shape.isEmpty ? "" : " " + input.shape.map(String.init).joined(separator: "×"))
    }.joined(separator: ", ")
  }
}

/// Numbers in brackets of any depth, row by row.
struct NestedNumbers {
  private(set) var elements: [Double] = []
  /// The lengths of the brackets; none for a single number.
  private(set) var shape: [Int] = []
  private let what: String

  /// - Parameter what: the words for them in a sentence.
  init(_ json: JSON, what: String, _ command: String) throws(CommandError) {
    self.what = what
    var level: JSON? = json
    while case .array(let inner)? = level {
      shape.append(inner.count)
      level = inner.first
    }
    try collect(json, depth: 0, command)
  }

  private mutating func collect(_ json: JSON, depth: Int, _ command: String) throws(CommandError) {
    if depth < shape.count, let inner = json.elements, inner.count == shape[depth] {
      for element in inner { try collect(element, depth: depth + 1, command) }
    } else if depth == shape.count, let number = NestedNumbers.number(json) {
      elements.append(number)
    } else {
      let rows = depth < shape.count ? "\(shape[depth]) elements in each row" : "numbers"
      throw CommandError.process(
        command,
        reason:
          "expected \(rows) in \(what), found \(quoted(json.text)); what is not finite is written as \"nan\", \"inf\" or \"-inf\""
      )
    }
  }

  private static func number(_ json: JSON) -> Double? {
    if let number = json.double { return number }
    switch json.string?.lowercased() {
    case "nan": return .nan
    case "inf", "+inf", "infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: return nil
    }
  }

  /// The numbers, where there are as many as a shape asks for, and in brackets like it or in one row.
  func elements(of wanted: [Int], _ command: String) throws(CommandError) -> [Double] {
    if elements.count == wanted.reduce(1, *), shape == wanted || shape.count <= 1 || wanted.isEmpty { return elements }
    let isTransposed = shape.count > 1 && shape == wanted.reversed()
    throw CommandError.process(
      command,
      reason: "expected \(what) \(wanted.words), found one \(shape.words)"
        + (isTransposed
          ? ": it has the shape of its transpose" : "; answer with one number for each element, row by row"))
  }
}

extension [Int] {
  /// A shape in a sentence.
  var words: String {
    isEmpty ? "of one number" : "of shape [" + map(String.init).joined(separator: ", ") + "]"
  }
}
