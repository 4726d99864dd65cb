import Adjoint

/// The operations that the page computes. Its interpreter in JavaScript (`Assets/`) has forward rules alone, because the
/// backward half is recorded nodes too.
package enum PageInterpreter {
  /// True when the page can compute this operation. One of a user's own has no rule, whatever its name.
  static func hasRule(for operation: any Adjoint.Operation) -> Bool {
    let type = type(of: operation)
    return names.contains(operation.name) && OperationCatalog.all.contains { $0 == type }
  }

  /// The names that the script has rules for. A test holds the two lists together.
  package static let names: Set<String> = [
    "negate", "exp", "expm1", "log", "log1p", "sqrt", "square", "reciprocal", "abs", "sign", "step", "sin", "cos",
    "tanh",
    "sigmoid", "erf", "relu", "gelu", "silu", "softplus", "leakyRelu", "elu", "power", "clamp", "add", "subtract",
    "multiply", "divide", "maximum", "minimum", "less", "lessOrEqual", "greater", "greaterOrEqual", "equal", "notEqual",
    "where", "matmul", "addBias", "sum", "mean", "variance", "max", "min", "argMax", "softmax", "logSoftmax",
    "logSumExp",
    "broadcast", "reshape", "permute", "slice", "pad", "concatenate", "stopGradient", "gather", "scatterAdd", "pick",
    "oneHot", "unfold", "fold", "maxPool", "averagePool",
  ]
}
