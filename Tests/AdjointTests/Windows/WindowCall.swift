import Adjoint

/// One call of a function of windows, recorded by the library, and computed by loops over coordinates.
enum WindowCall: Sendable {
  case convolution(stride: Extent2D, padding: Padding, dilation: Extent2D, groups: Int)
  case transposed(stride: Extent2D, padding: Extent2D, more: Extent2D, dilation: Extent2D, groups: Int)
  case maxPool(size: Extent2D, stride: Extent2D, padding: Extent2D, dilation: Extent2D, ceilMode: Bool)
  case averagePool(
    size: Extent2D, stride: Extent2D, padding: Extent2D, ceilMode: Bool, countIncludePad: Bool, divisor: Int?)
  case adaptive(size: Extent2D, isMax: Bool)
  case resize(size: Extent2D, mode: Interpolation, alignCorners: Bool)
  case scale(Double, mode: Interpolation)
  case pad(before: [Int], after: [Int], mode: PaddingMode)

  /// Records the call on images.
  func record<S: Scalar>(_ x: Variable<S>, _ w: Variable<S>?) -> Variable<S> {
    switch self {
    case .convolution(let stride, let padding, let dilation, let groups):
      guard let w else { return x }
      return x.conv2d(w, stride: stride, padding: padding, dilation: dilation, groups: groups)
    case .transposed(let stride, let padding, let more, let dilation, let groups):
      guard let w else { return x }
      return x.convTranspose2d(
        w, stride: stride, padding: padding, outputPadding: more, dilation: dilation, groups: groups)
    case .maxPool(let size, let stride, let padding, let dilation, let ceilMode):
      return x.maxPool(size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    case .averagePool(let size, let stride, let padding, let ceilMode, let countIncludePad, let divisor):
      return x.averagePool(
        size, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
        divisorOverride: divisor)
    case .adaptive(let size, let isMax): return isMax ? x.adaptiveMaxPool(to: size) : x.adaptiveAveragePool(to: size)
    case .resize(let size, let mode, let alignCorners):
      return x.resize(to: size, mode: mode, alignCorners: alignCorners)
    case .scale(let scale, let mode): return x.resize(scale: scale, mode: mode)
    case .pad(let before, let after, let mode): return x.pad(before: before, after: after, mode: mode)
    }
  }

  /// Records the call on sequences; `nil` where there is no such function, or its rows are not those of a sequence.
  func recordSequence<S: Scalar>(_ x: Variable<S>, _ w: Variable<S>?) -> Variable<S>? {
    switch self {
    case .convolution(let stride, let padding, let dilation, let groups):
      guard let w else { return nil }
      return x.conv1d(w, stride: stride.width, padding: padding, dilation: dilation.width, groups: groups)
    case .transposed(let stride, let padding, let more, let dilation, let groups):
      guard let w else { return nil }
      return x.convTranspose1d(
        w, stride: stride.width, padding: padding.width, outputPadding: more.width, dilation: dilation.width,
        groups: groups)
    case .maxPool(let size, let stride, let padding, let dilation, let ceilMode):
      return x.maxPool1d(
        size.width, stride: stride.width, padding: padding.width, dilation: dilation.width, ceilMode: ceilMode)
    case .averagePool(let size, let stride, let padding, let ceilMode, let countIncludePad, let divisor):
      return x.averagePool1d(
        size.width, stride: stride.width, padding: padding.width, ceilMode: ceilMode,
        countIncludePad: countIncludePad, divisorOverride: divisor)
    case .adaptive(let size, let isMax):
      return isMax ? x.adaptiveMaxPool1d(to: size.width) : x.adaptiveAveragePool1d(to: size.width)
    case .resize(let size, let mode, let alignCorners):
      return x.resize1d(to: size.width, mode: mode, alignCorners: alignCorners)
    case .scale, .pad: return nil
    }
  }
}

/// What a call means, by loops over coordinates alone. A linear call acts on `t`; the largest element of a window is
/// looked for in `x`, and that of `t` in its place is taken: so `t` may be x itself, or its tangent.
struct WindowLoops {
  let x: Tensor<Double>
  let t: Tensor<Double>
  let w: Tensor<Double>

  private var n: Int { x.shape[0] }
  private var h: Int { x.shape[1] }
  private var width: Int { x.shape[2] }
  private var channels: Int { x.shape[3] }

