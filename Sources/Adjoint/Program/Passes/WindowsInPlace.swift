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

  /// The products, by node.
  private(set) var use: [Int: Use] = [:]
  /// The nodes of windows, and those that only give them another shape.
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
    var (unfolds, wanted): ([Int: Int], Set<Int>) = ([:], [])
    var uses: [(product: Int, use: Use)] = []
    for i in recording.nodes.indices where recording.live[i] {
      if recording.forms[i] == .unfold {
        if !recording.kept[i] { unfolds[i] = i }
        continue
      }
      if unfolds.isEmpty { continue }
      let inputs = recording.nodes[i].inputs
      for (position, x) in inputs.enumerated() {
        guard let unfold = unfolds[x] else { continue }
        if recording.forms[i] == .reshape, !recording.kept[i] {
          unfolds[i] = unfold
        } else if let use = WindowsInPlace.use(of: unfold, in: i, position, recording, elementSize),
          unfolds[inputs[1 - position]] == nil
        {
          uses.append((i, use))
        } else {
          wanted.insert(unfold)
        }
      }
    }
    use = Dictionary(uses.filter { !wanted.contains($0.use.unfold) }.map { ($0.product, $0.use) }) { first, _ in first }
    nodes = unfolds.filter { !wanted.contains($0.value) }.keys.sorted()
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
