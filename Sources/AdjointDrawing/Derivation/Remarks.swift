import Adjoint

/// A sentence with formulas in it.
package struct Remark: Sendable {
  package enum Part: Sendable {
    case words(String)
    case formula(Notation)
  }
  package let parts: [Part]

  init(_ parts: [Part]) { self.parts = parts }

  /// The remark as Unicode text.
  package var text: String {
    parts.map { part in
      switch part {
      case .words(let words): words
      case .formula(let formula): formula.text
      }
    }.joined()
  }
}

extension Derivation {
  /// Remarks on the way to the adjoint of a node, in the words of a textbook.
  func remarks(on node: Int, _ plan: NamingPlan<S>) -> [Remark] {
    let edges = backward.contributions(to: output.tape[node])
    let own = Remark.Part.formula(.symbol(symbols[node]))
    var remarks: [Remark] = []
    if edges.count > 1 {
      remarks.append(Remark([own, .words(" is used \(edges.count) times: the contributions of its uses are added")]))
    }
    for edge in edges {
      guard let remark = remark(edge, plan) else { continue }
      if !remarks.contains(where: { $0.text == remark.text }) { remarks.append(remark) }
    }
    return remarks
  }

  /// The meaning of the signs for windows in a right side, where they stand for the first time.
  func windowRemarks(on sides: [Formula]) -> [Remark] {
    var remarks: [Remark] = []
    for name in isUnfolded ? [] : Set(sides.flatMap(\.folded.windowNames)).sorted() {
      let words =
        switch name {
        case "conv":
          "conv[height,width](x, W) slides a window over x; each element is Σ over u, v, c of W[o, c, u, v] ⊙ x[n, i + u, j + v, c], "
            + "a kernel W[o] times a window"
        case "unfold":
          "unfold has a row for each window: the product is the sum over all windows of adjoint times window"
        default: "fold adds what each window hands back, where windows overlap"
        }
      let isKnown = equations.contains { $0.remarks.contains { $0.text == words } }
      if !isKnown { remarks.append(Remark([.words(words)])) }
    }
    return remarks
  }

  /// The form of one use's Jacobian, and the form that the product with it takes.
  private func remark(_ edge: Backward<S>.Edge, _ plan: NamingPlan<S>) -> Remark? {
    let consumer = output.tape[edge.consumer]
    let x = consumer.inputs[edge.position]
    let own = Remark.Part.formula(.symbol(symbols[x.index]))
    let host = plan.named(edge.consumer)
    let hasName = output.tape[host].shape == consumer.shape
    let user: [Remark.Part] =
      hasName
      ? [.formula(.symbol(symbols[host]))]
      : [.words("("), .formula(expanded(edge.consumer).tidied.folded.notation), .words(")")]
    let jacobian = [.words("∂")] + user + [.words("/∂"), own]
    guard let operation = consumer.operation, x.shape.elementCount > 1 else { return nil }
    if let product = operation.form.product(consumer.inputs.map(\.shape), into: consumer.shape) {
      guard product.isOne else {
        return Remark(
          jacobian + [.words(" is made of a Kronecker product for each of \(product.count) matrix products")])
      }
      let other = consumer.inputs[1 - edge.position]
      let factor = Remark.Part.formula(expanded(other.index).folded.notation)
      guard x.role == .parameter || (edge.position == 1 && other.role != .parameter) else {
        return Remark(
          jacobian + [
            .words(" is a Kronecker product of "), factor, .words(" and I: the product with it is one with "), factor,
          ])
      }
      let rows = edge.position == 0 ? product.columns : product.rows
      let sum = rows == 1 ? "an outer product" : "the sum of \(rows) outer products"
      return Remark(
        jacobian + [.words(" is a Kronecker product of "), factor, .words(" and I: the product with it is \(sum)")])
    }
    if operation.form == .maxPool {
      return Remark([
        .words("unpool puts the adjoint of "), user[0],
        .words(" where the largest element of its window stands, and 0 elsewhere; "),
        .words("elements that tie share it"),
      ])
    }
    guard operation.isElementwise else { return nil }
    if x.shape.elementCount < consumer.shape.elementCount {
      let count = consumer.shape.elementCount / x.shape.elementCount
      if operation.form == .addBias {
        let places = output.tape[host].shape.rank > 2 ? "places" : examples.rawValue
        return Remark([own, .words(" is added to \(count) \(places): its adjoint is the sum over them")])
      }
      return Remark([own, .words(" is repeated \(count) times: the contributions of its copies are added")])
    }
    // Sums and differences pass a cotangent on as it is, and a number only scales it.
    let isScaled = consumer.inputs.contains { $0.index != x.index && $0.shape.elementCount == 1 }
    let form = operation.form
    let isSum = [.addBias, .binary(.add), .binary(.subtract)].contains(form)
    let isIdentity = isSum || form == .unary(.negate) || (isScaled && form.binary != nil)
    return isIdentity ? nil : Remark(jacobian + [.words(" is diagonal: the product with it becomes ⊙")])
  }
}
