import AdjointKernels

/// The gradient of a pooling in one pass, without its windows: `fold` of a cotangent that all elements of a window share, or
/// those that are the largest. The rules record these with an array as large as all windows for each operation.
struct PoolGradients: FastPath {
  private let grid: WindowGrid
  /// The cotangents, one for each window and channel.
  private let g: Int
  /// The images and the largest elements of their windows; `nil` where all elements share.
  private let largest: (x: Int, y: Int)?

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    var nodes = [i]
    guard recording.forms[i] == .fold, recording.windows.elementSize != nil, let windows = recording.windowsOf(i),
      recording.descend(from: &nodes)
    else { return nil }
    let (all, images) = (recording.nodes[nodes[0]].shape, recording.nodes[i].shape)
    guard all.rank == 5, all[3] == windows.count, all[4] == images[3], all.elementCount > 0 else { return nil }
    let grid = WindowGrid(windows, on: images, grid: Extent2D(all[1], all[2]))
    guard grid.mostOverlapping <= Float.rowBlock else { return nil }
    let one: Shape = [all[0], all[1], all[2], 1, all[4]]
    if recording.forms[nodes[0]] == .broadcast {
      let g = recording.nodes[nodes[0]].inputs[0]
      guard recording.nodes[g].shape == one else { return nil }
      return Pass(PoolGradients(grid: grid, g: g, largest: nil), nodes, results: [i])
    }
    guard let share = share(nodes[0], one, windows, recording), recording.nodes[share.x].shape == images else {
      return nil
    }
    let pass = PoolGradients(grid: grid, g: share.g, largest: (share.x, share.y))
    return Pass(pass, (share.nodes + nodes).sorted(), results: [i])
  }

  /// The operands of ȳ ⊙ (x = y) / Σ (x = y), and the nodes that compute it but for the last. Of windows with padding x = y is
  /// multiplied by what lies inside.
  private static func share(
    _ quotient: Int, _ one: Shape, _ windows: Windows, _ recording: PlannedRecording
  ) -> (x: Int, y: Int, g: Int, nodes: [Int])? {
    let (nodes, forms) = (recording.nodes, recording.forms)
    guard forms[quotient] == .binary(.divide) else { return nil }
    let (masked, count) = (nodes[quotient].inputs[0], nodes[quotient].inputs[1])
    guard forms[masked] == .binary(.masked), forms[count] == .sum(AxisSet([3]), keepsDimensions: true),
      recording.isPrivate(masked, to: quotient), recording.isPrivate(count, to: quotient)
    else { return nil }
    let (g, isLargest) = (nodes[masked].inputs[0], nodes[masked].inputs[1])
    guard nodes[count].inputs[0] == isLargest, recording.isReadTwice(isLargest), nodes[g].shape == one else {
      return nil
    }
    var (list, others) = ([isLargest], [masked, count])
    if windows.isPadded {
      guard let inside = inside(isLargest, windows, recording) else { return nil }
      (list, others) = ([nodes[isLargest].inputs[0]], others + inside + [isLargest])
    }
    guard forms[list[0]] == .zip(.comparison(.equal)) else { return nil }
    let y = nodes[list[0]].inputs[1]
    guard recording.descend(from: &list), nodes[y].shape == one, forms[list[0]] == .unfold,
      recording.windowsOf(list[0]) == windows
    else { return nil }
    return (nodes[list[0]].inputs[0], y, g, list + others)
  }

  /// The nodes of the windows of ones, 0 outside, by which a comparison that nobody else reads is multiplied.
  private static func inside(_ product: Int, _ windows: Windows, _ recording: PlannedRecording) -> [Int]? {
    let (nodes, forms) = (recording.nodes, recording.forms)
    guard forms[product] == .binary(.multiply) else { return nil }
    let (equal, reshaped, all) = (nodes[product].inputs[0], nodes[product].inputs[1], nodes[product].shape)
    guard recording.isPrivate(equal, to: product), nodes[equal].shape == all, forms[reshaped] == .reshape,
      recording.isPrivate(reshaped, to: product), nodes[reshaped].shape == [1, all[1], all[2], all[3], 1]
    else { return nil }
    let unfolded = nodes[reshaped].inputs[0]
    guard forms[unfolded] == .unfold, recording.windowsOf(unfolded) == windows,
      recording.isOnes(nodes[unfolded].inputs[0])
    else { return nil }
    // Few of them were computed when the program was made.
    guard recording.live[unfolded] else { return [reshaped] }
    return recording.isPrivate(unfolded, to: reshaped) ? [unfolded, reshaped] : nil
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    builder.instruction(
      running: PoolGradient(
        grid, g: builder.view(g), x: largest.map { builder.view($0.x) }, y: largest.map { builder.view($0.y) },
        into: builder.output(pass.results[0])))
  }
}

private final class PoolGradient<S: Scalar>: PlacedOperation<S> {
  private let grid: WindowGrid
  private let g: View<S>
  private let x: View<S>?
  private let y: View<S>?
  private let out: Output<S>
  private let kernels: UnsafePointer<ak_kernels>

  init(_ grid: WindowGrid, g: View<S>, x: View<S>?, y: View<S>?, into out: Output<S>) {
    (self.grid, self.g, self.x, self.y, self.out) = (grid, g, x, y, out)
    guard let kernels = Kernels.active else { fatalError("Program: the reference loops keep windows in memory") }
    self.kernels = kernels
  }

  /// The elements of an image, and of what is pooled of it.
  private var image: Int { grid.height * grid.width * grid.channels }
  private var pooled: Int { grid.grid.height * grid.grid.width * grid.channels }

  override func execute() { execute(part: 0, of: 1) }

  override func execute(part: Int, of parts: Int) {
    let band = Range(part: part, of: parts, in: grid.images)
    guard !band.isEmpty else { return }
    var windows = grid.kernel
    windows.images = band.count
    let (first, start) = (band.lowerBound * pooled, band.lowerBound * image)
    func address<T>(_ x: View<S>?, _ start: Int, _: T.Type) -> UnsafePointer<T>? {
      x.map { UnsafeRawPointer($0.base + start).assumingMemoryBound(to: T.self) }
    }
    let to = UnsafeMutableRawPointer(out.base + start)
    if S.self == Float.self {
      kernels.pointee.pool_vjp_f32(
        &windows, address(x, start, Float.self), address(y, first, Float.self), address(g, first, Float.self),
        to.assumingMemoryBound(to: Float.self))
    } else {
      kernels.pointee.pool_vjp_f64(
        &windows, address(x, start, Double.self), address(y, first, Double.self), address(g, first, Double.self),
        to.assumingMemoryBound(to: Double.self))
    }
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = Range(part: part, of: parts, in: grid.images)
    guard !band.isEmpty else { return footprint }
    footprint.read(g.base + band.lowerBound * pooled, count: band.count * pooled)
    if let y { footprint.read(y.base + band.lowerBound * pooled, count: band.count * pooled) }
    if let x { footprint.read(x.base + band.lowerBound * image, count: band.count * image) }
    footprint.write(out.base + band.lowerBound * image, count: band.count * image)
    return footprint
  }

  override var work: Int { 4 * out.count }
}
