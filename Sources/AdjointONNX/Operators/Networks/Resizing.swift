import Adjoint
import Foundation

// Images of other sizes: along each axis a matrix of weights, or for the nearest element a gather.

extension OperatorTable {
  mutating func addResizing() {
    self["Resize"] = { call in try resized(call) }
    self["Upsample"] = { call in try resized(call) }
  }
}

private func resized<S: Scalar>(_ call: Call<S>) throws -> [GraphValue<S>] {
  var x = try call.x(0)
  let dims = Array(x.shape)
  let isOld = call.version < 11
  let axes = try call.ints("axes")?.map { try call.axis($0, rank: dims.count) } ?? Array(dims.indices)
  let mode = try call.string("mode", "nearest")
  func numbers(_ i: Int) throws -> [Double]? {
    guard let value = call.optional(i), (value.dims ?? []).product > 0 else { return nil }
    call.recorder.note(value.origins)
    return try call.numbers(value).value.elements.map(\.primal)
  }
  let region = isOld ? nil : try numbers(1)
  let scales = try isOld ? call.floats("scales") ?? numbers(1) : numbers(2)
  let sizes =
    isOld ? nil : try call.optional(3).flatMap { ($0.dims ?? []).product > 0 ? try call.whole($0).values : nil }
  try call.require(
    (scales ?? sizes?.map(Double.init))?.count == axes.count, "a scale or a size for each of \(axes.count) axes",
    "others")
  try call.require(
    (scales ?? []).allSatisfy { $0 > 0 && $0 < 0x1p31 } && (sizes ?? []).allSatisfy { $0 > 0 }
      && region?.count ?? 2 * axes.count == 2 * axes.count && Set(axes).count == axes.count
      && dims.allSatisfy { $0 > 0 },
    "scales and sizes above 0, and a region of \(2 * axes.count) numbers", "others")
  var factors = axes.indices.map { scales?[$0] ?? Double(sizes?[$0] ?? 1) / Double(dims[axes[$0]]) }
  var targets = axes.indices.map { sizes?[$0] ?? Int(clamping: (Double(dims[axes[$0]]) * factors[$0]).rounded(.down)) }
  let policy = try call.string("keep_aspect_ratio_policy", "stretch")
  if sizes != nil, policy != "stretch" {
    let factor = (policy == "not_larger" ? factors.min() : factors.max()) ?? 1
    factors = factors.map { _ in factor }
    targets = axes.map { Int(clamping: (factor * Double(dims[$0])).rounded()) }
  }
  var resizing = AxisResizing(
    mode: mode, transform: try call.string("coordinate_transformation_mode", isOld ? "asymmetric" : "half_pixel"),
    rounding: try call.string("nearest_mode", isOld ? "floor" : "round_prefer_floor"),
    cubic: try call.float("cubic_coeff_a", -0.75), isAntialiased: try call.int("antialias", 0) == 1,
    excludesOutside: try call.int("exclude_outside", 0) == 1,
    extrapolation: try call.float("extrapolation_value", 0), regionOfAxis: nil)
  for (k, axis) in axes.enumerated() where targets[k] != dims[axis] || region != nil || factors[k] != 1 {
    if let region { resizing.regionOfAxis = (region[k], region[k + axes.count]) }
    try call.require(targets[k] > 0 && dims[axis] > 0, "an extent above 0", "\(targets[k])")
    _ = try call.shape([targets[k], dims[axis]])
    x = try resizing.apply(x, axis: axis, to: targets[k], factor: factors[k], call)
  }
  return call.result(x)
}

/// The way in which one axis is resized.
private struct AxisResizing {
  let mode: String
  let transform: String
  let rounding: String
  let cubic: Double
  let isAntialiased: Bool
  let excludesOutside: Bool
  let extrapolation: Double
  var regionOfAxis: (start: Double, end: Double)?

