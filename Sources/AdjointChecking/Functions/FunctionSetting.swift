import Adjoint

// Functions that were not written in Swift: x has named parts, and what is known of its arithmetic was stated.

/// A named part of x.
package struct FunctionInput: Sendable, Hashable {
  package let name: String
  package let shape: [Int]
  /// The coordinates of x that it takes, row by row.
  package let range: Range<Int>

  package init(name: String, shape: [Int], from start: Int) {
    (self.name, self.shape) = (name, shape)
    range = start..<start + shape.reduce(1, *)
  }

  /// The largest magnitude in it, as a power of two; where all of it is 0, that of x.
  func size(in x: [Double]) -> Double? { x[range].compactMap(\.powerOfTwo).max() ?? x.compactMap(\.powerOfTwo).max() }

  /// The element of a coordinate, such as `w[2, 0]`.
  func element(_ coordinate: Int) -> String {
    name + FunctionInput.position(coordinate - range.lowerBound, in: shape)
  }

  /// The position of an element counted row by row, in brackets; empty for a single number.
  static func position(_ offset: Int, in shape: [Int]) -> String {
    var (rest, indices) = (offset, [Int]())
    for length in shape.reversed() {
      indices.insert(rest % length, at: 0)
      rest /= length
    }
    return indices.isEmpty ? "" : "\(indices)"
  }
}

/// The names of a function's numbers, and what is known of its arithmetic.
package struct FunctionSetting {
  /// The named parts of x; empty where x has none.
  package var inputs: [FunctionInput] = []
  /// The shape of the outputs; empty where it is not known.
  package var output: [Int] = []
  /// True for a function that computes in `Float`.
  package var isSingle = false
  /// The standard deviation of its noise as a share of its value, where somebody stated it.
  package var statedNoise = 0.0
  /// Told how many of how many coordinates, or groups of them, are done.
  package var progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }

  package init() {}

  /// The least noise, as a share of the function's value.
  var noise: Double { max(statedNoise, isSingle ? 0x1p-24 : 0) }
}

/// A derivative as its author computes it.
package enum FunctionClaim {
  case gradient(([Double]) throws -> [Double])
  case jacobian(([Double]) throws -> [[Double]])
  case vjp((_ x: [Double], _ v: [Double]) throws -> [Double])
  case jvp((_ x: [Double], _ u: [Double]) throws -> [Double])

  /// A name for what is claimed.
  package var subject: String {
    switch self {
    case .gradient: "gradient"
    case .jacobian: "Jacobian"
    case .vjp: "vector-Jacobian product"
    case .jvp: "Jacobian-vector product"
    }
  }
}

extension FunctionReport {
  /// A coordinate of x by its name.
  func name(column: Int) -> String {
    inputs.first { $0.range.contains(column) }?.element(column) ?? "x[\(column)]"
  }

  /// The place of an entry: of a gradient its coordinate, else output and coordinate.
  package func place(of entry: Entry) -> String {
    guard let input = inputs.first(where: { $0.range.contains(entry.column) }) else {
      return size[0] == 1 ? "[\(entry.column)]" : "[\(entry.row), \(entry.column)]"
    }
    let element = input.element(entry.column)
    if size[0] == 1 { return element }
    let shape = output.isEmpty ? [size[0]] : output
    return "value\(FunctionInput.position(entry.row, in: shape)) by \(element)"
  }
}

extension FunctionInput: CustomStringConvertible {
  /// The name and the shape.
  package var description: String { "\(name) \(shape)" }
}

extension FunctionSetting: CustomStringConvertible {
  /// The inputs, the precision and the noise.
  package var description: String {
    let names = inputs.isEmpty ? "without names" : inputs.map(\.description).joined(separator: ", ")
    return "inputs \(names), \(isSingle ? "float32" : "float64"), noise \(short(noise)) of the value"
  }
}

extension FunctionClaim: CustomStringConvertible {
  /// A name for what is claimed.
  package var description: String { "claimed \(subject)" }
}
