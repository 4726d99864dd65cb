import Adjoint

/// The hand that writes digits: one for each thread, so that it can reuse its memory.
struct Hand {
  /// The differences between hands, and between the digits of one hand.
  private enum Variation {
    static let shape = Deformation.Strength(rotation: 0.14, slant: 0.24, aspect: 0.1, elastic: 0.1)
    /// The displacement of a knot, in heights of the digit.
    static let knot: Float = 0.026
    /// The slant that writing has on average, to the right.
    static let slant: Float = 0.12
    /// Width against height of the box that shapes are given in.
    static let width: ClosedRange<Float> = 0.5...1
    /// The part of a stroke that may be missing at either end.
    static let trim: Float = 0.06
    /// Radius of the pen in pixels.
    static let radius: ClosedRange<Float> = 0.75...2.1
    /// Width of the edge between ink and paper, in pixels.
    static let softness: ClosedRange<Float> = 0.9...1.7
    /// The relative change of the radius from one end to the other.
    static let pressure: Float = 0.12
    /// The largest distance of the centre of mass from the middle, in pixels: real writers' centres lie elsewhere than drawn
    /// ones.
    static let wander: Float = 1.5
    /// The relative unevenness of the ink.
    static let noise: Float = 0.06
  }

  /// The pixels that the digit fills in its longer direction, as in MNIST.
  private static let box: Float = 20

  private var pen: Pen
  private var path: [Position] = []
  private var knots: [DigitShape.Knot] = []
  private var strokeEnds: [Int] = []

  init(side: Int) { pen = Pen(side: side) }

  /// Writes one digit as height · width bytes.
  mutating func write(_ digit: Int, to output: UnsafeMutableBufferPointer<UInt8>, using generator: inout Generator) {
    shape(digit, using: &generator)
    draw(using: &generator)
    ink(output, using: &generator)
  }

  /// Chooses a shape and bends it: leaves straight pieces in `path`, in coordinates of the unit square.
  private mutating func shape(_ digit: Int, using generator: inout Generator) {
    let variants = DigitShape.all[digit]
    let variant = variants[generator.below(variants.count)]
    let deformation = Deformation(Variation.shape, using: &generator)
    let roundsCorners = generator.below(4) == 0
    let width = generator.float(Variation.width.lowerBound, Variation.width.upperBound)
    path.removeAll(keepingCapacity: true)
    strokeEnds.removeAll(keepingCapacity: true)
    for stroke in variant.strokes {
      knots.removeAll(keepingCapacity: true)
      for knot in stroke {
        let x = 0.5 + (knot.point.x - 0.5) * width + Variation.knot * generator.bell()
        let y = knot.point.y + Variation.knot * generator.bell()
        let slanted = Position(x: x - Variation.slant * (y - 0.5), y: y)
        knots.append(DigitShape.Knot(point: slanted, isCorner: knot.isCorner && !roundsCorners))
      }
      trimEnds(using: &generator)
      let start = path.count
      DigitShape.trace(knots, pieces: 6, into: &path)
      for i in start..<path.count { path[i] = deformation(path[i]) }
      strokeEnds.append(path.count)
    }
  }

  /// Pulls the ends of a stroke in, or lets them overshoot.
  private mutating func trimEnds(using generator: inout Generator) {
    let (first, last) = (generator.bell() * Variation.trim, generator.bell() * Variation.trim)
    guard knots.count >= 2 else { return }
    let end = knots.count - 1
    knots[0] = Hand.moved(knots[0], toward: knots[1], by: first)
    knots[end] = Hand.moved(knots[end], toward: knots[end - 1], by: last)
  }

  private static func moved(_ a: DigitShape.Knot, toward b: DigitShape.Knot, by t: Float) -> DigitShape.Knot {
    let (dx, dy) = (b.point.x - a.point.x, b.point.y - a.point.y)
    return DigitShape.Knot(point: Position(x: a.point.x + t * dx, y: a.point.y + t * dy), isCorner: a.isCorner)
  }

