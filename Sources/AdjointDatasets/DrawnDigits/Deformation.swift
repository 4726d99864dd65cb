import Adjoint

/// A place in the plane: x to the right, y downward, as in an image.
struct Position: Sendable, Hashable {
  var x: Float
  var y: Float
}

/// A smooth random map of the unit square: an affine map about its centre plus an elastic displacement field.
///
///     p ↦ c + A (p − c) + t + Σᵢⱼ B(u − i) B(v − j) dᵢⱼ
///
/// A rotates, slants and stretches; t translates; the dᵢⱼ are random displacements at the nodes of a coarse grid, blended
/// by uniform cubic B-splines B, so the field has no kinks. It bends the strokes of drawn digits, and it deforms existing
/// images: the classical augmentation for handwriting.
///
/// Only additions, multiplications and divisions are used, so every system computes the same bits.
///
/// Source: P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to visual document
/// analysis", ICDAR 2003 (there with a Gaussian filter in place of splines).
package struct Deformation: Sendable, Hashable {
  /// The strength of random deformations. Each number is a standard deviation.
  package struct Strength: Sendable, Hashable, Codable {
    /// The angle of rotation, in radians.
    package var rotation: Float
    /// The tangent of the slant: the way that a unit of height leans to the side.
    package var slant: Float
    /// The relative change of size.
    package var scale: Float
    /// The relative change of width against height.
    package var aspect: Float
    /// The translation, in widths of the square.
    package var translation: Float
    /// The displacement of a grid node, in widths of the square.
    package var elastic: Float

    /// Standard deviations; what is not given does not vary.
    package init(
      rotation: Float = 0, slant: Float = 0, scale: Float = 0, aspect: Float = 0, translation: Float = 0,
      elastic: Float = 0
    ) {
      self.rotation = rotation
      self.slant = slant
      self.scale = scale
      self.aspect = aspect
      self.translation = translation
      self.elastic = elastic
    }

    /// For existing images: changes that leave a digit well readable.
    package static let augmentation = Strength(
      rotation: 0.12, slant: 0.12, scale: 0.06, aspect: 0.06, translation: 0.03, elastic: 0.04)
  }

  /// Grid nodes along a side: three cells cover the unit square, and a spline reaches one node beyond on either side.
  private static let side = 6
  private static let cells: Float = 3

  /// A, by rows.
  private var xx: Float = 1
  private var xy: Float = 0
  private var yx: Float = 0
  private var yy: Float = 1
  /// t.
  private var shift = Position(x: 0, y: 0)
  /// dᵢⱼ, by rows; empty for a rigid map.
  private var grid: [Position] = []

  /// The map that changes nothing.
  package static let identity = Deformation()

  private init() {}

  /// A random map. It always draws the same count of numbers from the generator.
  package init(_ strength: Strength, using generator: inout Generator) {
    // The rational parametrisation of the circle: t is the tangent of half the angle, close to half the angle.
    let t = strength.rotation * generator.bell() / 2
    let (cosine, sine) = ((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
    let slant = strength.slant * generator.bell()
    let size = Deformation.factor(strength.scale * generator.bell())
    let aspect = Deformation.factor(strength.aspect * generator.bell() / 2)
    let (width, height) = (size * aspect, size / aspect)
    // Rotation · slant · stretching.
    xx = cosine * width
    xy = (-cosine * slant - sine) * height
    yx = sine * width
    yy = (-sine * slant + cosine) * height
    shift.x = strength.translation * generator.bell()
    shift.y = strength.translation * generator.bell()
    for _ in 0..<Deformation.side * Deformation.side {
      grid.append(Position(x: strength.elastic * generator.bell(), y: strength.elastic * generator.bell()))
    }
  }

  /// 1 + x, with 1 / (1 − x) for negative x: growing and shrinking are equally likely, and nothing turns inside out.
  private static func factor(_ x: Float) -> Float { x >= 0 ? 1 + x : 1 / (1 - x) }

  /// The place to which a point of the unit square goes.
  func callAsFunction(_ p: Position) -> Position {
    let (dx, dy) = (p.x - 0.5, p.y - 0.5)
    var x = 0.5 + xx * dx + xy * dy + shift.x
    var y = 0.5 + yx * dx + yy * dy + shift.y
    if grid.isEmpty { return Position(x: x, y: y) }
    let (column, wx) = Deformation.weights(p.x)
    let (row, wy) = Deformation.weights(p.y)
    grid.withUnsafeBufferPointer { grid in
      for i in 0..<4 {
        let start = (row + i) * Deformation.side + column
        let (a, b, c, d) = (grid[start], grid[start + 1], grid[start + 2], grid[start + 3])
        let weight = i == 0 ? wy.0 : i == 1 ? wy.1 : i == 2 ? wy.2 : wy.3
        x += weight * (wx.0 * a.x + wx.1 * b.x + wx.2 * c.x + wx.3 * d.x)
        y += weight * (wx.0 * a.y + wx.1 * b.y + wx.2 * c.y + wx.3 * d.y)
      }
    }
    return Position(x: x, y: y)
  }

  /// The first of the four grid nodes that bear on a coordinate, and their cubic B-spline weights.
  private static func weights(_ coordinate: Float) -> (Int, (Float, Float, Float, Float)) {
    let place = min(max(coordinate, 0), 0.9999) * cells
    let node = Int(place)
    let u = place - Float(node)
    let (v, u2) = (1 - u, u * u)
    let u3 = u2 * u
    return (node, (v * v * v / 6, (3 * u3 - 6 * u2 + 4) / 6, (-3 * u3 + 3 * u2 + 3 * u + 1) / 6, u3 / 6))
  }
}

/// Images.
extension Deformation {
  /// An image seen through the map: the pixel at p shows what the image has at map(p), interpolated bilinearly; beyond its
  /// edge there is background (0).
  /// - Precondition: `image` holds height · width bytes.
  package func callAsFunction(_ image: ArraySlice<UInt8>, height: Int, width: Int) -> [UInt8] {
    guard image.count == height * width else {
      fatalError("Deformation: \(image.count) bytes are not an image of \(height) × \(width)")
    }
    var result = [UInt8](repeating: 0, count: image.count)
    let (w, h) = (Float(width), Float(height))
    image.withUnsafeBufferPointer { image in
      func brightness(_ row: Int, _ column: Int) -> Float {
        row >= 0 && row < height && column >= 0 && column < width ? Float(image[row * width + column]) : 0
      }
      for row in 0..<height {
        for column in 0..<width {
          let source = self(Position(x: (Float(column) + 0.5) / w, y: (Float(row) + 0.5) / h))
          let (x, y) = (source.x * w - 0.5, source.y * h - 0.5)
          guard x > -1, y > -1, x < w, y < h else { continue }
          let (left, top) = (Int(x + 1) - 1, Int(y + 1) - 1)
          let (u, v) = (x - Float(left), y - Float(top))
          let upper = (1 - u) * brightness(top, left) + u * brightness(top, left + 1)
          let lower = (1 - u) * brightness(top + 1, left) + u * brightness(top + 1, left + 1)
          result[row * width + column] = UInt8((1 - v) * upper + v * lower + 0.5)
        }
      }
    }
    return result
  }
}

extension LabeledImages {
  /// The same images, each deformed at random: fresh examples for every epoch.
  ///
  /// Image i depends on the generator's key and i alone, whatever the number of threads.
  public func deformed(by generator: Generator) -> LabeledImages { deformed(.augmentation, by: generator) }

  /// The same images, each deformed at random with this strength.
  package func deformed(_ strength: Deformation.Strength, by generator: Generator) -> LabeledImages {
    let deformed = bytesInParallel(count: count, width: features, scratch: ()) { number, output, _ in
      var stream = generator.stream(generator.position, UInt64(number))
      let bytes = Deformation(strength, using: &stream)(image(number), height: height, width: width)
      _ = output.update(fromContentsOf: bytes)
    }
    return LabeledImages(
      pixels: deformed, height: height, width: width, labels: labels, classNames: classNames,
      standardization: standardization)
  }
}

extension Generator {
  /// A number with mean 0 and standard deviation 1, close to normal and never beyond ±3.5: the sum of four uniform ones.
  ///
  /// It needs no logarithm or cosine, which differ in the last bit from system to system.
  mutating func bell() -> Float {
    let word = next()
    var sum: UInt64 = 0
    for part in 0..<4 { sum += word >> (16 * UInt64(part)) & 0xFFFF }
    // The sum has mean 2 · 65535 and variance 4 · (65536² − 1) / 12.
    return (Float(sum) - 131_070) * (1 / 37_837.23)
  }

  /// A number in [low, high).
  mutating func float(_ low: Float, _ high: Float) -> Float { low + (high - low) * Float(next() >> 40) * 0x1p-24 }

  /// A whole number in 0 ..< bound.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
