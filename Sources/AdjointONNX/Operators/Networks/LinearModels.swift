import Adjoint

// The linear models of the domain ai.onnx.ml, as scikit-learn's exporter writes them.

extension OperatorTable {
  mutating func addLinearModels() {
    self["ai.onnx.ml/LinearRegressor"] = { call in
      let scores = try scores(call, count: try call.int("targets", 1))
      return [GraphValue(try transformed(scores, call), .float, origins: call.origins)]
    }
    self["ai.onnx.ml/LinearClassifier"] = { call in try classified(call) }
    self["ai.onnx.ml/Scaler"] = { call in
      let x = try call.x(0)
      func row(_ name: String, _ usual: Double) throws -> Variable<S> {
        let values = try call.floats(name) ?? [usual]
        try call.require(
          values.count == 1 || values.count == x.shape.last, "a number for each feature", "\(values.count)")
        return call.tape.constant(Tensor(shape: [values.count], elements: values.map { S($0) }))
      }
      return call.result((x - (try row("offset", 0))) * (try row("scale", 1)), .float)
    }
    self["ai.onnx.ml/Normalizer"] = { call in
      let x = try call.x(0)
      try call.require(x.shape.rank > 0 && x.shape.elementCount > 0, "rows of numbers", "\(x.shape)")
      let norm: Variable<S>
      switch try call.string("norm", "MAX") {
      case "MAX": norm = x.abs().max(axis: -1, keepingDimensions: true)
      case "L1": norm = x.abs().sum(axis: -1, keepingDimensions: true)
      case "L2": norm = x.square().sum(axis: -1, keepingDimensions: true).sqrt()
      default: throw call.unsupported("the norm '\(try call.string("norm", ""))'")
      }
      return call.result(x / (norm + (norm .== 0)), .float)
    }
    self["ai.onnx.ml/Binarizer"] = { call in
      let x = try call.x(0)
      return call.result(x .> (try call.float("threshold", 0)))
    }
    self["ai.onnx.ml/ZipMap"] = { call in [try call.value(0)] }
  }
}

private func scores<S: Scalar>(_ call: Call<S>, count: Int) throws -> Variable<S> {
  let x = try call.x(0)
  let rows = x.shape.rank == 1 ? x.reshape(to: [1, x.shape[0]]) : x
  let weights = try call.floats("coefficients") ?? []
  try call.require(
    rows.shape.rank == 2 && count > 0 && weights.count == count * rows.shape[1],
    "\(count) × \(rows.shape.last ?? 0) coefficients", "\(weights.count)")
  let name = call.recorder.title(call.node)
  let w = call.recorder.parameter("\(name).coefficients", weights, [count, rows.shape[1]])
  let y = rows.matmul(w, transposeB: true)
  guard let bias = try call.floats("intercepts"), !bias.isEmpty else { return y }
  try call.require(bias.count == count, "\(count) intercepts", "\(bias.count)")
  return y + call.recorder.parameter("\(name).intercepts", bias, [count])
}

private func transformed<S: Scalar>(_ x: Variable<S>, _ call: Call<S>) throws -> Variable<S> {
  switch try call.string("post_transform", "NONE") {
  case "NONE": return x
  case "SOFTMAX": return x.softmax(axis: -1)
  case "LOGISTIC": return x.sigmoid()
  case let other: throw call.unsupported("the transform '\(other.prefix(40))'")
  }
}

private func classified<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (numbers, texts) = (try call.ints("classlabels_ints"), try call.strings("classlabels_strings"))
  let classes = numbers?.count ?? texts?.count ?? 0
  let width = try call.x(0).shape.last ?? 0
  let rows = (try call.floats("coefficients") ?? []).count / Swift.max(width, 1)
  let raw = try scores(call, count: rows)
  // One row of coefficients tells two classes apart.
  let all = rows == 1 && classes == 2
  let transform = try call.string("post_transform", "NONE")
  var y = raw
  if all {
    let second = try transformed(raw, call)
    y = concatenate([transform == "LOGISTIC" ? 1 - second : -second, second], axis: 1)
  } else {
    y = try transformed(raw, call)
  }
  try call.require(
    classes == y.shape[1] && texts?.count ?? numbers?.count == classes, "a label for each of \(y.shape[1]) scores",
    "\(classes)")
  let chosen = y.argMax(axis: 1)
  let places = chosen.indexValue.elements.map { Int($0) }
  let labels: GraphValue<S>
  if let texts {
    labels = GraphValue(texts: places.map { texts[$0] }, dims: [places.count])
  } else {
    let table = call.tape.constant(Tensor<S>(shape: [classes, 1], elements: (numbers ?? []).map { S(Double($0)) }))
    labels = GraphValue(table.gather(chosen).reshape(to: [places.count]), .int64, origins: call.origins)
  }
  return [labels, GraphValue(y, .float, origins: call.origins)]
}
