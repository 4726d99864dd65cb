import Adjoint

/// A row of the operator table: writes the nodes that compute one operation. Nil where operators lack the precision, and the
/// composition of the operation's name is written instead.
typealias OperatorRow = @Sendable (OperatorCall) throws -> WrittenValue?

/// Our operations and the operators of ONNX that compute them, by our names. An operation that is not here has a
/// composition (`Composition.all`).
///
/// All operators are those of operator set 17.
package enum WrittenOperators {
  /// The version of ONNX's own set of operators.
  static let version = 17

  /// The operations that have a row.
  package static var names: Set<String> { Set(rows.keys) }

  static let rows: [String: OperatorRow] = elementwise.merging(reductions) { $1 }.merging(shaping) { $1 }
    .merging(indexing) { $1 }.merging(windows) { $1 }.merging(products) { $1 }

  // MARK: Elementwise

  private static let elementwise: [String: OperatorRow] = [
    "negate": map("Neg"), "exp": map("Exp"), "log": map("Log"), "sqrt": map("Sqrt"), "reciprocal": map("Reciprocal"),
    "abs": map("Abs"), "sign": map("Sign"), "sin": map("Sin"), "cos": map("Cos"), "tan": map("Tan"),
    "asin": map("Asin"), "acos": map("Acos"), "atan": map("Atan"), "sinh": map("Sinh"), "cosh": map("Cosh"),
    "asinh": map("Asinh"), "acosh": map("Acosh"), "atanh": map("Atanh"), "tanh": map("Tanh"),
    "sigmoid": map("Sigmoid"), "floor": map("Floor"), "ceil": map("Ceil"), "round": map("Round"),
    "relu": map("Relu"), "softplus": map("Softplus"), "stopGradient": map("Identity"),
    // Runtimes have it in single precision alone.
    "erf": { $0.element == .float ? try map("Erf")($0) : nil },
    // These attributes are of single precision.
    "leakyRelu": { $0.element == .float ? try map("LeakyRelu", "alpha", $0.attributes.real("slope"))($0) : nil },
    "elu": { $0.element == .float ? try map("Elu", "alpha", $0.attributes.real("alpha"))($0) : nil },
    "square": { call in plain(call.emit("Mul", [call[0], call[0]])) },
    "step": { call in WrittenValue(truth: call.emit("Greater", [call[0], call.number(0)])) },
    "power": { call in plain(call.emit("Pow", [call[0], call.number(call.attributes.real("exponent"))])) },
    "clamp": { call in
      let bounds = ["low", "high"].map { call.number(call.attributes.real($0)) }
      return plain(call.emit("Clip", [call[0]] + bounds))
    },

    "add": zip("Add"), "subtract": zip("Sub"), "multiply": zip("Mul"), "divide": zip("Div"), "maximum": zip("Max"),
    "minimum": zip("Min"), "pow": zip("Pow"), "addBias": zip("Add"),
    "masked": { call in plain(call.emit("Where", [call.truth(1), call[0], call.number(0)])) },
    "where": { call in plain(call.emit("Where", [call.truth(0), call[1], call[2]])) },
    "remainder": { call in
      // The remainder with the sign of a, moved to that of b.
      let (a, b) = (call[0], call[1])
      let rest = call.emit("Mod", [a, b], [ONNXAttribute("fmod", .int(1))])
      let isOther = call.emit("Less", [call.emit("Mul", [rest, b]), call.number(0)])
      return plain(call.emit("Where", [isOther, call.emit("Add", [rest, b]), rest]))
    },
    "less": compare("Less"), "lessOrEqual": compare("LessOrEqual"), "greater": compare("Greater"),
    "greaterOrEqual": compare("GreaterOrEqual"), "equal": compare("Equal"),
    "notEqual": { call in WrittenValue(truth: call.emit("Not", [call.emit("Equal", [call[0], call[1]])])) },
  ]

  static func plain(_ name: String) -> WrittenValue { WrittenValue(plain: name) }

  /// An elementwise operator; images that have the channels first keep them there.
  private static func map(_ operation: String, _ attribute: String? = nil, _ value: Double = 0) -> OperatorRow {
    { call in
      let attributes = attribute.map { [ONNXAttribute($0, .float(Float(value)))] } ?? []
      if let images = call.onlyChannelsFirst(0) {
        return WrittenValue(channelsFirst: call.emit(operation, [images], attributes))
      }
      return plain(call.emit(operation, [call[0]], attributes))
    }
  }

  private static func zip(_ operation: String) -> OperatorRow {
    { call in plain(call.emit(operation, [call[0], call[1]])) }
  }

  private static func compare(_ operation: String) -> OperatorRow {
    { call in WrittenValue(truth: call.emit(operation, [call[0], call[1]])) }
  }

  // MARK: Products

  private static let products: [String: OperatorRow] = [
    "matmul": { call in
      let flags = ["transposeA", "transposeB"].map { call.attributes.flag($0) }
      if call.shapes.allSatisfy({ $0.rank == 2 }), flags.contains(true) {
        return plain(call.emit("Gemm", call.all, gemm(flags)))
      }
      let operands = [0, 1].map { position -> String in
        let rank = call.shapes[position].rank
        guard flags[position] else { return call[position] }
        return call.transpose(call[position], Array(0..<rank - 2) + [rank - 1, rank - 2])
      }
      // ONNX Runtime 1.32 fuses a transposed operand into the product, wrongly where the other one is a vector.
      guard flags.contains(true), let vector = call.shapes.firstIndex(where: { $0.rank == 1 }) else {
        return plain(call.emit("MatMul", operands))
      }
      let axis = call.integers([vector == 0 ? -2 : -1])
      let matrices = [0, 1].map { position in
        position == vector
          ? call.emit("Unsqueeze", [operands[position], call.integers([vector == 0 ? 0 : 1])]) : operands[position]
      }
      return plain(call.emit("Squeeze", [call.emit("MatMul", matrices), axis]))
    },
    "determinant": { call in plain(call.emit("Det", [call[0]])) },
  ]

  /// The attributes of a product of two matrices.
  static func gemm(_ flags: [Bool]) -> [ONNXAttribute] {
    Swift.zip(["transA", "transB"], flags).filter(\.1).map { ONNXAttribute($0.0, .int(1)) }
  }
}
