// Poolings of sequences: those of images of one row.

extension Variable {
  /// The largest element of each window of sequences [batch, length, channels]; see `maxPool`.
  public func maxPool1d(
    _ size: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    asImages("maxPool1d", file, line) {
      $0.maxPool(
        Extent2D(1, size), stride: Extent2D(1, stride ?? size), padding: Extent2D(0, padding),
        dilation: Extent2D(1, dilation), ceilMode: ceilMode, file: file, line: line)
    }
  }

  /// The mean of each window of sequences [batch, length, channels]; see `averagePool`.
  public func averagePool1d(
    _ size: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false, countIncludePad: Bool = true,
    divisorOverride: Int? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Variable {
    asImages("averagePool1d", file, line) {
      $0.averagePool(
        Extent2D(1, size), stride: Extent2D(1, stride ?? size), padding: Extent2D(0, padding), ceilMode: ceilMode,
        countIncludePad: countIncludePad, divisorOverride: divisorOverride, file: file, line: line)
    }
  }
}
