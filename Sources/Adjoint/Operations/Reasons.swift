// The reasons for the contributions that the rules record, as a teacher would give them: a sentence for each kind of
// operation and each input. A new kind of operation needs its sentence.

extension Operation {
  /// The reason, in a sentence or two, why the contribution to the input at a position has the form that it has.
  /// - Parameters:
  ///   - position: the input to which the contribution flows.
  ///   - x: the shapes of the inputs.
  ///   - y: the shape of the result.
  package func reason(forInput position: Int, of x: [Shape], into y: Shape) -> String {
    let own = form.reason(position, x, y, isElementwise: isElementwise)
    guard isElementwise, form != .addBias, x[position].elementCount < y.elementCount, x[position].elementCount > 0
    else { return own }
    let copies = y.elementCount / x[position].elementCount
    return own + " Each element was used \(copies) times, by broadcasting, so the contributions of its copies add."
  }
}

extension OperationForm {
  fileprivate func reason(_ i: Int, _ x: [Shape], _ y: Shape, isElementwise: Bool) -> String {
    let count = x[i].elementCount
    switch self {
    case .map(let f): return f.reason(isSingle: count == 1)
    case .zip(.binary(let f)): return f.reason(i, isSingle: y.elementCount == 1)
    case .zip(.comparison): return "A comparison is constant between its jumps: nothing flows through it."
    case .select: return "The adjoint goes to the branch that was chosen; what was not chosen did not move the result."
    case .product(let transposeA, let transposeB): return productReason(i, [transposeA, transposeB][i], x, y)
    case .addBias:
      if i == 0 {
        return "A sum hands on what it gets: this term enters with slope 1, so the Jacobian is the identity."
      }
      let rows = y.elementCount / max(count, 1)
      return rows == 1
        ? "A sum hands on what it gets: the bias enters with slope 1, so the Jacobian is the identity."
        : "The same bias was added to \(rows) rows: it moves the loss through each of them, so their contributions add."
    case .sum: return "Every element enters its sum with slope 1, so each gets the whole adjoint of that sum."
    case .mean:
      let n = count / max(y.elementCount, 1)
      return "Every element enters the mean of \(n) with slope 1/\(n), so each gets that share of the adjoint."
    case .variance:
      return
        "A squared deviation has twice the deviation as its slope; the mean moves too, but the deviations from it add up "
        + "to 0, so no other term is left."
    case .extremum(let kind, _, _):
      let word = kind == .max ? "largest" : "smallest"
      return
        "Only the \(word) element moves the result: the adjoint goes to its place, the others get 0, and ties share it."
    case .softmax(let kind): return kind.reason
    case .cumulativeSum:
      return
        "An element is part of every sum from its place on, so its contributions are a cumulative sum from the other end."
    case .broadcast:
      return
        "Each element was copied \(y.elementCount / max(count, 1)) times: every copy moves the loss, so the contributions add."
    case .reshape:
      return "The elements keep their order and only the shape changes, so the adjoint takes the old shape back."
    case .permute: return "The elements only changed places (a permutation matrix); its transpose puts them back."
    case .slice:
      return "What was cut out gets its adjoint back; what was left behind did not move the result and gets 0."
    case .pad: return "The margin is constant, so the adjoint is cut back to the part inside."
    case .concatenate: return "Each part takes back the piece of the adjoint that stands where the part went."
    case .stopGradient: return "Here the gradient is stopped on purpose."
    case .gather, .gatherAlong:
      return "The adjoint goes back to where each element was taken from; what was taken more than once gets the sum."
    case .scatterAdd, .scatterAddAlong:
      return "An element was added at one place of the result, so it gets the adjoint of that place."
    case .pick:
      return "One element of each row was picked: its place gets the adjoint, and the rest of the row gets 0."
    case .argMax, .argSort, .oneHot, .asNumbers:
      return "Positions do not move with the numbers: nothing flows through them."
    case .cholesky:
      return "x = L·Lᵀ holds before and after a small change; solving that for the change of L gives triangular solves."
    case .solveTriangular, .solve:
      return i == 0
        ? "A·y = b keeps holding when A moves: A·dy = −dA·y, so the contribution is −(A⁻ᵀ·ȳ)·yᵀ."
        : "y = A⁻¹·b is linear in b, so the contribution is a solve with the transposed matrix."
    case .determinant:
      return
        "The determinant is linear in each element, with the cofactor as its slope (for the logarithm: over the determinant)."
    case .unfold:
      return "A pixel stands in several windows and moves the loss through each, so the windows are added back (fold)."
    case .fold:
      return "Every element of a window was added to one pixel, so it gets the adjoint of that pixel (unfold)."
    case .maxPool:
      return "Only the largest element of a window moves the result: the adjoint goes back to the place that won."
    case .averagePool:
      return "Every element of a window enters its mean with equal weight, so each gets an equal share."
    case .scan:
      return
        "Each step moved the loss through its results and through what it handed on: a loop from the last step to the first "
        + "collects both."
    case .other:
      return isElementwise
        ? "Each element of the result depends on one element alone: the Jacobian is diagonal, and the product with it becomes ⊙."
        : "The rule of this operation records the transposed Jacobian times the adjoint."
    }
  }

