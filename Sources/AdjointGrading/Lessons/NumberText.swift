import Adjoint

/// Tensors as a person writes them: `0.5`, `[1, -2]`, `[[1, 0.25], [0, 1e-3]]`.
package enum NumberText {
  /// All elements, so that they can be read back; or rounded to a number of significant digits.
  package static func text(_ tensor: Tensor<Double>, digits: Int? = nil) -> String {
    text(digits.map { digits in tensor.map { rounded($0, digits) } } ?? tensor, axis: 0, offset: 0)
  }

  private static func text(_ tensor: Tensor<Double>, axis: Int, offset: Int) -> String {
    guard axis < tensor.shape.rank else { return number(tensor.elements[offset]) }
    let stride = tensor.shape.dropFirst(axis + 1).reduce(1, *)
    let entries = (0..<tensor.shape[axis]).map { text(tensor, axis: axis + 1, offset: offset + $0 * stride) }
    return "[" + entries.joined(separator: ", ") + "]"
  }

  /// `1`, `0.5`, `1e-05`; as short as `Float` allows for a number that it holds. Zero has no sign.
  static func number(_ value: Double) -> String {
    let text = Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
    return value == 0 ? "0" : text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// The number of so many significant digits that is nearest.
  package static func rounded(_ value: Double, _ digits: Int) -> Double {
    guard value != 0, value.isFinite else { return value }
    let exponent = (Double.logarithm(value.magnitude) / Double.logarithm(10)).rounded(.down)
    let places = digits - 1 - Int(exponent)
    let unit = (0..<abs(places)).reduce(1.0) { power, _ in power * 10 }
    guard unit.isFinite else { return value }
    // Dividing by a whole power of ten is rounded once, so that 0.3 comes out as 0.3.
    return places >= 0 ? (value * unit).rounded() / unit : (value / unit).rounded() * unit
  }
}
