import AdjointKernels
import Testing

@Suite struct BytesTests {
  @Test(arguments: InstructionSet.all, [0, 1, 7, 15, 16, 17, 33, 256])
  func everyByteIsItsQuotientBy255RoundedOnce(set: InstructionSet, count: Int) {
    for first in [0, 100, 255 - min(count, 255)] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: first + $0) }
      var y = [Float](repeating: -77, count: count + 1)
      set.kernels.fractions_f32(bytes, &y, count)
      #expect(y.dropLast().map(\.bitPattern) == bytes.map { (Float($0) / 255).bitPattern })
      #expect(y[count] == -77, "nothing is written behind the end")
    }
  }
}
