import AdjointKernels

/// The products of a convolution without its windows in memory: `unfold`, product, bias and function; the weights'
/// gradient; the product and `fold` of the images' gradient.
///
/// Kernels read windows from the images, and add up each place of the images in the order of `fold`.
struct WindowProducts: FastPath {
  enum Kind { case forward, weights, images }

  private let kind: Kind
  private let grid: WindowGrid
  private let kernels: Int
  /// The images, or the cotangents of the windows' products.
  private let a: Int
  /// The weights, or those cotangents beside images.
  private let b: Int
  private var bias: Int?
  private var function: MapFunction?
  /// The weights' gradient as the sums of its chains, which `WindowChains` adds up.
  private var isInChains = false

  var overwriting: Overwriting { .none }

  private init(_ kind: Kind, _ grid: WindowGrid, kernels: Int, _ a: Int, _ b: Int) {
    (self.kind, self.grid, self.kernels, self.a, self.b) = (kind, grid, kernels, a, b)
  }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    if recording.forms[i] == .fold { return images(endingIn: i, recording) }
    return recording.windows.isEmpty ? nil : product(endingIn: i, recording)
  }

  /// unfold → matmul → + bias → f, or ḡᵀ·unfold.
  private static func product(endingIn i: Int, _ recording: PlannedRecording) -> Pass? {
    var (nodes, bias, function): ([Int], Int?, MapFunction?) = ([i], nil, nil)
    if case .map(let f)? = recording.forms[i], f.kernel != nil {
      guard recording.descend(from: &nodes) else { return nil }
      function = f
    }
    if recording.forms[nodes[0]] == .addBias {
      bias = recording.nodes[nodes[0]].inputs[1]
      guard recording.descend(from: &nodes) else { return nil }
    }
    guard let use = recording.windows.use[nodes[0]] else { return nil }
    let inputs = recording.nodes[nodes[0]].inputs
    let images = recording.nodes[use.unfold].inputs[0]
    guard use.isLeft || nodes.count == 1 else { return nil }
    var kind = WindowProducts(
      use.isLeft ? .forward : .weights, use.grid, kernels: use.kernels, images, inputs[use.isLeft ? 1 : 0])
    if let bias, recording.nodes[bias].shape != [use.kernels] { return nil }
    (kind.bias, kind.function, kind.isInChains) = (bias, function, recording.windowChains.contains(i))
    return Pass(kind, nodes, results: [i])
  }

  /// ḡ·W → fold.
  private static func images(endingIn i: Int, _ recording: PlannedRecording) -> Pass? {
    var nodes = [i]
    guard let bytes = recording.windows.elementSize, let windows = recording.windowsOf(i),
      recording.descend(from: &nodes),
      recording.windows.use[nodes[0]] == nil, let form = recording.nodes.product(nodes[0], recording.forms[nodes[0]]),
      !form.transposeA, !form.transposeB
    else { return nil }
    let (inputs, unfolded) = (recording.nodes[nodes[0]].inputs, recording.nodes[recording.nodes[i].inputs[0]].shape)
    let grid = WindowGrid(windows, on: recording.nodes[i].shape, grid: Extent2D(unfolded[1], unfolded[2]))
    guard form.rows == grid.positions, form.columns == unfolded[3], grid.mostOverlapping <= Float.rowBlock,
      grid.fits(kernels: form.depth, elementSize: bytes)
    else { return nil }
    return Pass(WindowProducts(.images, grid, kernels: form.depth, inputs[0], inputs[1]), nodes, results: [i])
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let y: Output<S> = builder.output(pass.results[0])
    var job = ak_convolution()
    (job.windows, job.kernels) = (grid.kernel, kernels)
    let (a, b) = (UnsafeRawPointer(builder.view(a).base), UnsafeRawPointer(builder.view(b).base))
    switch kind {
    case .forward: (job.x, job.w) = (a, b)
    case .weights: (job.x, job.g) = (a, b)
    case .images: (job.g, job.w) = (a, b)
    }
    job.bias = bias.map { UnsafeRawPointer(builder.view($0).base) }
    (job.f, job.p, job.q) = function?.kernel ?? (AK_COPY, 0, 0)
    job.y = UnsafeMutableRawPointer(y.base)
    return builder.instruction(running: WindowProduct(kind, job, grid, isInChains: isInChains))
  }
}

final class WindowProduct<S: Scalar>: PlacedOperation<S> {
  private let kind: WindowProducts.Kind
  private let job: ak_convolution
  private let grid: WindowGrid
  private let isDepthwise: Bool
  private let isInChains: Bool
  private let kernel: @convention(c) (UnsafePointer<ak_convolution>?) -> Void

