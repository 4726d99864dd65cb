import AdjointKernels

/// The windows that no program keeps, because all that read them are products that find them in the images.
struct WindowsInPlace {
  /// A product that reads such windows.
  struct Use {
    let unfold: Int
    let grid: WindowGrid
    /// The rows of the weights.
    let kernels: Int
    /// True for windows·Wᵀ, false for ḡᵀ·windows.
    let isLeft: Bool
  }

  /// Products of windows, or of cotangents that all places of a window share, with one number for each channel.
  struct Terms {
    let kind: WindowProducts.Kind
    let grid: WindowGrid
    /// The images or, of images, the cotangents; and the other factor.
    let a: Int, b: Int
  }

  /// The matrix products, by node.
  private(set) var use: [Int: Use] = [:]
  /// The products element by element, by node.
  private(set) var terms: [Int: Terms] = [:]
  /// The nodes of windows and of shared cotangents, and those that only give them another shape.
  private(set) var nodes: [Int] = []
  /// The bytes of an element; `nil` where no kernel finds windows in images.
  let elementSize: Int?
  var isEmpty: Bool { use.isEmpty }

  /// No windows.
  init(elementSize: Int?) { self.elementSize = elementSize }

  /// Finds the windows of a recording.
  init(in recording: PlannedRecording, elementSize: Int?) {
    self.elementSize = elementSize
    guard let elementSize else { return }
    // The node that makes what others give another shape, and the nodes that need it in memory.
    var (sources, wanted): ([Int: Int], Set<Int>) = ([:], [])
    var uses: [(product: Int, use: Use)] = []
    var terms: [(product: Int, reads: [Int], terms: Terms)] = []
    for i in recording.order {
      let form = recording.forms[i]
      let inputs = recording.nodes[i].inputs
      if form == .unfold || (form == .broadcast && recording.isSharedByPlaces(i)) {
        if !recording.kept[i] { sources[i] = i }
        if form == .unfold { continue }
      }
      if sources.isEmpty { continue }
      let reads = inputs.compactMap { sources[$0] }
      if reads.isEmpty { continue }
      if sources[i] == i {
        wanted.formUnion(reads)
      } else if form == .reshape, !recording.kept[i] {
        sources[i] = reads[0]
      } else if form == .binary(.multiply), let found = recording.terms(i, inputs.map { sources[$0] }),
        withUnsafePointer(to: found.grid.kernel, ak_convolves_depthwise)
      {
        terms.append((i, reads, found))
      } else if reads.count == 1, let position = inputs.firstIndex(where: { sources[$0] != nil }),
        let use = WindowsInPlace.use(of: reads[0], in: i, position, recording, elementSize)
      {
        uses.append((i, use))
      } else {
        wanted.formUnion(reads)
      }
    }
    // What is read beside something that stands in memory stands there too.
    var count = -1
    while count != wanted.count {
      count = wanted.count
      for term in terms where !wanted.isDisjoint(with: term.reads) { wanted.formUnion(term.reads) }
    }
    for (product, use) in uses where !wanted.contains(use.unfold) { self.use[product] = use }
    for term in terms where wanted.isDisjoint(with: term.reads) { self.terms[term.product] = term.terms }
    nodes = sources.filter { !wanted.contains($0.value) }.keys.sorted()
  }

  /// The use that a product makes of windows at a position among its operands; `nil` where it needs them in memory.
  private static func use(
    of unfold: Int, in i: Int, _ position: Int, _ recording: PlannedRecording, _ elementSize: Int
  ) -> Use? {
    guard let form = recording.nodes.product(i, recording.forms[i]), let windows = recording.windowsOf(unfold) else {
      return nil
    }
    let (images, shape) = (recording.nodes[recording.nodes[unfold].inputs[0]].shape, recording.nodes[unfold].shape)
    let grid = WindowGrid(windows, on: images, grid: Extent2D(shape[1], shape[2]))
    let isLeft = position == 0
    let fits =
      isLeft
      ? !form.transposeA && form.transposeB && form.rows == grid.positions && form.depth == shape[3]
      : form.transposeA && !form.transposeB && form.depth == grid.positions && form.columns == shape[3]
    let kernels = isLeft ? form.columns : form.rows
    guard fits, grid.fits(kernels: kernels, elementSize: elementSize) else { return nil }
    return Use(unfold: unfold, grid: grid, kernels: kernels, isLeft: isLeft)
  }
}