  /// The elements of y in row-major order; `nil` when the call has no result.
  func value(of call: WindowCall) -> [Double]? {
    switch call {
    case .convolution(let s, let padding, let d, let groups):
      let (top, bottom) = margins(padding, h, w.shape[2], s.height, d.height) { $0.height }
      let (left, right) = margins(padding, width, w.shape[3], s.width, d.width) { $0.width }
      let rows = floored(h + top + bottom - (w.shape[2] - 1) * d.height - 1, s.height) + 1
      let columns = floored(width + left + right - (w.shape[3] - 1) * d.width - 1, s.width) + 1
      guard rows > 0, columns > 0 else { return nil }
      return each(rows, columns, w.shape[0]) { n, i, j, o in
        let first = o / (w.shape[0] / groups) * w.shape[1]
        var sum = 0.0
        for c in 0..<w.shape[1] {
          for u in 0..<w.shape[2] {
            for v in 0..<w.shape[3] {
              let (row, column) = (i * s.height + u * d.height - top, j * s.width + v * d.width - left)
              guard row >= 0, row < h, column >= 0, column < width else { continue }
              sum += w[o, c, u, v] * t[n, row, column, first + c]
            }
          }
        }
        return sum
      }
    case .transposed(let s, let p, let more, let d, let groups): return transposed(s, p, more, d, groups)
    case .maxPool(let size, let s, let p, let d, let ceilMode):
      guard let rows = count(h, (size.height - 1) * d.height + 1, s.height, p.height, ceilMode),
        let columns = count(width, (size.width - 1) * d.width + 1, s.width, p.width, ceilMode)
      else { return nil }
      let y: [Double?] = each(rows, columns, channels) { n, i, j, c in
        let rows = (0..<size.height).map { i * s.height + $0 * d.height - p.height }.filter { $0 >= 0 && $0 < h }
        let columns = (0..<size.width).map { j * s.width + $0 * d.width - p.width }.filter { $0 >= 0 && $0 < width }
        return largest(n, rows, columns, c)
      }
      return y.contains { $0 == nil } ? nil : y.compactMap { $0 }
    case .averagePool(let size, let s, let p, let ceilMode, let countIncludePad, let divisor):
      guard let rows = count(h, size.height, s.height, p.height, ceilMode),
        let columns = count(width, size.width, s.width, p.width, ceilMode)
      else { return nil }
      let y = each(rows, columns, channels) { n, i, j, c in
        let (top, left) = (i * s.height - p.height, j * s.width - p.width)
        let all = (min(top + size.height, h + p.height) - top) * (min(left + size.width, width + p.width) - left)
        let rows = max(top, 0)..<max(min(top + size.height, h), max(top, 0))
        let columns = max(left, 0)..<max(min(left + size.width, width), max(left, 0))
        let sum = rows.reduce(0.0) { sum, r in columns.reduce(sum) { $0 + t[n, r, $1, c] } }
        return sum / Double(divisor ?? (countIncludePad ? all : rows.count * columns.count))
      }
      return y.allSatisfy(\.isFinite) ? y : nil
    case .adaptive(let size, let isMax):
      return each(size.height, size.width, channels) { n, i, j, c in
        let rows = Array(i * h / size.height..<((i + 1) * h + size.height - 1) / size.height)
        let columns = Array(j * width / size.width..<((j + 1) * width + size.width - 1) / size.width)
        if isMax { return largest(n, rows, columns, c) ?? .nan }
        let sum = rows.reduce(0.0) { sum, r in columns.reduce(sum) { $0 + t[n, r, $1, c] } }
        return sum / Double(rows.count * columns.count)
      }
    case .resize(let size, let mode, let alignCorners):
      return resized(size, Double(h) / Double(size.height), Double(width) / Double(size.width), mode, alignCorners)
    case .scale(let scale, let mode):
      let size = Extent2D(Int(Double(h) * scale), Int(Double(width) * scale))
      return size.height < 1 || size.width < 1 ? nil : resized(size, 1 / scale, 1 / scale, mode, false)
    case .pad(let before, let after, let mode): return padded(before, after, mode)
    }
  }

  private func each<T>(_ rows: Int, _ columns: Int, _ channels: Int, _ body: (Int, Int, Int, Int) -> T) -> [T] {
    (0..<n).flatMap { n in
      (0..<rows).flatMap { i in
        (0..<columns).flatMap { j in (0..<channels).map { body(n, i, j, $0) } }
      }
    }
  }

  private func floored(_ a: Int, _ b: Int) -> Int { a < 0 ? -1 : a / b }

