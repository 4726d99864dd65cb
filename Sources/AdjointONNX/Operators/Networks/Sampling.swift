import Adjoint

// Images sampled at places that a grid states.

extension OperatorTable {
  mutating func addSampling() {
    self["GridSample"] = { call in try sampled(call) }
    self["AffineGrid"] = { call in
      let (theta, size) = (try call.x(0), try call.ints(1))
      let rank = size.count - 2
      try call.require(
        (2...3).contains(rank) && theta.shape == [size[0], rank, rank + 1] && size.allSatisfy { $0 > 0 },
        "a matrix [\(rank), \(rank + 1)] for each image", "\(theta.shape)")
      let isAligned = try call.int("align_corners", 0) == 1
      let spatial = Array(size.dropFirst(2))
      _ = try call.shape(spatial + [rank + 1])
      let places = coordinates(spatial).flatMap { place -> [S] in
        // The last axis of an image comes first.
        let row: [S] = zip(place, spatial).reversed().map { i, n in
          let (i, n) = (Double(i), Double(n))
          return S(isAligned ? (n == 1 ? -1 : 2 * i / (n - 1) - 1) : (2 * i + 1) / n - 1)
        }
        return row + [1]
      }
      let base = call.tape.constant(Tensor(shape: [1, spatial.product, rank + 1], elements: places))
        .broadcast(to: try call.shape([size[0], spatial.product, rank + 1]))
      return call.result(
        base.matmul(theta, transposeB: true).reshape(to: try call.shape([size[0]] + spatial + [rank])))
    }
  }
}

/// One axis of a sampling: for each offset within reach, a position in the image and its weight at every place of the grid.
private struct SampledAxis<S: Scalar> {
  /// Positions, −1 outside, for each offset.
  var positions: [[Int]]
  var weights: [Variable<S>]
}

private func sampled<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  let (x, grid) = (try call.x(0), try call.x(1))
  let spatial = Array(x.shape.dropFirst(2))
  let rank = spatial.count
  try call.require(
    rank > 0 && grid.shape.rank == rank + 2 && grid.shape.last == rank && grid.shape[0] == x.shape[0]
      && spatial.allSatisfy { $0 > 0 }, "a grid [batch, …, \(rank)] for images \(x.shape)", "\(grid.shape)")
  let isAligned = try call.int("align_corners", 0) == 1
  let padding = try call.string("padding_mode", "zeros")
  try call.require(["zeros", "border", "reflection"].contains(padding), "a padding mode", "'\(padding.prefix(40))'")
  let (n, channels, count) = (x.shape[0], x.shape[1], grid.shape.elementCount / rank / Swift.max(x.shape[0], 1))
  call.recorder.note(try call.value(1).origins)
  var axes: [SampledAxis<S>] = []
  for axis in 0..<rank {
    // The grid names the last axis first.
    let part = grid[rank - 1 - axis, axis: rank + 1].reshape(to: [n * count])
    axes.append(try sampledAxis(part, spatial[axis], isAligned, padding, call))
  }
  // [n, spatial, channels] by rows, and behind them a row of zeros for what lies outside.
  let image = spatial.product
  var rows = x.reshape(to: try call.shape([n, channels, image])).permute([0, 2, 1])
    .reshape(to: try call.shape([n * image, channels]))
  rows = concatenate([rows, call.tape.constant(Tensor(repeating: 0, shape: [1, channels]))], axis: 0)
  var y: Variable<S>?
  for choice in coordinates(axes.map(\.positions.count)) {
    var places = (0..<n * count).map { Int32(clamping: $0 / Swift.max(count, 1)) }
    var weight: Variable<S>?
    for (axis, k) in choice.enumerated() {
      for i in places.indices {
        let at = axes[axis].positions[k][i]
        places[i] = places[i] < 0 || at < 0 ? -1 : places[i] * Int32(spatial[axis]) + Int32(at)
      }
      weight = weight.map { $0 * axes[axis].weights[k] } ?? axes[axis].weights[k]
    }
    let index = Tensor<Int32>(shape: [n * count], elements: places.map { $0 < 0 ? Int32(n * image) : $0 })
    var term = rows.gather(call.tape.index(index))
    if let weight { term = term * weight.reshape(to: [n * count, 1]) }
    y = y.map { $0 + term } ?? term
  }
  guard let y else { throw call.error("places to sample", "none") }
  let dims = Array(grid.shape.dropFirst().dropLast())
  return call.result(
    y.reshape(to: [n, count, channels]).permute([0, 2, 1]).reshape(to: try call.shape([n, channels] + dims)))
}

private func sampledAxis<S: Scalar>(
  _ grid: Variable<S>, _ extent: Int, _ isAligned: Bool, _ padding: String, _ call: Call<S>
) throws -> SampledAxis<S> {
  let n = Double(extent)
  var place = isAligned ? (grid + 1) * ((n - 1) / 2) : ((grid + 1) * n - 1) / 2
  try call.require(place.value.elements.allSatisfy { abs($0.primal) < 0x1p30 }, "finite places", "others")
  let mode = try call.string("mode", "linear")
  let isCubic = mode == "cubic" || mode == "bicubic"
  if padding == "border", !isCubic { place = place.clamp(0, n - 1) }
  if padding == "reflection", !isCubic { place = reflected(place, isAligned ? 0 : -0.5, isAligned ? n - 1 : n - 0.5) }
  let base = mode == "nearest" ? place.round() : place.floor()
  let low = base.value.elements.map { Int($0.primal) }
  func position(_ i: Int) -> Int {
    if (0..<extent).contains(i) { return i }
    switch padding {
    case "border": return Swift.min(Swift.max(i, 0), extent - 1)
    case "reflection" where isAligned && extent > 1:
      let period = 2 * (extent - 1)
      let rest = (i % period + period) % period
      return rest < extent ? rest : period - rest
    case "reflection":
      let period = 2 * extent
      let rest = (i % period + period) % period
      return rest < extent ? rest : period - 1 - rest
    default: return -1
    }
  }
  if mode == "nearest" {
    let ones = call.tape.constant(Tensor<S>(repeating: 1, shape: place.shape))
    return SampledAxis(positions: [low.map(position)], weights: [ones])
  }
  let share = place - base.stopGradient()
  if !isCubic {
    try call.require(["linear", "bilinear"].contains(mode), "a mode of sampling", "'\(mode.prefix(40))'")
    return SampledAxis(
      positions: [low.map(position), low.map { position($0 + 1) }], weights: [1 - share, share])
  }
  // Keys' cubic convolution with a = −3/4.
  let a = -0.75
  func near(_ d: Variable<S>) -> Variable<S> { ((d * (a + 2)) - (a + 3)) * d * d + 1 }
  func far(_ d: Variable<S>) -> Variable<S> { ((d * a - 5 * a) * d + 8 * a) * d - 4 * a }
  return SampledAxis(
    positions: (-1...2).map { offset in low.map { position($0 + offset) } },
    weights: [far(share + 1), near(share), near(1 - share), far(2 - share)])
}

/// Places mirrored at both ends until they lie between them.
private func reflected<S: Scalar>(_ x: Variable<S>, _ low: Double, _ high: Double) -> Variable<S> {
  let width = high - low
  guard width > 0 else { return x * 0 }
  let distance = (x - low).abs()
  let rounds = (distance / width).floor()
  let rest = distance - rounds * width
  let isOdd = rounds - (rounds / 2).floor() * 2
  return (rest + isOdd * (width - rest * 2) + low).clamp(low < 0 ? 0 : low, low < 0 ? high - 0.5 : high)
}