extension PlannedRecording {
  /// The windows of an operation that takes images apart, or puts them together.
  func windowsOf(_ i: Int) -> Windows? {
    guard case .operation(let operation) = nodes[i].kind else { return nil }
    return operation.windowsOfImages
  }

  /// True for numbers [windows, 1, channels, 1] that repeat for each place of a window.
  fileprivate func isSharedByPlaces(_ i: Int) -> Bool {
    let (x, y) = (nodes[nodes[i].inputs[0]].shape, nodes[i].shape)
    return y.rank == 4 && y[3] == 1 && x == [y[0], 1, y[2], 1]
  }

  /// The terms of a sum of windows [windows, places, channels, 1], given what makes each factor; `nil` for any other
  /// product.
  fileprivate func terms(_ i: Int, _ sources: [Int?]) -> WindowsInPlace.Terms? {
    let (inputs, shape) = (nodes[i].inputs, nodes[i].shape)
    guard shape.rank == 4, shape[3] == 1, shape[1] <= Float.rowBlock, shape[2] > 1, shape.elementCount > 0,
      var user = onlyUser(of: i)
    else { return nil }
    let weights: Shape = [shape[1], shape[2], 1]
    let first = sources[0] == nil ? 1 : 0
    guard let a = sources[first], nodes[inputs[first]].shape == shape else { return nil }
    if let b = sources[1 - first] {
      // Windows and cotangents.
      let unfold = forms[a] == .unfold ? a : b
      let spread = forms[a] == .unfold ? b : a
      guard nodes[inputs[1 - first]].shape == shape, let grid = grid(unfold, shape), forms[spread] == .broadcast,
        case .sum(AxisSet([0]), _)? = forms[user]
      else { return nil }
      return .init(kind: .weights, grid: grid, a: nodes[unfold].inputs[0], b: nodes[spread].inputs[0])
    }
    let b = inputs[1 - first]
    guard nodes[b].shape == weights else { return nil }
    if forms[a] == .unfold {
      guard let grid = grid(a, shape), forms[user] == .sum(AxisSet([1]), keepsDimensions: false) else { return nil }
      return .init(kind: .forward, grid: grid, a: nodes[a].inputs[0], b: b)
    }
    while forms[user] == .reshape, let next = onlyUser(of: user) { user = next }
    guard forms[user] == .fold, let windows = windowsOf(user) else { return nil }
    let unfolded = nodes[nodes[user].inputs[0]].shape
    let grid = WindowGrid(windows, on: nodes[user].shape, grid: Extent2D(unfolded[1], unfolded[2]))
    guard grid.positions == shape[0], windows.count == shape[1], grid.channels == shape[2],
      grid.mostOverlapping <= Float.rowBlock
    else { return nil }
    return .init(kind: .images, grid: grid, a: nodes[a].inputs[0], b: b)
  }

  /// The windows of an `unfold` that has another shape.
  private func grid(_ unfold: Int, _ shape: Shape) -> WindowGrid? {
    guard forms[unfold] == .unfold, let windows = windowsOf(unfold) else { return nil }
    let unfolded = nodes[unfold].shape
    let grid = WindowGrid(
      windows, on: nodes[nodes[unfold].inputs[0]].shape, grid: Extent2D(unfolded[1], unfolded[2]))
    return grid.positions == shape[0] && windows.count == shape[1] && grid.channels == shape[2] ? grid : nil
  }
}

extension WindowGrid {
  /// The fewest windows in a row of an image for which products look for them there: a tile has rows of one image row.
  private static let fewestAcross = 4

  /// True when kernels multiply such windows where they stand.
  func fits(kernels: Int, elementSize: Int) -> Bool {
    guard positions > 0, kernels > 0, channels > 0, grid.width >= Self.fewestAcross else { return false }
    return withUnsafePointer(to: kernel) { ak_convolves($0, kernels, elementSize) }
  }
}