  private func margins(
    _ padding: Padding, _ extent: Int, _ k: Int, _ s: Int, _ d: Int, _ along: (Extent2D) -> Int
  ) -> (Int, Int) {
    switch padding {
    case .around(let p): return (along(p), along(p))
    case .beside(let before, let after): return (along(before), along(after))
    case .same:
      // The fewest zeros with which ⌈extent/s⌉ windows fit.
      var zeros = 0
      while (extent + zeros - (k - 1) * d - 1) < ((extent + s - 1) / s - 1) * s { zeros += 1 }
      return (zeros / 2, zeros - zeros / 2)
    }
  }

  private func count(_ extent: Int, _ reach: Int, _ s: Int, _ p: Int, _ ceilMode: Bool) -> Int? {
    guard extent + 2 * p >= reach else { return nil }
    var count = (extent + 2 * p - reach + (ceilMode ? s - 1 : 0)) / s + 1
    if ceilMode, (count - 1) * s >= extent + p { count -= 1 }
    return count
  }

  private func largest(_ n: Int, _ rows: [Int], _ columns: [Int], _ c: Int) -> Double? {
    var best: (Int, Int)?
    for r in rows {
      for q in columns where best.map({ x[n, r, q, c] > x[n, $0.0, $0.1, c] }) ?? true { best = (r, q) }
    }
    return best.map { t[n, $0.0, $0.1, c] }
  }

  private func transposed(
    _ s: Extent2D, _ p: Extent2D, _ more: Extent2D, _ d: Extent2D, _ groups: Int
  ) -> [Double]? {
    let rows = (h - 1) * s.height - 2 * p.height + (w.shape[2] - 1) * d.height + 1 + more.height
    let columns = (width - 1) * s.width - 2 * p.width + (w.shape[3] - 1) * d.width + 1 + more.width
    guard rows > 0, columns > 0 else { return nil }
    let out = w.shape[1] * groups
    var y = [Double](repeating: 0, count: n * rows * columns * out)
    _ = each(h, width, channels) { n, i, j, c in
      for o in 0..<w.shape[1] {
        for u in 0..<w.shape[2] {
          for v in 0..<w.shape[3] {
            let (row, column) = (i * s.height + u * d.height - p.height, j * s.width + v * d.width - p.width)
            guard row >= 0, row < rows, column >= 0, column < columns else { continue }
            let place = ((n * rows + row) * columns + column) * out + c / (channels / groups) * w.shape[1] + o
            y[place] += w[c, o, u, v] * t[n, i, j, c]
          }
        }
      }
    }
    return y
  }

  private func resized(
    _ size: Extent2D, _ down: Double, _ right: Double, _ mode: Interpolation, _ alignCorners: Bool
  ) -> [Double] {
    func place(_ i: Int, _ old: Int, _ new: Int, _ ratio: Double) -> Double {
      let place =
        switch mode {
        case .nearest: (Double(i) * ratio + 1e-9).rounded(.down)
        case .bilinear:
          alignCorners
            ? new == 1 ? 0 : Double(i * (old - 1)) / Double(new - 1) : (Double(i) + 0.5) * ratio - 0.5
        }
      return min(max(place, 0), Double(old - 1))
    }
    return each(size.height, size.width, channels) { n, i, j, c in
      let (row, column) = (place(i, h, size.height, down), place(j, width, size.width, right))
      var sum = 0.0
      // The hat function of each element reaches as far as its neighbours.
      for r in 0..<h {
        for q in 0..<width {
          sum += max(0, 1 - abs(row - Double(r))) * max(0, 1 - abs(column - Double(q))) * t[n, r, q, c]
        }
      }
      return sum
    }
  }

  private func padded(_ before: [Int], _ after: [Int], _ mode: PaddingMode) -> [Double]? {
    let extents = x.shape.indices.map { x.shape[$0] + before[$0] + after[$0] }
    return Definition.positions(Shape(extents)).map { at in
      var place: [Int] = []
      for (axis, position) in at.enumerated() {
        let extent = x.shape[axis]
        var i = position - before[axis]
        switch mode {
        case .constant(let number): if i < 0 || i >= extent { return t.elements == x.elements ? number : 0 }
        case .replicate: i = i < 0 ? 0 : i >= extent ? extent - 1 : i
        case .circular: while i < 0 || i >= extent { i += i < 0 ? extent : -extent }
        case .reflect: while i < 0 || i >= extent { i = i < 0 ? -i : 2 * (extent - 1) - i }
        }
        place.append(i)
      }
      return t[place[0], place[1], place[2], place[3]]
    }
  }
}
