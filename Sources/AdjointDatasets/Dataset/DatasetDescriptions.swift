import Adjoint
import AdjointFiles

// Data sets in a line: how many examples of what, how many classes, how many bytes. None prints its numbers.

extension LabeledImages: CustomStringConvertible {
  /// The count, size and classes of the images, their bytes, and the way to numbers.
  public var description: String {
    "LabeledImages: \(count) images of \(height) × \(width), \(words(ofClasses: classNames)), \(byteText(pixels.count)), "
      + "\(standardization)"
  }
}

extension StoredImages: CustomStringConvertible {
  /// The count, size and classes of the images, and the way to numbers.
  public var description: String {
    "StoredImages: \(count) images of \(height) × \(width) in a file, \(words(ofClasses: classNames)), \(standardization)"
  }
}

extension LabeledPoints: CustomStringConvertible {
  /// The count of rows, their features and classes.
  public var description: String {
    let names = featureNames.isEmpty ? "" : " (\(listed(featureNames)))"
    return "LabeledPoints: \(count) rows of \(features) features\(names), \(words(ofClasses: classNames))"
  }
}

extension RegressionPoints: CustomStringConvertible {
  /// The count of rows, the widths of inputs and targets.
  public var description: String { "RegressionPoints: \(count) rows, inputs \(inputShape), targets \(targetShape)" }
}

extension FeatureStatistics: CustomStringConvertible {
  /// The number of features, and the ranges of means and deviations.
  public var description: String {
    func range(_ x: [Float]) -> String {
      guard let low = x.min(), let high = x.max() else { return "none" }
      return "\(short(Double(low))) … \(short(Double(high)))"
    }
    return "statistics of \(mean.count) features: means \(range(mean)), deviations \(range(deviation))"
  }
}

extension Standardization: CustomStringConvertible {
  /// The way to numbers in words.
  public var description: String {
    switch self {
    case .none: "scaled to 0 … 1"
    case .perImage: "each image with mean 0 and deviation 1"
    case .perPixel(let statistics): "each pixel standardised by \(statistics)"
    }
  }
}

extension CSVFormat: CustomStringConvertible {
  /// The separator, and whether there is a header.
  public var description: String {
    let name = separator == 0x09 ? "a tab" : "'\(Character(UnicodeScalar(separator)))'"
    return "CSV separated by \(name), \(hasHeader ? "with" : "without") a header"
  }
}

private func words(ofClasses names: [String]) -> String { "\(names.count) classes (\(listed(names)))" }

/// The first few names.
private func listed(_ names: [String]) -> String {
  let most = names.count > 10 ? 6 : 10
  return names.prefix(most).map { String($0.prefix(20)) }.joined(separator: ", ") + (names.count > most ? ", …" : "")
}
