import Adjoint
import AdjointChecking

/// Tensors as a person writes them: `0.5`, `[1, -2]`, `[[1, 2/3], [0, 1e-3]]`.
enum NumberText {
  /// All elements, so that they can be read back; a number that `Float` holds is written as short as `Float` allows.
  static func text(_ tensor: Tensor<Double>) -> String { text(tensor, axis: 0, offset: 0) }

  private static func text(_ tensor: Tensor<Double>, axis: Int, offset: Int) -> String {
    guard axis < tensor.shape.rank else {
      let value = tensor.elements[offset]
      return Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
    }
    let stride = tensor.shape.dropFirst(axis + 1).reduce(1, *)
    let entries = (0..<tensor.shape[axis]).map { text(tensor, axis: axis + 1, offset: offset + $0 * stride) }
    return "[" + entries.joined(separator: ", ") + "]"
  }

  /// Reads a tensor.
  /// - Throws: `ExerciseError` for anything but numbers in brackets whose rows are equally long.
  static func tensor(_ text: String, line: Int) throws(ExerciseError) -> Tensor<Double> {
    var reader = Reader(rest: text[...], line: line)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.rest.isEmpty else { throw reader.error("the end of the answer") }
    guard let shape = value.shape, shape.count <= Shape.maximumRank else {
      throw ExerciseError(
        line: line, expected: "rows of equal length", found: "rows of different lengths",
        remedy: "give every row as many numbers")
    }
    return Tensor(shape: Shape(shape), elements: value.numbers)
  }

  private indirect enum Value {
    case number(Double)
    case list([Value])

    /// The extents, or `nil` where they differ.
    var shape: [Int]? {
      switch self {
      case .number: return []
      case .list(let values):
        guard let first = values.first else { return [0] }
        guard let inner = first.shape, values.allSatisfy({ $0.shape == inner }) else { return nil }
        return [values.count] + inner
      }
    }

    var numbers: [Double] {
      switch self {
      case .number(let value): [value]
      case .list(let values): values.flatMap(\.numbers)
      }
    }
  }

  private struct Reader {
    var rest: Substring
    let line: Int

    mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

    func error(_ expected: String) -> ExerciseError {
      ExerciseError(
        line: line, expected: expected, found: rest.isEmpty ? "the end" : "“\(rest.prefix(20))”",
        remedy: "write an answer as [[1, -0.5], [2/3, 0]]")
    }

    mutating func take(_ character: Character) -> Bool {
      skipSpace()
      guard rest.first == character else { return false }
      rest.removeFirst()
      return true
    }

    mutating func value(depth: Int) throws(ExerciseError) -> Value {
      guard take("[") else { return .number(try fraction()) }
      guard depth < Shape.maximumRank else { throw error("at most \(Shape.maximumRank) brackets") }
      var values: [Value] = []
      if take("]") { return .list([]) }
      repeat { values.append(try value(depth: depth + 1)) } while take(",")
      guard take("]") else { throw error("a comma or a closing bracket") }
      return .list(values)
    }

    /// A number, or a quotient of two.
    mutating func fraction() throws(ExerciseError) -> Double {
      let numerator = try number()
      return take("/") ? numerator / (try number()) : numerator
    }

    mutating func number() throws(ExerciseError) -> Double {
      skipSpace()
      let digits = rest.prefix { !$0.isWhitespace && !",[]/".contains($0) }
      let plain = String(digits.map { $0 == "−" ? "-" : $0 })
      guard let value = Double(plain), value.isFinite else { throw error("a number") }
      rest = rest.dropFirst(digits.count)
      return value
    }
  }
}

/// A filled worksheet that cannot be read.
public struct ExerciseError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Counted from 1.
  public let line: Int
  package let expected: String
  package let found: String
  package let remedy: String

  public var description: String { "worksheet, line \(line): expected \(expected), found \(found); \(remedy)" }
}