  private func productReason(_ i: Int, _ isTransposed: Bool, _ x: [Shape], _ y: Shape) -> String {
    let before = isTransposed ? " It stood transposed in the product, so the result is transposed back." : ""
    if i == 0 {
      return
        "Row by row, the left factor reaches the result through the right one: adding up its ways there is a product "
        + "with the right factor transposed." + before
    }
    let rows = x[0].elementCount / max(x[0].last ?? 1, 1)
    return "The right factor meets every row of the left one: left factor transposed times adjoint, "
      + (rows > 1 ? "a sum of \(rows) outer products." : "an outer product.") + before
  }
}

extension MapFunction {
  fileprivate func reason(isSingle: Bool) -> String {
    let chain =
      isSingle
      ? "The chain rule: the adjoint of the result is multiplied by the slope of the function here."
      : "Each element of the result depends on one element alone: the Jacobian is diagonal, and the product with it becomes ⊙."
    switch self {
    case .unary(.negate): return "The result falls as this grows, at the same rate: the adjoint changes its sign."
    case .unary(.relu): return chain + " Where its argument is ≤ 0 relu is constant, and the adjoint is switched off."
    case .unary(.tanh): return chain + " That of tanh is 1 − tanh², and sech² is the same number."
    case .unary(.sigmoid): return chain + " That of σ is σ·(1 − σ), and σ of the negative number is 1 − σ."
    case .unary(.sign), .unary(.step), .unary(.floor), .unary(.ceil), .unary(.round), .unary(.trunc):
      return "The result is constant between its jumps: nothing flows."
    case .clamp: return chain + " Beyond the limits the result is constant, and the adjoint is switched off."
    case .unary, .leakyReLU, .elu, .power, .polygamma: return chain
    }
  }
}

extension Binary {
  fileprivate func reason(_ i: Int, isSingle: Bool) -> String {
    let diagonal = isSingle ? "" : " Elements do not mix, so the Jacobian is diagonal."
    switch self {
    case .add: return "A sum hands on what it gets: each term enters with slope 1."
    case .subtract:
      return i == 0
        ? "A difference hands on what it gets: its first term enters with slope 1."
        : "The second term of a difference enters with slope −1: the adjoint changes its sign."
    case .multiply: return "The slope of a product in one factor is the other factor." + diagonal
    case .divide:
      return
        (i == 0
        ? "The slope of a quotient in its numerator is 1 over the denominator."
        : "The slope of a quotient in its denominator is minus the quotient, over the denominator.") + diagonal
    case .maximum, .minimum:
      return "Only the argument that won moves the result: it gets the adjoint, and a tie is shared."
    case .masked:
      return "Where the mask is 0 nothing passes, whatever stands there; elsewhere the adjoint passes as it is."
    case .pow, .atan2, .hypot, .remainder, .logAddExp:
      return "The adjoint is multiplied by the slope of the result in this argument, the other one held." + diagonal
    }
  }
}

extension SoftmaxKind {
  fileprivate var reason: String {
    switch self {
    case .softmax:
      return
        "The outputs of a row share the sum that they are divided by, so each depends on every input of its row: the Jacobian "
        + "has a full block for each row."
    case .logSoftmax:
      return
        "An output is its own input less the logarithm of the row's sum: slope 1 in its own, and −softmax in every input of "
        + "the row, so the Jacobian has a full block for each row."
    case .logSumExp: return "The slope of ln Σ eˣ in an input is its share eˣ / Σ eˣ of the sum: the softmax."
    }
  }
}
