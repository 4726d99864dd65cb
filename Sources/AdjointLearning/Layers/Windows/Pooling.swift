import Adjoint

/// The largest element of each window of images, channel by channel.
public struct MaxPool2D<S: Scalar>: LibraryLayer {
  package let size: Extent2D
  package let stride: Extent2D?
  package let padding: Extent2D
  package let dilation: Extent2D
  package let ceilMode: Bool

  /// Windows side by side, unless a stride says otherwise; see `Variable.maxPool`.
  public init(
    _ size: Extent2D, stride: Extent2D? = nil, padding: Extent2D = 0, dilation: Extent2D = 1, ceilMode: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    checkWindow("MaxPool2D", size, stride ?? size, .around(padding), dilation, at: CallSite(file, line))
    (self.size, self.stride, self.padding, self.dilation) = (size, stride, padding, dilation)
    self.ceilMode = ceilMode
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.maxPool(size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }
  package mutating func detach() {}
  public var description: String {
    "MaxPool2D: windows \(size), stride \(stride ?? size)" + (padding == 0 ? "" : ", padding \(padding)")
      + (dilation == 1 ? "" : ", dilation \(dilation)") + (ceilMode ? ", rounded up" : "")
  }
}

/// The mean of each window of images, channel by channel.
public struct AveragePool2D<S: Scalar>: LibraryLayer {
  package let size: Extent2D
  package let stride: Extent2D?
  package let padding: Extent2D
  package let ceilMode: Bool
  package let countIncludePad: Bool

  /// Windows side by side, unless a stride says otherwise; see `Variable.averagePool`.
  public init(
    _ size: Extent2D, stride: Extent2D? = nil, padding: Extent2D = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) {
    checkWindow("AveragePool2D", size, stride ?? size, .around(padding), at: CallSite(file, line))
    (self.size, self.stride, self.padding) = (size, stride, padding)
    (self.ceilMode, self.countIncludePad) = (ceilMode, countIncludePad)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.averagePool(size, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
  }
  package mutating func detach() {}
  public var description: String {
    "AveragePool2D: windows \(size), stride \(stride ?? size)" + (padding == 0 ? "" : ", padding \(padding)")
      + (countIncludePad ? "" : " uncounted") + (ceilMode ? ", rounded up" : "")
  }
}

/// The largest element of each window of sequences, channel by channel.
public struct MaxPool1D<S: Scalar>: LibraryLayer {
  package let size: Int
  package let stride: Int?
  package let padding: Int

  /// Windows side by side, unless a stride says otherwise; see `Variable.maxPool1d`.
  public init(
    _ size: Int, stride: Int? = nil, padding: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) {
    checkWindow(
      "MaxPool1D", Extent2D(1, size), Extent2D(1, stride ?? size), .around(Extent2D(0, padding)),
      at: CallSite(file, line))
    (self.size, self.stride, self.padding) = (size, stride, padding)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.maxPool1d(size, stride: stride, padding: padding) }
  package mutating func detach() {}
  public var description: String {
    "MaxPool1D: windows of \(size), stride \(stride ?? size)" + (padding == 0 ? "" : ", padding \(padding)")
  }
}

/// The mean of each window of sequences, channel by channel.
public struct AveragePool1D<S: Scalar>: LibraryLayer {
  package let size: Int
  package let stride: Int?
  package let padding: Int

  /// Windows side by side, unless a stride says otherwise; see `Variable.averagePool1d`.
  public init(
    _ size: Int, stride: Int? = nil, padding: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) {
    checkWindow(
      "AveragePool1D", Extent2D(1, size), Extent2D(1, stride ?? size), .around(Extent2D(0, padding)),
      at: CallSite(file, line))
    (self.size, self.stride, self.padding) = (size, stride, padding)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    x.averagePool1d(size, stride: stride, padding: padding)
  }
  package mutating func detach() {}
  public var description: String {
    "AveragePool1D: windows of \(size), stride \(stride ?? size)" + (padding == 0 ? "" : ", padding \(padding)")
  }
}

/// The mean over each of so many sections of images of any size; see `Variable.adaptiveAveragePool`.
public struct AdaptiveAveragePool2D<S: Scalar>: LibraryLayer {
  package let size: Extent2D

  /// A pooling to one size.
  public init(_ size: Extent2D, file: StaticString = #fileID, line: UInt = #line) {
    checkWindow("AdaptiveAveragePool2D", size, 1, at: CallSite(file, line))
    self.size = size
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.adaptiveAveragePool(to: size) }
  package mutating func detach() {}
  public var description: String { "AdaptiveAveragePool2D: to \(size)" }
}

/// The largest element of each of so many sections of images of any size; see `Variable.adaptiveMaxPool`.
public struct AdaptiveMaxPool2D<S: Scalar>: LibraryLayer {
  package let size: Extent2D

  /// A pooling to one size.
  public init(_ size: Extent2D, file: StaticString = #fileID, line: UInt = #line) {
    checkWindow("AdaptiveMaxPool2D", size, 1, at: CallSite(file, line))
    self.size = size
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { x.adaptiveMaxPool(to: size) }
  package mutating func detach() {}
  public var description: String { "AdaptiveMaxPool2D: to \(size)" }
}

/// Images scaled up, or to a size; see `Variable.resize`.
public struct Upsample<S: Scalar>: LibraryLayer {
  private enum Extent {
    case scale(Double)
    case size(Extent2D)
  }
  private let extent: Extent
  package let mode: Interpolation
  package let alignCorners: Bool

  /// Images so many times as high and as wide.
  public init(
    scale: Double = 2, mode: Interpolation = .nearest, alignCorners: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let valid = checked(scale, "Upsample: the scale", .positive, at: CallSite(file, line))
    (extent, self.mode, self.alignCorners) = (.scale(valid), mode, alignCorners)
  }

  /// Images of one size.
  public init(
    to size: Extent2D, mode: Interpolation = .nearest, alignCorners: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    checkWindow("Upsample", size, 1, at: CallSite(file, line))
    (extent, self.mode, self.alignCorners) = (.size(size), mode, alignCorners)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    switch extent {
    case .scale(let scale): x.resize(scale: scale, mode: mode, alignCorners: alignCorners)
    case .size(let size): x.resize(to: size, mode: mode, alignCorners: alignCorners)
    }
  }
  package mutating func detach() {}
  public var description: String {
    let target =
      switch extent {
      case .scale(let scale): "\(scale) times"
      case .size(let size): "to \(size)"
      }
    return "Upsample: \(target), \(mode)" + (alignCorners ? ", corners aligned" : "")
  }
}