  /// The place in the old axis of an element of the new one.
  private func place<S: Scalar>(_ i: Int, _ old: Int, _ new: Int, _ factor: Double, _ call: Call<S>) throws -> Double {
    let (i, n, exact) = (Double(i), Double(old), Double(old) * factor)
    switch transform {
    case "half_pixel": return (i + 0.5) / factor - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(new) / exact
      let offset = n / 2 * (1 - adjustment)
      return offset + (i + 0.5) / factor - 0.5
    case "pytorch_half_pixel": return exact > 1 ? (i + 0.5) / factor - 0.5 : 0
    case "align_corners": return exact == 1 ? 0 : i * (n - 1) / (exact - 1)
    case "asymmetric": return i / factor
    case "tf_half_pixel_for_nn": return (i + 0.5) / factor
    case "tf_crop_and_resize":
      guard let regionOfAxis else { return i / factor }
      let (start, end) = regionOfAxis
      let last: Double = n - 1
      if new <= 1 { return 0.5 * (start + end) * last }
      let step: Double = (end - start) * last / (Double(new) - 1)
      return start * last + i * step
    default: throw call.unsupported("coordinate_transformation_mode '\(transform)'")
    }
  }

  private func nearest<S: Scalar>(_ place: Double, _ call: Call<S>) throws -> Double {
    switch rounding {
    case "floor": return place.rounded(.down)
    case "ceil": return place.rounded(.up)
    case "round_prefer_floor": return (place - 0.5).rounded(.up)
    case "round_prefer_ceil": return (place + 0.5).rounded(.down)
    default: throw call.unsupported("nearest_mode '\(rounding)'")
    }
  }

  /// The weight of an element at a distance.
  private func weight(_ distance: Double) -> Double {
    let d = abs(distance)
    if mode == "linear" || mode == "bilinear" || mode == "trilinear" { return max(1 - d, 0) }
    let a = cubic
    if d <= 1 {
      let inner: Double = (a + 2) * d - (a + 3)
      return inner * d * d + 1
    }
    let inner: Double = (a * d - 5 * a) * d + 8 * a
    return d < 2 ? inner * d - 4 * a : 0
  }

  func apply<S: Scalar>(
    _ x: Variable<S>, axis: Int, to new: Int, factor: Double, _ call: Call<S>
  ) throws -> Variable<S> {
    let old = x.shape[axis]
    let isCropping = transform == "tf_crop_and_resize"
    let front = x.moveAxis(from: axis, to: 0)
    let rest = Array(front.shape.dropFirst())
    let rows = front.reshape(to: try call.shape([old, rest.product]))
    var places = try (0..<new).map { try place($0, old, new, factor, call) }
    let outside = places.indices.filter { isCropping && (places[$0] < 0 || places[$0] > Double(old - 1)) }
    var y: Variable<S>
    if mode == "nearest" {
      var index: [Int32] = []
      for place in places {
        let row = Int(clamping: try nearest(place, call))
        index.append(Int32(Swift.min(Swift.max(row, 0), old - 1)))
      }
      y = rows.gather(call.tape.index(Tensor<Int32>(shape: [new], elements: index)))
    } else {
      for place in outside { places[place] = 0 }
      y = call.tape.constant(weights(places, old, factor)).matmul(rows)
    }
    if !outside.isEmpty {
      var flags = [S](repeating: 0, count: new)
      for i in outside { flags[i] = 1 }
      let isOutside = call.tape.constant(Tensor(shape: [new, 1], elements: flags)).broadcast(to: y.shape)
      y = `where`(isOutside, call.tape.constant(extrapolation).broadcast(to: y.shape), y)
    }
    return y.reshape(to: try call.shape([new] + rest)).moveAxis(from: 0, to: axis)
  }

  private func weights<S: Scalar>(_ places: [Double], _ old: Int, _ factor: Double) -> Tensor<S> {
    let isCubic = mode == "cubic"
    let stretch = isAntialiased && factor < 1 ? factor : 1
    let reach = (isCubic ? 2.0 : 1.0) / stretch
    var elements = [Double](repeating: 0, count: places.count * old)
    for (i, place) in places.enumerated() {
      let (low, high) = (Int((place - reach).rounded(.up)), Int((place + reach).rounded(.down)))
      guard low <= high else { continue }
      var taken: [(Int, Double)] = (low...high).map { k in (k, weight((Double(k) - place) * stretch)) }
      if excludesOutside { taken.removeAll { $0.0 < 0 || $0.0 >= old } }
      let sum: Double = taken.reduce(0) { $0 + $1.1 }
      for (k, share) in taken {
        let column: Int = Swift.min(Swift.max(k, 0), old - 1)
        elements[i * old + column] += share / sum
      }
    }
    return Tensor(shape: [places.count, old], elements: elements.map { S($0) })
  }
}
