import AdjointKernels

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
    if recording.isProduct(i) { return (i, nil, nil) }
    guard form == .addBias || form.isMap else { return nil }
    let inputs = recording.nodes[i].inputs
    let x = inputs[0]
    guard recording.isPrivate(x, to: i), recording.forms[x] == .addBias || recording.isProduct(x) else { return nil }
    if form == .addBias {
      // A matrix times a vector has a bias for each row.
      let fits = recording.nodes.product(x, recording.forms[x])?.columns == recording.nodes[inputs[1]].shape[0]
      return fits && x != inputs[1] ? (x, i, nil) : nil
    }
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
    let nodes = recording.nodes
    guard recording.isProduct(product), recording.isPrivate(product, to: i),
      recording.isPrivate(addend, to: i), recording.forms[addend] != nil, !recording.isAlias[addend],
      nodes[product].shape == nodes[i].shape, nodes[addend].shape == nodes[i].shape
    else { return nil }
    return Pass(ProductPass(matmul: product, addend: addend), [product, i], results: [i])
  }

  // MARK: Running

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let inputs = builder.nodes[matmul].inputs
    let (a, b, c) = (builder.view(inputs[0]), builder.view(inputs[1]), builder.output(pass.results[0]))
    guard let form = builder.plan.forms[matmul]?.product([a.shape, b.shape], into: c.shape), form.isOne else {
      fatalError("Program: %\(matmul) is not one matrix product")
    }
    var product = MatrixProduct(form, a: a.base, b: b.base, c: c.base)
    product.bias = bias.map { builder.view($0).base }
    product.function = function
    product.accumulates = addend != nil
    return .product(product, addend: addend.map { builder.view($0).base })
  }
}

/// A sum of matrix products of one row each, one after the other: the gradient of weights that a loop over time uses step
/// by step. The sum stays in registers.
struct OuterProducts: FastPath {
  private let products: [Int]

  var overwriting: Overwriting { .none }

  /// So many products are added where they stand.
  private static let fewest = 4

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    let shape = recording.nodes[i].shape
    guard recording.forms[i] == .binary(.add), shape.rank == 2, shape.elementCount > 0,
      recording.windows.elementSize != nil
    else { return nil }
    func isOuter(_ product: Int, _ user: Int) -> Bool {
      recording.isProduct(product) && recording.nodes.product(product, recording.forms[product])?.depth == 1
        && recording.isPrivate(product, to: user) && recording.nodes[product].shape == shape
    }
    var (nodes, products, sum) = ([i], [Int](), i)
    while recording.forms[sum] == .binary(.add) {
      let inputs = recording.nodes[sum].inputs
      guard let side = [1, 0].first(where: { isOuter(inputs[$0], sum) }), recording.isPrivate(inputs[1 - side], to: sum)
      else { return nil }
      nodes += [inputs[0], inputs[1]]
      products.append(inputs[side])
      if isOuter(inputs[1 - side], sum) { products.append(inputs[1 - side]) }
      sum = inputs[1 - side]
    }
    guard products.count >= fewest, products.last == sum else { return nil }
    return Pass(OuterProducts(products: products.reversed()), nodes.sorted(), results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let y: Output<S> = builder.output(pass.results[0])
    let operands = builder.allocate(UnsafeRawPointer?.self, count: 2 * products.count)
    for (t, product) in products.enumerated() {
      let inputs = builder.nodes[product].inputs
      let (a, b): (View<S>, View<S>) = (builder.view(inputs[0]), builder.view(inputs[1]))
      (operands + t).initialize(to: a.base)
      (operands + products.count + t).initialize(to: b.base)
    }
    let job = ak_outer_products(
      a: operands, b: operands + products.count, count: products.count, columns: y.shape[1], first: 0, end: y.shape[0],
      y: UnsafeMutableRawPointer(y.base))
    return builder.instruction(running: OuterSum<S>(job))
  }
}

private final class OuterSum<S: Scalar>: PlacedOperation<S> {
  private let job: ak_outer_products
  private let kernel: @convention(c) (UnsafePointer<ak_outer_products>?) -> Void

  init(_ job: ak_outer_products) {
    guard let kernels = Kernels.active?.pointee else {
      fatalError("Program: the reference loops add product by product")
    }
    self.job = job
    kernel = S.self == Float.self ? kernels.outer_products_f32 : kernels.outer_products_f64
  }

  override func execute() { execute(part: 0, of: 1) }

  override func execute(part: Int, of parts: Int) {
    var job = job
    let band = Range(part: part, of: parts, in: job.end)
    (job.first, job.end) = (band.lowerBound, band.upperBound)
    kernel(&job)
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let (band, size) = (Range(part: part, of: parts, in: job.end), MemoryLayout<S>.stride)
    guard !band.isEmpty else { return footprint }
    for t in 0..<job.count {
      if let a = job.a[t] { footprint.read(bytes: band.count * size, at: a + band.lowerBound * size) }
      if let b = job.b[t] { footprint.read(bytes: job.columns * size, at: b) }
    }
    footprint.write(bytes: band.count * job.columns * size, at: job.y + band.lowerBound * job.columns * size)
    return footprint
  }

  override var work: Int { productOperations / 16 }
  override var productOperations: Int { 2 * job.end * job.columns * job.count }
}

extension PlannedRecording {
  /// True for one matrix product of operands in memory. Most nodes are none, and a `ProductForm` takes long to hand over, even none.
  @inline(__always)
  fileprivate func isProduct(_ i: Int) -> Bool {
    forms[i]?.isProduct == true && nodes.product(i, forms[i]) != nil && windows.use[i] == nil
  }
}

extension [Node] {
  /// The one matrix product that a node of this form is in memory; `nil` for several, and for another operation.
  func product(_ i: Int, _ form: OperationForm?) -> ProductForm? {
    guard let form, form.isProduct else { return nil }
    let inputs = self[i].inputs
    let product = form.product([self[inputs[0]].shape, self[inputs[1]].shape], into: self[i].shape)
    return product?.isOne == true ? product : nil
  }
}

extension Pass {
  /// The product that this pass computes, if it is one, for a checker that measures itself.
  package var product: ProductPass? {
    get { kind as? ProductPass }
    set { if let newValue { kind = newValue } }
  }
}
