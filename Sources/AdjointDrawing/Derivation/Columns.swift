import Adjoint

/// Formulas of values whose examples are columns: (x·Wᵀ)ᵀ = W·xᵀ, with xᵀ written x.
///
/// A matrix that is recorded with an example in each row is written as its transpose. Parameters and their adjoints stay as
/// they are.
struct ColumnWriter {
  /// The nodes of parameters, and of their adjoints.
  let parameters: Set<Int>

  /// A right side, for a left side that is a parameter or not.
  func written(_ formula: Formula, isParameter: Bool) -> Notation {
    notation(formula, transposed: !isParameter && formula.shape.rank == 2)
  }

  /// True where a tree is made of parameters alone.
  private func isParameter(_ formula: Formula) -> Bool {
    let nodes = formula.nodes
    return !nodes.isEmpty && nodes.isSubset(of: parameters)
  }

  private func notation(_ formula: Formula, transposed: Bool) -> Notation {
    guard formula.shape.rank == 2 || !transposed else { return notation(formula, transposed: false) }
    switch formula {
    case .number: return formula.notation
    case .symbol, .abbreviated:
      let isTurned = formula.shape.rank == 2 && transposed == isParameter(formula)
      return isTurned ? .transposed(formula.notation) : formula.notation
    case .slope(let operation, let x):
      return Formula.slopeNotation(operation, notation(x, transposed: transposed)) ?? formula.notation
    case .apply(let operation, let inputs, let shape):
      if case .product(let transposeA, let transposeB) = operation.form, shape.rank == 2,
        inputs.allSatisfy({ $0.shape.rank == 2 })
      {
        let a = notation(inputs[0], transposed: transposeA != transposed)
        let b = notation(inputs[1], transposed: transposeB != transposed)
        return transposed ? .infix(.product, b, a) : .infix(.product, a, b)
      }
      if operation.isElementwise || operation.form == .addBias {
        return formula.notation(inputs.map { notation($0, transposed: transposed && $0.shape.rank == 2) })
      }
      if let reduced = reduction(operation, inputs[0], keepsRank: shape.rank == 2) { return reduced }
      // Any other function acts on each example.
      let acted = formula.notation(inputs.map { notation($0, transposed: $0.shape.rank == 2 && !isParameter($0)) })
      return shape.rank == 2 && !transposed && !isParameter(formula) ? .transposed(acted) : acted
    }
  }

  /// A sum or mean over one axis of a matrix, which is the other axis of its transpose.
  private func reduction(_ operation: any Adjoint.Operation, _ x: Formula, keepsRank: Bool) -> Notation? {
    guard x.shape.rank == 2, !isParameter(x), !keepsRank else { return nil }
    let inner = notation(x, transposed: true)
    guard case .subscripted(let name, let axis, _) = operation.notation([inner]), axis == "0" || axis == "1" else {
      return nil
    }
    return .subscripted(name, axis == "0" ? "1" : "0", [inner])
  }
}
