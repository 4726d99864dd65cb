import Adjoint

/// A layer z = W·x + b of a recording, with its numbers.
struct DenseLayer {
  /// ⁽¹⁾ for a layer with a number, _gate for one with a name.
  let index: String
  /// A row for each unit.
  let weights: [[Double]]
  /// Empty without a bias.
  let biases: [Double]
  /// The inputs of one example.
  let inputs: [Double]
  /// The weighted sums of one example.
  let sums: [Double]
  /// What the activation made of them; the sums where there is none.
  let outputs: [Double]
  /// The name of the activation, such as `tanh`; `nil` where there is none.
  let activation: String?

  /// The dense layers of a recording, each of which takes what the one before gives.
  /// - Throws: `PictureError` where there is none, where one is no matrix, or where they do not follow each other.
  static func chain<S: Scalar>(of output: Variable<S>, example: Int, for picture: String) throws(PictureError)
    -> [DenseLayer]
  {
    let layers = LayerReader(output.tape, output.dependencies).layers
    let remedy = "give the loss of a network of dense layers"
    guard !layers.isEmpty else {
      throw PictureError(picture, expected: "dense layers", found: "no product with a parameter", remedy: remedy)
    }
    var chain: [DenseLayer] = []
    for layer in layers {
      guard let dense = try DenseLayer(layer, on: output.tape, example: example, for: picture) else {
        let shape = output.tape[layer.weight].shape
        throw PictureError(
          picture, expected: "weights [outputs, inputs], one use each", found: "layer \(layer.index) with \(shape)",
          remedy: remedy)
      }
      if let last = chain.last, last.outputs != dense.inputs {
        throw PictureError(
          picture, expected: "layers that follow each other",
          found: "layer \(dense.index), which does not take what layer \(last.index) gives", remedy: remedy)
      }
      chain.append(dense)
    }
    return chain
  }

  private init?<S: Scalar>(
    _ layer: LayerReader.Layer, on tape: Tape<S>, example: Int, for picture: String
  ) throws(PictureError) {
    guard layer.sums.count == 1, tape[layer.weight].shape.rank == 2 else { return nil }
    var product = tape[layer.sums[0]]
    while product.operation?.form.isProduct != true {
      guard let before = product.inputs.first(where: { $0.index != layer.bias && $0.role != .parameter }) else {
        return nil
      }
      product = before
    }
    guard case .product(let left, let right)? = product.operation?.form,
      let side = product.inputs.firstIndex(where: { $0.index == layer.weight }), product.shape.rank == 2
    else { return nil }
    // x·Wᵀ has an example in a row, W·x in a column.
    let (isRows, x) = (side == 1, product.inputs[1 - side])
    let examples = product.shape[isRows ? 0 : 1]
    guard example >= 0, example < examples else {
      throw PictureError(
        picture, expected: "an example from 0 to \(examples - 1)", found: "\(example)", remedy: "choose one of these")
    }
    func values(_ node: Variable<S>, _ count: Int, transposed: Bool = false) -> [Double] {
      let (elements, inRows) = (node.value.elements.map { $0.primal }, isRows != transposed)
      return (0..<count).map { elements[inRows ? example * count + $0 : $0 * examples + example] }
    }
    let matrix = tape[layer.weight].value
    let (height, width) = (matrix.shape[0], matrix.shape[1])
    let elements = matrix.elements.map { $0.primal }
    let isTransposed = isRows ? !right : left
    weights =
      isTransposed
      ? (0..<width).map { unit in (0..<height).map { elements[$0 * width + unit] } }
      : (0..<height).map { Array(elements[$0 * width..<($0 + 1) * width]) }
    biases = layer.bias.map { tape[$0].value.elements.map { $0.primal } } ?? []
    index = layer.index
    let (units, activated) = (weights.count, layer.activations.first.map { tape[$0] })
    inputs = values(x, weights.first?.count ?? 0, transposed: isRows ? left : right)
    let recorded = values(tape[layer.sums[0]], units)
    (sums, outputs) = (recorded, activated.map { values($0, units) } ?? recorded)
    activation = activated?.operation?.name
  }
}
