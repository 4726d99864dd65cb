import Adjoint

// Losses with labels, weights of classes and labels that are passed over.

extension OperatorTable {
  mutating func addLosses() {
    self["NegativeLogLikelihoodLoss"] = { call in call.result(try likelihood(try call.x(0), call)) }
    self["SoftmaxCrossEntropyLoss"] = { call in
      let x = try call.x(0)
      try call.require(x.shape.rank >= 2, "[batch, classes, …]", "\(x.shape)")
      let y = x.logSoftmax(axis: 1)
      return call.result(try likelihood(y, call)) + call.result(y)
    }
  }
}

/// −Σ w · log p over the labels that count, for log p [batch, classes, …].
private func likelihood<S: Scalar>(_ logarithms: Variable<S>, _ call: Call<S>) throws -> Variable<S> {
  let dims = Array(logarithms.shape)
  let labels = try call.dims(1)
  try call.require(
    dims.count >= 2 && labels == [dims[0]] + dims.dropFirst(2), "a label for each of \(dims)", "\(labels)")
  let classes = dims[1]
  let rows = logarithms.moveAxis(from: 1, to: -1)
  let weights = try call.optionalX(2)
  try call.require(weights == nil || weights?.shape == [classes], "\(classes) weights", "others")
  let ignored = try call.int("ignore_index")
  let known = try call.value(1)
  var losses: Variable<S>
  var counted: Variable<S>?
  if ignored == nil, let index = known.index, index.indexValue.elements.allSatisfy({ 0..<Int32(classes) ~= $0 }) {
    losses = -rows.pick(index)
    if let weights { counted = weights.gather(index) }
  } else {
    let values = try call.ints(1)
    let isKept = values.map { $0 != ignored }
    try call.require(
      zip(values, isKept).allSatisfy { !$1 || (0..<classes).contains($0) }, "labels below \(classes)", "others")
    let index = call.tape.index(
      Tensor<Int32>(shape: try call.shape(labels), elements: zip(values, isKept).map { $1 ? Int32($0) : 0 }))
    let kept = call.tape.constant(Tensor<S>(shape: Shape(labels), elements: isKept.map { $0 ? 1 : 0 }))
    losses = (-rows.pick(index)).masked(by: kept)
    counted = weights.map { $0.gather(index).masked(by: kept) } ?? (ignored == nil ? nil : kept)
  }
  if let counted, weights != nil { losses = losses * counted }
  switch try call.string("reduction", "mean") {
  case "none": return losses
  case "sum": return losses.sum()
  case "mean":
    return try counted.map { losses.sum() / $0.sum() } ?? call.mean(losses, Array(losses.shape.indices), keeps: false)
  default: throw call.unsupported("reduction '\(try call.string("reduction", ""))'")
  }
}