  /// Fits the path into the box, centres its mass, and draws it.
  private mutating func draw(using generator: inout Generator) {
    let thickness = generator.float(Variation.radius.lowerBound, Variation.radius.upperBound)
    let softness = generator.float(Variation.softness.lowerBound, Variation.softness.upperBound)
    var (low, high) = (path[0], path[0])
    for point in path {
      low = Position(x: min(low.x, point.x), y: min(low.y, point.y))
      high = Position(x: max(high.x, point.x), y: max(high.y, point.y))
    }
    let extent = max(max(high.x - low.x, high.y - low.y), 0.01)
    let scale = (Hand.box - 2 * thickness) / extent

    // A stroke of even width has its mass where its length is.
    var (mass, mx, my) = (Float(0.0001), Float(0), Float(0))
    Hand.forEachPiece(strokeEnds) { i in
      let (a, b) = (path[i - 1], path[i])
      let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot() + 0.0001
      mass += length
      mx += length * (a.x + b.x) / 2
      my += length * (a.y + b.y) / 2
    }
    let middle = Float(pen.side) / 2
    let wander = Variation.wander
    var shift = Position(
      x: middle - scale * mx / mass + generator.float(-wander, wander),
      y: middle - scale * my / mass + generator.float(-wander, wander))
    // However unevenly the mass lies, no ink leaves the image.
    let (near, far) = (thickness + 1, Float(pen.side) - thickness - 1)
    shift.x = min(max(shift.x, near - low.x * scale), far - high.x * scale)
    shift.y = min(max(shift.y, near - low.y * scale), far - high.y * scale)
    for i in path.indices { path[i] = Position(x: path[i].x * scale + shift.x, y: path[i].y * scale + shift.y) }

    let (startPressure, endPressure) = (generator.bell() * Variation.pressure, generator.bell() * Variation.pressure)
    let line = path
    let gradient = (endPressure - startPressure) / Float(line.count)
    func radius(_ i: Int) -> Float { thickness * (1 + startPressure + gradient * Float(i)) }
    pen.clear()
    Hand.forEachPiece(strokeEnds) { i in
      pen.draw(from: line[i - 1], radius(i - 1), to: line[i], radius(i), softness: softness)
    }
  }

  /// The index of the end point of every straight piece in `path`; it starts at the point before.
  private static func forEachPiece(_ strokeEnds: [Int], _ body: (Int) -> Void) {
    var start = 0
    for end in strokeEnds {
      for i in start + 1..<max(end, start + 1) { body(i) }
      start = end
    }
  }

  /// Turns coverage into bytes, with the unevenness of ink and paper.
  private func ink(_ output: UnsafeMutableBufferPointer<UInt8>, using generator: inout Generator) {
    let gain = 255 * generator.float(0.9, 1.1)
    let grain = Variation.noise * 2 / 255
    pen.coverage.withUnsafeBufferPointer { coverage in
      var word: UInt64 = 0
      var pixel = 0
      while pixel < coverage.count {
        // Eight pixels share a random word, one byte each.
        if pixel % 8 == 0 { word = generator.next() }
        let noise = (Float(word & 0xFF) - 127.5) * grain
        word &>>= 8
        output[pixel] = UInt8(clamp(coverage[pixel] * (1 + noise) * gain, to: 255))
        pixel += 1
      }
    }
  }
}

/// The number of [0, high] nearest to x. In the loops over pixels a debug build must not call the generic `min` and `max`, which
/// took most of its time.
@inline(always)
private func clamp(_ x: Float, to high: Float) -> Float { x > high ? high : x > 0 ? x : 0 }

/// A pen with a round, soft nib that draws on a square of grey pixels.
///
/// A pixel at distance d from a stroke of radius r is covered by clamp(½ + (r − d)/softness, 0, 1): full ink inside, an even
/// ramp across the edge. Where strokes cross, the darker one counts, so no seams appear between straight pieces.
struct Pen {
  let side: Int
  /// The darkness of each pixel, 0 to 1, row by row.
  private(set) var coverage: [Float]

  init(side: Int) {
    self.side = side
    coverage = [Float](repeating: 0, count: side * side)
  }

  mutating func clear() {
    coverage.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  /// Draws a straight piece from `a` to `b` with radii `ra` and `rb` at its ends, all in pixels; pixel (i, j) has its
  /// centre at (j + ½, i + ½).
  mutating func draw(from a: Position, _ ra: Float, to b: Position, _ rb: Float, softness: Float) {
    let reach = max(ra, rb) + softness
    let limit = Float(side)
    let left = Int(min(max(min(a.x, b.x) - reach, 0), limit))
    let right = Int(min(max(max(a.x, b.x) + reach + 1, 0), limit))
    let top = Int(min(max(min(a.y, b.y) - reach, 0), limit))
    let bottom = Int(min(max(max(a.y, b.y) + reach + 1, 0), limit))
    guard left < right, top < bottom else { return }
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let length = dx * dx + dy * dy
    let inverse = length > 0 ? 1 / length : 0
    let (slope, widening) = (1 / softness, rb - ra)
    coverage.withUnsafeMutableBufferPointer { coverage in
      for row in top..<bottom {
        let ey = Float(row) + 0.5 - a.y
        var column = left
        while column < right {
          let ex = Float(column) + 0.5 - a.x
          // The nearest point of the piece is a + t (b − a).
          let t = clamp((ex * dx + ey * dy) * inverse, to: 1)
          let (fx, fy) = (ex - t * dx, ey - t * dy)
          let square = fx * fx + fy * fy
          if square < reach * reach {
            let dark = clamp(0.5 + (ra + t * widening - square.squareRoot()) * slope, to: 1)
            let pixel = row * side + column
            if dark > coverage[pixel] { coverage[pixel] = dark }
          }
          column += 1
        }
      }
    }
  }
}
