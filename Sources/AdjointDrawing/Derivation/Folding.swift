import Adjoint

extension Formula {
  /// This tree as a lesson writes it. Reshapes stand for what they reshape, a convolution is written as one, the rule of a
  /// pooling by maximum as the place that won, and the entry of a row at its label as ŷₜ. Its value is the same.
  var folded: Formula {
    switch self {
    case .number, .symbol, .slope, .abbreviated: return self
    case .apply(let operation, let inputs, let shape):
      let tree = Formula.apply(operation, inputs.map(\.folded), shape)
      return tree.shorter.map { .abbreviated($0, tree) } ?? tree
    }
  }

  private var shorter: Notation? {
    guard case .apply(let operation, let inputs, let shape) = self else { return nil }
    let form = operation.form
    if form == .reshape { return inputs[0].notation }
    // The axes of a kernel beside those of a window.
    if form == .permute, shape.rank > 2 { return inputs[0].notation }
    if form.isSum || form.isMean, inputs[0].shape.elementCount == shape.elementCount { return inputs[0].notation }
    if form == .pick, case .symbol(let row, _, _) = inputs[0], case .symbol(let label, _, _) = inputs[1] {
      return .symbol(row + "_" + label)
    }
    if form.isProduct, case .subscripted("unfold", let window, let image) = inputs[0].notation,
      inputs[1].unfoldedSource.shape.rank == 4, case .product(false, true) = form
    {
      return .subscripted("conv", window, image + [inputs[1].unfoldedSource.notation])
    }
    if form == .fold, case .subscripted(_, let window, _) = notation, let winner = inputs[0].pooledCotangent {
      return .subscripted("unpool", window, [winner.notation])
    }
    return nil
  }

  /// The names among conv, unfold and fold that this tree is written with.
  var windowNames: Set<String> {
    switch self {
    case .number, .symbol: return []
    case .slope(_, let x): return x.windowNames
    case .abbreviated(.subscripted("conv", _, _), _): return ["conv"]
    case .abbreviated(.subscripted("unpool", _, _), let tree): return tree.pooled?.windowNames ?? []
    case .abbreviated(_, let tree): return tree.windowNames
    case .apply(let operation, let inputs, _):
      let own: Set<String> = operation.form == .unfold ? ["unfold"] : operation.form == .fold ? ["fold"] : []
      return inputs.reduce(into: own) { $0.formUnion($1.windowNames) }
    }
  }

  /// The cotangent of a pooling by maximum, in its rule.
  private var pooled: Formula? {
    guard case .apply(_, let inputs, _) = self else { return nil }
    return inputs[0].pooledCotangent
  }

  /// The tree below abbreviations and rearrangements.
  private var unfoldedSource: Formula {
    switch self {
    case .abbreviated(_, let tree): tree.unfoldedSource
    case .apply(let operation, let inputs, _) where operation.form == .reshape || operation.form == .permute:
      inputs[0].unfoldedSource
    case .number, .symbol, .apply, .slope: self
    }
  }

  /// p̄ in p̄ ⊙ [x = p] / Σ[x = p], the rule of a pooling by maximum.
  private var pooledCotangent: Formula? {
    guard let (hits, _) = unfoldedSource.operands(of: .divide),
      let (cotangent, isLargest) = hits.unfoldedSource.operands(of: .masked)
    else { return nil }
    guard case .apply(let comparison, _, _) = isLargest.unfoldedSource, comparison.isElementwise else { return nil }
    return cotangent.unfoldedSource
  }
}
