/// A matrix product with its bias, its function, or both; or one that is added to a value that nothing else reads.
package struct ProductPass: FastPath {
  package let matmul: Int
  package var bias: Int?
  package var function: MapFunction?
  /// The value onto which the product is added.
  package var addend: Int?

  var overwriting: Overwriting { addend.map { .operand($0) } ?? .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    product(endingIn: i, recording) ?? accumulation(in: i, recording)
  }

  // MARK: matmul → + bias → f

  private static func product(endingIn i: Int, _ recording: PlannedRecording) -> Pass? {
    guard let parts = parts(i, recording) else { return nil }
    var kind = ProductPass(matmul: parts.matmul)
    if let last = parts.function, case .map(let f)? = recording.forms[last] { kind.function = f }
    kind.bias = parts.bias.map { recording.nodes[$0].inputs[1] }
    return Pass(kind, [parts.matmul, parts.bias, parts.function].compactMap { $0 }, results: [i])
  }

  /// The nodes of the pattern that ends in i: a product, then perhaps a bias, then perhaps a function.
  private static func parts(_ i: Int, _ recording: PlannedRecording) -> (matmul: Int, bias: Int?, function: Int?)? {
    guard let form = recording.forms[i] else { return nil }
    if form.isProduct { return (i, nil, nil) }
    guard form == .addBias || form.isMap else { return nil }
    let inputs = recording.nodes[i].inputs
    let x = inputs[0]
    let takesProduct = recording.forms[x]?.isProduct == true
    guard recording.isPrivate(x, to: i), takesProduct || recording.forms[x] == .addBias else { return nil }
    if form == .addBias { return takesProduct && x != inputs[1] ? (x, i, nil) : nil }
    return parts(x, recording).map { ($0.matmul, $0.bias, i) }
  }

  // MARK: product + addend

  /// The pass of a sum in node i, of a product and a value that ends here. The product is added where that value
  /// stands.
  private static func accumulation(in i: Int, _ recording: PlannedRecording) -> Pass? {
    guard recording.forms[i] == .binary(.add) else { return nil }
    let (a, b) = (recording.nodes[i].inputs[0], recording.nodes[i].inputs[1])
    return accumulation(of: max(a, b), onto: min(a, b), in: i, recording)
      ?? accumulation(of: min(a, b), onto: max(a, b), in: i, recording)
  }

  private static func accumulation(
    of product: Int, onto addend: Int, in i: Int, _ recording: PlannedRecording
  ) -> Pass? {
    let (nodes, form) = (recording.nodes, recording.forms[addend])
    guard recording.forms[product]?.isProduct == true, recording.isPrivate(product, to: i),
      recording.isPrivate(addend, to: i), let form, form != .reshape,
      nodes[product].shape == nodes[i].shape, nodes[addend].shape == nodes[i].shape
    else { return nil }
    return Pass(ProductPass(matmul: product, addend: addend), [product, i], results: [i])
  }

  // MARK: Running

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    guard case .product(let transposeA, let transposeB)? = builder.plan.forms[matmul] else {
      fatalError("Program: %\(matmul) is not a matrix product")
    }
    let inputs = builder.nodes[matmul].inputs
    let (a, b, c) = (builder.view(inputs[0]), builder.view(inputs[1]), builder.output(pass.results[0]))
    var product = MatrixProduct(
      rows: c.shape[0], columns: c.shape[1], depth: a.shape[transposeA ? 0 : 1], a: a.base, b: b.base, c: c.base,
      transposeA: transposeA, transposeB: transposeB)
    product.bias = bias.map { builder.view($0).base }
    product.function = function
    product.accumulates = addend != nil
    return .product(product, addend: addend.map { builder.view($0).base })
  }
}

extension Pass {
  /// The product that this pass computes, if it is one, for a checker that measures itself.
  package var product: ProductPass? {
    get { kind as? ProductPass }
    set { if let newValue { kind = newValue } }
  }
}
