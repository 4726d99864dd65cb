import Adjoint

/// Several nodes of a recording that one operator of ONNX computes: a product with a bias, a convolution.
struct LayerForm {
  enum Kind {
    /// op(A)·op(B) + c
    case product(flags: [Bool])
    /// Images, kernels [out, in, height, width], and perhaps a bias.
    case convolution(WindowList)
  }
  let kind: Kind
  /// The nodes that the operator reads.
  let inputs: [Int]

  /// The layers among some nodes, each by its last node. The nodes between have no other reader.
  static func found(
    in recorded: RecordedGraph, among needed: [Bool], wanted: Set<Int>, element: ONNXElement
  ) -> [Int: LayerForm] {
    var uses = [Int](repeating: 0, count: recorded.nodes.count)
    for (node, item) in recorded.nodes.enumerated() where needed[node] { for input in item.inputs { uses[input] += 1 } }
    for node in wanted { uses[node] += 1 }
    let finder = Finder(recorded: recorded, uses: uses)
    var layers: [Int: LayerForm] = [:]
    for node in recorded.nodes.indices where needed[node] {
      // Runtimes have convolutions in single precision alone.
      layers[node] = (element == .float ? finder.convolution(node) : nil) ?? finder.product(node)
    }
    return layers
  }

  func written(_ call: OperatorCall, _ recording: WrittenRecording) -> WrittenValue {
    switch kind {
    case .product(let flags):
      return WrittenValue(plain: call.emit("Gemm", inputs.map { recording.plain($0) }, WrittenOperators.gemm(flags)))
    case .convolution(let windows):
      let operands = [recording.channelsFirst(inputs[0])] + inputs.dropFirst().map { recording.plain($0) }
      return WrittenValue(channelsFirst: call.emit("Conv", operands, windows.attributes()))
    }
  }

  private struct Finder {
    let recorded: RecordedGraph
    let uses: [Int]

    /// The node of a form that only one other node reads, with its inputs.
    private func inner(_ node: Int, _ form: OperationForm) -> [Int]? {
      uses[node] == 1 && recorded.nodes[node].operation?.form == form ? recorded.nodes[node].inputs : nil
    }
    private func attributes(_ node: Int) -> AttributeList {
      AttributeList(recorded.nodes[node].operation?.attributes ?? [])
    }
    private func shape(_ node: Int) -> Shape { recorded.nodes[node].shape }

    func product(_ node: Int) -> LayerForm? {
      let item = recorded.nodes[node]
      guard item.operation?.form == .addBias, uses[item.inputs[0]] == 1,
        let product = recorded.nodes[item.inputs[0]].operation, product.form.isProduct
      else { return nil }
      let operands = recorded.nodes[item.inputs[0]].inputs
      guard operands.allSatisfy({ shape($0).rank == 2 && shape($0).elementCount > 0 }) else { return nil }
      let flags = ["transposeA", "transposeB"].map { attributes(item.inputs[0]).flag($0) }
      return LayerForm(kind: .product(flags: flags), inputs: operands + [item.inputs[1]])
    }

    /// unfold(X)·Wᵀ + b, with the reshapes and the order of axes that make matrices of images and kernels.
    func convolution(_ node: Int) -> LayerForm? {
      let item = recorded.nodes[node]
      guard item.operation?.form == .reshape, item.shape.rank == 4, item.shape.elementCount > 0 else { return nil }
      var (product, bias) = (item.inputs[0], [Int]())
      if let inputs = inner(product, .addBias) { (product, bias) = (inputs[0], [inputs[1]]) }
      guard let operands = inner(product, .product(transposeA: false, transposeB: true)),
        let rows = inner(operands[0], .reshape), let images = inner(rows[0], .unfold),
        recorded.nodes[operands[1]].operation?.form == .reshape
      else { return nil }
      let windows = WindowList(attributes(rows[0]))
      guard Array(item.shape.prefix(3)) == Array(shape(rows[0]).prefix(3)) else { return nil }
      var kernels = recorded.nodes[operands[1]].inputs[0]
      let isOrdered = recorded.nodes[kernels].operation?.form == .permute
      if isOrdered {
        guard attributes(kernels).list("order") == [0, 2, 3, 1] else { return nil }
        kernels = recorded.nodes[kernels].inputs[0]
      }
      let channels = shape(images[0])[3]
      guard Array(shape(kernels)) == [item.shape[3], channels] + windows.size,
        isOrdered || channels == 1 || windows.count == 1
      else { return nil }
      return LayerForm(kind: .convolution(windows), inputs: [images[0], kernels] + bias)
    }
  }
}
