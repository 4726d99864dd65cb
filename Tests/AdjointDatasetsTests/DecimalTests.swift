import Adjoint
import AdjointDatasets
import Foundation
import TestFiles
import Testing

@Suite("Numbers in tables")
struct DecimalTests {
  /// The numbers that a table of these texts, a row each, is read as.
  private func read(_ texts: [String]) throws -> [Float] {
    let scratch = try ScratchFolder()
    let url = try scratch.file("t.csv", texts.map { "\($0),1\n" }.joined())
    return try RegressionPoints(csv: url, format: CSVFormat(hasHeader: false)).inputs.elements
  }

  @Test("a text is the nearest Float, to the bit, whatever its length and exponent")
  func nearest() throws {
    var generator = Generator(seed: 7)
    var texts: [String] = []
    for _ in 0..<6000 {
      let digits = 1 + generator.permutation(of: 25)[0]
      var text = (0..<digits).map { _ in String(generator.permutation(of: 10)[0]) }.joined()
      let point = generator.permutation(of: digits + 1)[0]
      text.insert(".", at: text.index(text.startIndex, offsetBy: point))
      text = ["", "-", "+"][generator.permutation(of: 3)[0]] + text
      if generator.permutation(of: 2)[0] == 0 { text += "e\(generator.permutation(of: 90)[0] - 55)" }
      texts.append(text)
    }
    // The middle between two neighbours, and a little on either side of it: where `Double` alone rounds wrongly.
    for bits in [0x3F80_0000, 0x4B7F_FFFF, 0x3DCC_CCCD, 0x0000_0001, 0x0080_0000] as [UInt32] {
      let (low, high) = (Float(bitPattern: bits), Float(bitPattern: bits + 1))
      let middle = (Double(low) + Double(high)) / 2
      texts += [middle, middle.nextUp, middle.nextDown].map { String(format: "%.60e", $0) }
      texts += ["\(low)", "\(high)"]
    }
    texts += ["0", "-0", "0.0", "007", "1.", ".5", "1e5", "1E-5", "3.4028235e38", "16777217", "1e-400", "0e999"]
    texts.removeAll { Float($0)?.isFinite != true }
    #expect(texts.count > 5500)
    for (text, value) in zip(texts, try read(texts)) {
      #expect(value.bitPattern == Float(text)?.bitPattern, "\(text)")
    }
  }

  @Test(
    "what only resembles a number is refused",
    arguments: ["", ".", "-", "e5", "1e", "1e+", "0x10", "1_000", "1,5", "inf", "nan", "1 2", "--1", "1e99", "١"])
  func refused(text: String) throws {
    let error = try fileError { try read(["1", "\"\(text)\""]) }
    #expect(error.reason == .badValue)
    #expect(error.place == .line(2, column: 1))
  }
}
