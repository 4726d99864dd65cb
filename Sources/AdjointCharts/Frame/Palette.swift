/// The colours of every drawing and chart, chosen so that they stay apart for colour-blind readers and in grey print.
///
/// Categories follow Okabe and Ito, "Color Universal Design" (2008). Whatever a colour says, a shape, a dash or a word says too.
package enum Palette {
  /// Colours for series, in the order in which to use them.
  package static let categories = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F",
  ]
  /// Dash patterns that go with the categories, so that lines differ in black and white.
  package static let dashes = ["", "6 3", "2 2", "8 3 2 3", "12 4", "4 4", "1 3", "10 2 2 2 2 2"]

  /// The colour of nodes of the forward pass.
  package static let forward = "#0072B2"
  /// The colour of adjoints.
  package static let backward = "#D55E00"
  /// The colour of parameters.
  package static let parameter = "#009E73"

  /// The colour of a value on a diverging scale −1 … 0 … 1: blue, white, orange. Values that are not numbers are grey.
  package static func diverging(_ value: Double) -> String {
    guard !value.isNaN else { return "#999999" }
    let end = value < 0 ? (0.0, 90.0, 160.0) : (200.0, 80.0, 0.0)
    return mixed((255, 255, 255), end, Swift.min(1, value.magnitude))
  }

  /// The colour of a value on a sequential scale 0 … 1: white to dark blue.
  package static func sequential(_ value: Double) -> String {
    guard !value.isNaN else { return "#999999" }
    return mixed((255, 255, 255), (8, 48, 107), Swift.max(0, Swift.min(1, value)))
  }

  private typealias RGB = (Double, Double, Double)
  private static func mixed(_ a: RGB, _ b: RGB, _ t: Double) -> String {
    func hex(_ a: Double, _ b: Double) -> String {
      let digits = String(Int((a + (b - a) * t).rounded()), radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    return "#" + hex(a.0, b.0) + hex(a.1, b.1) + hex(a.2, b.2)
  }
}
