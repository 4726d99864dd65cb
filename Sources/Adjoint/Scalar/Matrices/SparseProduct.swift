import AdjointKernels

// Products whose left operand begins or ends with zeros in many rows, as the weights of causal attention do. What they would
// multiply is skipped where that leaves every bit.

extension MatrixProduct where S: ArrayLoops {
  /// The rows of C and the terms of a sum that are looked at together.
  private static var block: Int { 64 }

  /// Computes C = op(A)·B to the bits of the whole product, without the terms at the beginning and at the end of a band's sums in
  /// which A has nothing but zeros.
  ///
  /// A sum begins with +0, and neither +0 nor −0 changes it as long as it is not −0: so finite elements of B are skipped at the
  /// beginning, and at the end of a sum that does not come out as −0. Where B is not finite, or such a zero comes out, which takes an
  /// underflow, the band is computed as a whole. Chains end where they end in the whole product.
  package func multiplySkippingZeros() {
    let block = Self.block
    guard !transposeB, !accumulates, bias == nil, function == nil, rows >= 2 * block, depth >= 2 * block else {
      return S.multiply(self)
    }
    var isFinite: Bool?
    for first in stride(from: 0, to: rows, by: block) {
      let band = self.band(first..<Swift.min(first + block, rows))
      let terms = band.terms
      guard terms != 0..<depth else {
        S.multiply(band)
        continue
      }
      if isFinite == nil { isFinite = (0..<depth).allSatisfy { S.allFinite(b + $0 * strideB, count: columns) } }
      guard isFinite == true else {
        S.multiply(band)
        continue
      }
      band.multiply(terms)
      if S.mayHaveMinusZero(UnsafePointer(band.c), stride: strideC, rows: band.rows, columns: columns) {
        S.multiply(band)
      }
    }
  }

  /// Some rows of the result.
  private func band(_ rows: Range<Int>) -> MatrixProduct {
    var band = self
    band.rows = rows.count
    band.a += transposeA ? rows.lowerBound : rows.lowerBound * strideA
    band.c += rows.lowerBound * strideC
    return band
  }

  /// The terms of the sums without the blocks of zeros before and behind them.
  private var terms: Range<Int> {
    func areZeros(_ terms: Range<Int>) -> Bool {
      transposeA
        ? S.areZeros(a + terms.lowerBound * strideA, stride: strideA, rows: terms.count, columns: rows)
        : S.areZeros(a + terms.lowerBound, stride: strideA, rows: rows, columns: terms.count)
    }
    var (start, end) = (0, depth)
    while start + Self.block <= end, areZeros(start..<start + Self.block) { start += Self.block }
    while end - Self.block >= start, areZeros(end - Self.block..<end) { end -= Self.block }
    return start..<end
  }

  /// C = the sum over these terms alone, in the chains of the whole sum.
  private func multiply(_ terms: Range<Int>) {
    let chains = (depth + Int(AK_DEPTH) - 1) / Int(AK_DEPTH)
    func start(_ chain: Int) -> Int { depth / chains * chain + Swift.min(chain, depth % chains) }
    var part = self
    for chain in 0..<chains {
      let own = (start(chain)..<start(chain + 1)).clamped(to: terms)
      guard !own.isEmpty else { continue }
      part.depth = own.count
      part.a = a + (transposeA ? own.lowerBound * strideA : own.lowerBound)
      part.b = b + own.lowerBound * strideB
      S.multiply(part)
      part.accumulates = true
    }
    guard !part.accumulates else { return }
    part.depth = 0
    S.multiply(part)
  }
}
