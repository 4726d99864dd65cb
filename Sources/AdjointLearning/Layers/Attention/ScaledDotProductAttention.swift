import Adjoint

/// softmax(s · Q·Kᵀ + bias)·V: each query q mixes the values by the similarity of their keys to q. Queries […, n, d], keys
/// […, m, d], values […, m, e]; the result is […, n, e]. Leading axes are repeated as in arithmetic.
///
/// A row of queries whose keys are all masked gives 0, and so does its gradient.
///
/// Source: Vaswani et al., "Attention is all you need", 2017, eq. 1.
/// - Parameters:
///   - mask: repeated to […, n, m]; a key counts where it is not 0.
///   - bias: added to the scores, repeated to […, n, m].
///   - isCausal: true when a query sees no later key. The last query stands beside the last key, so a query i sees the keys
///     up to i + m − n.
///   - scale: s; 1/√d when left out.
///   - rate: the share of weights that dropout sets to 0 in training.
public func scaledDotProductAttention<S: Scalar>(
  _ queries: Variable<S>, _ keys: Variable<S>, _ values: Variable<S>, mask: Variable<S>? = nil,
  bias: Variable<S>? = nil, isCausal: Bool = false, scale: Double? = nil, dropout rate: Double = 0,
  file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  requireFit(queries, keys, values, at: site)
  check(rate, "scaledDotProductAttention: dropout", .share, at: site)
  let (n, m) = (queries.shape[queries.shape.rank - 2], keys.shape[keys.shape.rank - 2])
  let tape = queries.tape
  return tape.scoped("attention") {
    let factor = scale ?? 1 / Double(max(queries.shape[queries.shape.rank - 1], 1)).squareRoot()
    var scores = (queries * factor).matmul(keys, transposeB: true, file: file, line: line)
    if let bias {
      requireBroadcast(bias, "bias", to: scores, at: site)
      scores = scores + bias
    }
    if let mask { requireBroadcast(mask, "mask", to: scores, at: site) }
    let causal = isCausal ? causalMask(n, m, on: tape) : nil
    let visible = mask.map { mask in causal.map { mask.masked(by: $0) } ?? mask } ?? causal
    var weights = scores
    // Not −∞: of a row of those, softmax is NaN.
    if let visible { weights = `where`(visible, scores, -1e30) }
    weights = weights.softmax()
    if let visible, mask != nil || n > m { weights = weights.masked(by: visible) }
    return dropout(weights, rate: rate).matmul(values, file: file, line: line)
  }
}

/// 1 where query i of n sees key j of m: j ≤ i + m − n.
private func causalMask<S: Scalar>(_ n: Int, _ m: Int, on tape: Tape<S>) -> Variable<S> {
  // Half a place between, so that no comparison is a tie.
  let queries = Tensor<S>(shape: [n, 1], elements: (0..<n).map { S(Double($0 + m - n) + 0.5) })
  let keys = Tensor<S>((0..<m).map { S(Double($0)) })
  return tape.constant(queries) .> tape.constant(keys)
}

private func requireFit<S: Scalar>(_ q: Variable<S>, _ k: Variable<S>, _ v: Variable<S>, at site: CallSite) {
  func text(_ x: Variable<S>) -> String { x.tape.describe(x.index) }
  for (name, x) in [("queries", q), ("keys", k), ("values", v)] where x.shape.rank < 2 {
    site.trap("scaledDotProductAttention: the \(name), \(text(x)), have no rows; give […, count, width]")
  }
  guard q.shape.last == k.shape.last else {
    site.trap(
      "scaledDotProductAttention: the queries, \(text(q)), and the keys, \(text(k)), have different widths; their last axes "
        + "must be equal")
  }
  guard k.shape[k.shape.rank - 2] == v.shape[v.shape.rank - 2] else {
    site.trap(
      "scaledDotProductAttention: there are \(k.shape[k.shape.rank - 2]) keys, \(text(k)), and "
        + "\(v.shape[v.shape.rank - 2]) values, \(text(v)); give one value for each key")
  }
}

private func requireBroadcast<S: Scalar>(
  _ x: Variable<S>, _ name: String, to scores: Variable<S>, at site: CallSite
) {
  guard x.role != .index, x.shape.broadcasts(to: scores.shape) else {
    site.trap(
      "scaledDotProductAttention: the \(name), \(x.tape.describe(x.index)), does not fit the scores \(scores.shape), […, "
        + "queries, keys]; give numbers of a shape that is repeated to that one")
  }
}