  init(
    _ kind: WindowProducts.Kind, _ job: ak_convolution, _ grid: WindowGrid, isDepthwise: Bool = false,
    isInChains: Bool = false
  ) {
    (self.kind, self.job, self.grid, self.isDepthwise, self.isInChains) = (kind, job, grid, isDepthwise, isInChains)
    guard let kernels = Kernels.active?.pointee else {
      fatalError("Program: the reference loops keep windows in memory")
    }
    let isSingle = S.self == Float.self
    kernel =
      switch (kind, isDepthwise) {
      case (.forward, false): isSingle ? kernels.convolve_f32 : kernels.convolve_f64
      case (.weights, false) where isInChains: isSingle ? kernels.convolve_chains_f32 : kernels.convolve_chains_f64
      case (.weights, false): isSingle ? kernels.convolve_weights_f32 : kernels.convolve_weights_f64
      case (.images, false): isSingle ? kernels.convolve_images_f32 : kernels.convolve_images_f64
      case (.forward, true): isSingle ? kernels.depthwise_f32 : kernels.depthwise_f64
      case (.weights, true): isSingle ? kernels.depthwise_weights_f32 : kernels.depthwise_weights_f64
      case (.images, true): isSingle ? kernels.depthwise_images_f32 : kernels.depthwise_images_f64
      }
  }

  /// The elements of the weights, and those of a window in one kernel.
  private var weights: Int { grid.windows.count * grid.channels * (isDepthwise ? 1 : kernels) }
  private var depth: Int { grid.windows.count * (isDepthwise ? 1 : grid.channels) }

  override func execute() { execute(part: 0, of: 1) }

  override func execute(part: Int, of parts: Int) {
    var job = job
    let band = band(part, of: parts)
    guard !band.isEmpty else { return }
    (job.first, job.end) = (band.lowerBound, band.upperBound)
    kernel(&job)
  }

  /// The rows of windows, the elements of a window (of a depthwise one the channels), the chains of windows or the rows of the
  /// images that are a part's. Like the loops around a convolution, it is cut between images where there are enough.
  private func band(_ part: Int, of parts: Int) -> Range<Int> {
    if isInChains { return grid.chains(ofPart: part, of: parts) }
    if kind == .weights { return Range(part: part, of: parts, in: isDepthwise ? kernels : depth) }
    let rows = kind == .forward ? grid.grid.height : grid.height
    if grid.images < parts { return Range(part: part, of: parts, in: grid.images * rows) }
    let images = Range(part: part, of: parts, in: grid.images)
    return images.lowerBound * rows..<images.upperBound * rows
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = band(part, of: parts)
    guard !band.isEmpty, let y = job.y else { return footprint }
    let size = MemoryLayout<S>.stride
    /// The images in which the band's rows lie, `width` elements each.
    func read(_ address: UnsafeRawPointer?, _ rows: Int, _ width: Int) {
      let first = band.lowerBound / rows
      let end = (band.upperBound + rows - 1) / rows
      if let address { footprint.read(bytes: (end - first) * width * size, at: address + first * width * size) }
    }
    func readAll(_ address: UnsafeRawPointer?, _ count: Int) {
      if let address { footprint.read(bytes: count * size, at: address) }
    }
    let image = grid.height * grid.width * grid.channels
    let positions = grid.grid.height * grid.grid.width
    let products = positions * kernels
    let line: Int
    switch kind {
    case .weights where isInChains:
      let (first, end) = (grid.start(ofChain: band.lowerBound), grid.start(ofChain: band.upperBound))
      let images = first / positions..<(end + positions - 1) / positions
      if let x = job.x { footprint.read(bytes: images.count * image * size, at: x + images.lowerBound * image * size) }
      if let g = job.g { footprint.read(bytes: (end - first) * kernels * size, at: g + first * kernels * size) }
      line = weights
    case .forward:
      read(job.x, grid.grid.height, image)
      readAll(job.w, weights)
      readAll(job.bias, kernels)
      line = grid.grid.width * kernels
    case .images:
      read(job.g, grid.height, products)
      readAll(job.w, weights)
      line = grid.width * grid.channels
    case .weights:
      readAll(job.x, grid.images * image)
      readAll(job.g, grid.images * products)
      let column = UnsafePointer((y + band.lowerBound * size).assumingMemoryBound(to: S.self))
      let (rows, stride) = isDepthwise ? (depth, kernels) : (kernels, depth)
      footprint.write(column, rows: rows, columns: band.count, stride: stride)
      return footprint
    }
    footprint.write(bytes: band.count * line * size, at: y + band.lowerBound * line * size)
    return footprint
  }

  private var kernels: Int { job.kernels }

  override var work: Int { isDepthwise ? 2 * grid.positions * weights : grid.positions * max(kernels, 16) * depth / 12 }
  override var productOperations: Int { 2 * grid.positions * weights }
}

extension PlannedRecording {
  /// Puts the first operand of the first of these nodes in front of them, and what only gives it another shape. False
  /// where somebody else reads one.
  func descend(from list: inout [Int]) -> Bool {
    repeat {
      let x = nodes[list[0]].inputs[0]
      guard isPrivate(x, to: list[0]) else { return false }
      list.insert(x, at: 0)
    } while forms[list[0]] == .reshape
    return true
  }
}
