/// The way in which the adjoint ∂L/∂v of a value v is written.
public enum AdjointNotation: String, Sendable, CaseIterable {
  /// v̄, as in texts on automatic differentiation.
  case bar
  /// δ⁽ˡ⁾ for the adjoint of a layer's z⁽ˡ⁾, and ∂L/∂v for every other one, as in texts on neural networks.
  case delta
}

/// The side of a matrix of examples along which the examples stand.
public enum ExampleLayout: String, Sendable, CaseIterable {
  /// An example is a row, as it is recorded: z = x·Wᵀ + b and W̄ = z̄ᵀ·x.
  case rows
  /// An example is a column: z = W·x + b and W̄ = z̄·xᵀ. Values other than parameters are written as their transposes.
  case columns
}
