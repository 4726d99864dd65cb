import AdjointKernels

extension WindowGrid {
  /// These windows, as kernels take them.
  var kernel: ak_windows {
    func pair(_ extent: Extent2D) -> (Int, Int) { (extent.height, extent.width) }
    return ak_windows(
      images: images, height: height, width: width, channels: channels, size: pair(windows.size),
      stride: pair(windows.stride), padding: pair(windows.padding), dilation: pair(windows.dilation), grid: pair(grid))
  }

  /// True where a kernel pools such windows: sums of many elements are added up pairwise.
  func hasKernel(_ r: Reduction) -> Bool { r != .sum || windows.count <= Float.rowBlock }
}
