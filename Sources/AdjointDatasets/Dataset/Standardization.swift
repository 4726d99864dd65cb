import Adjoint
import AdjointFiles

/// Mean and standard deviation of every feature over a training set.
///
/// x̂ⱼ = (xⱼ − μⱼ) / σⱼ, with σⱼ² = Σᵢ(xᵢⱼ − μⱼ)² / n. They are fitted on the training set and applied to every other one:
/// a test set has no statistics of its own. A feature that never varies is only shifted (σ counts as 1), so it stays
/// finite whatever a test set holds there.
public struct FeatureStatistics: Sendable, Hashable, Codable {
  /// μ, one for each feature.
  package let mean: [Float]
  /// σ, one for each feature; 0 where the feature is constant.
  package let deviation: [Float]

  /// - Precondition: as many deviations as means; none negative.
  package init(mean: [Float], deviation: [Float]) {
    guard mean.count == deviation.count, deviation.allSatisfy({ $0 >= 0 }) else {
      fatalError("FeatureStatistics: \(mean.count) means and \(deviation.count) deviations, which must be ≥ 0")
    }
    self.mean = mean
    self.deviation = deviation
  }

  /// The statistics of each pixel, in units of the brightest: bytes divided by 255.
  ///
  /// The sums are whole numbers, so the result is exact but for the last rounding.
  /// - Precondition: there is at least one image.
  public init(of images: LabeledImages, file: StaticString = #fileID, line: UInt = #line) {
    guard images.count > 0 else {
      fatalError(
        "FeatureStatistics: there are no images to take statistics of; give at least one", file: file, line: line)
    }
    var sums = PixelSums(images.features)
    images.pixels.withUnsafeBufferPointer { pixels in
      for start in stride(from: 0, to: pixels.count, by: images.features) {
        sums.add(UnsafeBufferPointer(rebasing: pixels[start..<start + images.features]))
      }
    }
    self.init(sums)
  }

  /// The statistics of each pixel of images that stay in their file, which is read once.
  /// - Precondition: there is at least one image.
  /// - Throws: `FileError` when it cannot be read.
  public init(of images: StoredImages, file: StaticString = #fileID, line: UInt = #line) throws(FileError) {
    guard images.count > 0 else {
      fatalError(
        "FeatureStatistics: there are no images to take statistics of; give at least one", file: file, line: line)
    }
    var sums = PixelSums(images.height * images.width)
    try images.read(Array(0..<images.count)[...]) { _, pixels in sums.add(pixels) }
    self.init(sums)
  }

  private init(_ all: PixelSums) {
    let n = Double(all.count)
    mean = all.sums.map { Float(Double($0) / n / 255) }
    // n·Σx² − (Σx)² is exact, so a constant pixel has a deviation of exactly 0.
    deviation = zip(all.sums, all.squares).map { sum, square in
      Float(Double(all.count &* square &- sum &* sum).squareRoot() / n / 255)
    }
  }

  /// The statistics of each column of a matrix [n, features].
  /// - Precondition: there is at least one row.
  public init(of inputs: Tensor<Float>, file: StaticString = #fileID, line: UInt = #line) {
    guard inputs.shape.rank == 2, inputs.shape[0] > 0 else {
      fatalError(
        "FeatureStatistics: inputs of shape \(inputs.shape); give a matrix [n, features] of at least one row",
        file: file,
        line: line)
    }
    let (rows, features) = (inputs.shape[0], inputs.shape[1])
    let n = Double(rows)
    var (means, deviations): ([Float], [Float]) = ([], [])
    for j in 0..<features {
      let column = (0..<rows).map { Double(inputs.elements[$0 * features + j]) }
      let mean = column.reduce(0, +) / n
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
      means.append(Float(mean))
      // A column of one repeated value can show a variance of pure rounding; it counts as constant.
      deviations.append(column.allSatisfy { $0 == column.first } ? 0 : Float(variance.squareRoot()))
    }
    mean = means
    deviation = deviations
  }

  /// The factor of each pixel: 1/σ, or 1 where σ is 0. It is rounded, which can move the last bit of x̂; points are divided.
  var scale: [Float] { deviation.map { $0 > 0 ? 1 / $0 : 1 } }
}

/// The sums of the bytes of each pixel and of their squares, exact in any order.
private struct PixelSums {
  private(set) var count = 0
  private(set) var sums: [Int]
  private(set) var squares: [Int]

  init(_ features: Int) {
    (sums, squares) = (Array(repeating: 0, count: features), Array(repeating: 0, count: features))
  }

  mutating func add(_ image: UnsafeBufferPointer<UInt8>) {
    count += 1
    for j in sums.indices {
      let value = Int(image[j])
      sums[j] &+= value
      squares[j] &+= value &* value
    }
  }
}

/// The way from the bytes of an image to numbers.
public enum Standardization: Sendable, Hashable, Codable {
  /// x = byte / 255, from 0 to 1.
  case none
  /// Every image for itself: mean 0 and standard deviation 1 over its own pixels; a blank image becomes zeros.
  case perImage
  /// Every pixel over a training set: mean 0 and standard deviation 1; constant pixels stay finite.
  case perPixel(FeatureStatistics)
}

extension Standardization {
  /// Traps where statistics of pixels belong to images of another size.
  func check(height: Int, width: Int, file: StaticString, line: UInt) {
    guard case .perPixel(let statistics) = self, statistics.mean.count != height * width else { return }
    fatalError(
      "Standardization: statistics of \(statistics.mean.count) pixels for images of \(height) × \(width); take them of images of this "
        + "size", file: file, line: line)
  }

  /// A compiled form of a standardisation, so that filling a batch allocates nothing.
  enum Plan: Sendable, Hashable {
    case scale
    case image
    case pixel(mean: [Float], scale: [Float])

    init(_ standardization: Standardization) {
      self =
        switch standardization {
        case .none: .scale
        case .perImage: .image
        case .perPixel(let statistics): .pixel(mean: statistics.mean, scale: statistics.scale)
        }
    }

    /// Writes one image as numbers.
    func apply(_ pixels: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableBufferPointer<Float>) {
      switch self {
      case .scale: Float.fractions(of: pixels, into: output)
      case .pixel(let mean, let scale):
        Float.fractions(of: pixels, into: output)
        mean.withUnsafeBufferPointer { mean in
          scale.withUnsafeBufferPointer { scale in
            for j in 0..<pixels.count { output[j] = (output[j] - mean[j]) * scale[j] }
          }
        }
      case .image:
        var (sum, squares) = (0, 0)
        for pixel in pixels {
          sum &+= Int(pixel)
          squares &+= Int(pixel) &* Int(pixel)
        }
        let n = pixels.count
        let mean = Float(Double(sum) / Double(n))
        let deviation = Float(Double(n &* squares &- sum &* sum).squareRoot() / Double(n))
        let scale = deviation > 0 ? 1 / deviation : 1
        for j in 0..<n { output[j] = (Float(pixels[j]) - mean) * scale }
      }
    }
  }
}
