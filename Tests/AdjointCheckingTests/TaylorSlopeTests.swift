import AdjointChecking
import Foundation
import Testing

@Suite struct TaylorSlopeTests {
  @Test("The remainder of a right gradient falls with h²")
  func right() {
    let remainder = TaylorSlope().remainder(of: { exp(1 + $0) }, slope: exp(1))
    #expect(remainder.verdict == .asExpected, "\(remainder)")
  }
}
