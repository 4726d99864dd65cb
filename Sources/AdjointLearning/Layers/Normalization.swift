import Adjoint

/// Layer normalisation, y = γ ⊙ (x − mean) / √(variance + ε) + β, mean and variance over the last axis, or over the last
/// axes.
///
/// Source: Ba, Kiros, Hinton, "Layer normalization", 2016.
public struct LayerNorm<S: Scalar>: LibraryLayer {
  package private(set) var scale: Parameter<S>
  package private(set) var shift: Parameter<S>
  package let epsilon: Double
  package let name: String?

  /// Normalises a last axis of `features` elements; γ begins at 1 and β at 0.
  /// - Parameters:
  ///   - epsilon: the number added to the variance.
  ///   - name: the prefix of the parameters' names, `name/scale` and `name/shift`; numbered by first use when left out.
  public init(
    _ features: Int, epsilon: Double = 1e-5, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) {
    check(features, "LayerNorm: features", atLeast: 1, at: CallSite(file, line))
    self.init(shape: [features], epsilon: epsilon, name: name, file: file, line: line)
  }

  /// Normalises over the last axes, which have this shape, as γ and β have.
  public init(
    shape: Shape, epsilon: Double = 1e-5, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    if shape.isEmpty { site.trap("LayerNorm: a shape without axes normalises nothing; give at least one extent") }
    for extent in shape { check(extent, "LayerNorm: an extent of \(shape)", atLeast: 1, at: site) }
    scale = Parameter(.ones(shape), name: name.map { $0 + "/scale" })
    shift = Parameter(.zeros(shape), name: name.map { $0 + "/shift" })
    (self.epsilon, self.name) = (checked(epsilon, "LayerNorm: epsilon", .notNegative, at: site), name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(x.shape.suffix(scale.shape.rank).elementsEqual(scale.shape), x, takes: "[…, \(sizes)]")
    return x.tape.scoped(name ?? "layerNorm") {
      layerNorm(x, axes: scale.shape.rank, epsilon: epsilon) * x.tape.parameter(scale) + x.tape.parameter(shift)
    }
  }

  private var sizes: String { scale.shape.map(String.init).joined(separator: ", ") }

  package mutating func detach() { (scale, shift) = (scale.copy(), shift.copy()) }

  public var description: String {
    title("LayerNorm", name) + "\(scale.shape.map(String.init).joined(separator: " × ")) features, ε \(epsilon), "
      + words(of: [scale, shift])
  }
}

/// (x − mean) / √(variance + ε) over so many last axes.
package func layerNorm<S: Scalar>(_ x: Variable<S>, axes count: Int = 1, epsilon: Double = 1e-5) -> Variable<S> {
  let axes = Array(-count..<0)
  let centred = x - x.mean(axes: axes, keepingDimensions: true)
  return centred / (x.variance(axes: axes, keepingDimensions: true) + epsilon).sqrt()
}

/// Normalisation by the root of the mean square, y = γ ⊙ x / √(mean(x²) + ε), the mean over the last axis.
///
/// Source: Zhang & Sennrich, "Root mean square layer normalization", 2019.
public struct RMSNorm<S: Scalar>: LibraryLayer {
  package private(set) var scale: Parameter<S>
  package let epsilon: Double
  package let name: String?

  /// Normalises a last axis of `features` elements; γ begins at 1.
  /// - Parameters:
  ///   - epsilon: the number added to the mean square.
  ///   - name: the prefix of the parameter's name, `name/scale`; numbered by first use when left out.
  public init(
    _ features: Int, epsilon: Double = 1e-5, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(features, "RMSNorm: features", atLeast: 1, at: site)
    scale = Parameter(.ones([features]), name: name.map { $0 + "/scale" })
    (self.epsilon, self.name) = (checked(epsilon, "RMSNorm: epsilon", .notNegative, at: site), name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(x.shape.last == scale.shape[0], x, takes: "[…, \(scale.shape[0])]")
    return x.tape.scoped(name ?? "rmsNorm") {
      x / (x.square().mean(axes: [-1], keepingDimensions: true) + epsilon).sqrt() * x.tape.parameter(scale)
    }
  }

  package mutating func detach() { scale = scale.copy() }

  public var description: String {
    title("RMSNorm", name) + "\(scale.shape[0]) features, ε \(epsilon), " + words(of: [scale])
  }
}

/// Batch normalisation, y = γ ⊙ (x − μ) / √(σ² + ε) + β for each feature: of rows [batch, features], or of images
/// [batch, height, width, features], whose places count as rows. The features are the last axis, so one layer serves both.
///
/// In training, μ and σ² (the population variance, divided by N) are those of the batch; gradients flow through them. Each
/// run of a training program then moves the running statistics towards them,
///   running ← (1 − m)·running + m·batch.
/// In inference, μ and σ² are the running statistics. These are states: not trained, and saved with the weights. A layer that
/// is used several times in one recording moves them as often, one use after the other.
///
/// Recorded as plain operations. Loss and gradient of an example depend on the rest of its batch.
///
/// Source: Ioffe & Szegedy, "Batch normalization", 2015, algorithms 1 and 2.
public struct BatchNorm<S: Scalar>: LibraryLayer {
  package private(set) var scale: Parameter<S>
  package private(set) var shift: Parameter<S>
  package private(set) var runningMean: Parameter<S>
  package private(set) var runningVariance: Parameter<S>
  package let momentum: Double
  package let epsilon: Double
  package let name: String?

  /// Normalises a last axis of `features` elements; γ begins at 1 and β at 0.
  /// - Parameter momentum: m, the share of the running statistics that a batch replaces.
  /// - Precondition: 0 < momentum ≤ 1.
  public init(
    _ features: Int, momentum: Double = 0.1, epsilon: Double = 1e-5, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(features, "BatchNorm: features", atLeast: 1, at: site)
    func place(_ value: Tensor<S>, _ part: String) -> Parameter<S> {
      Parameter(value, name: name.map { "\($0)/\(part)" })
    }
    (scale, shift) = (place(.ones([features]), "scale"), place(.zeros([features]), "shift"))
    runningMean = place(.zeros([features]), "runningMean")
    runningVariance = place(.ones([features]), "runningVariance")
    self.momentum = checked(momentum, "BatchNorm: the momentum", .positiveShare, at: site)
    (self.epsilon, self.name) = (checked(epsilon, "BatchNorm: epsilon", .notNegative, at: site), name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let tape = x.tape
    require(x.shape.rank >= 2 && x.shape.last == scale.shape[0], x, takes: "[batch, …, \(scale.shape[0])]")
    return tape.scoped(name ?? "batchNorm") {
      // All four in both modes and in one order, so that unnamed ones have the same numbers in training and inference.
      let (scale, shift) = (tape.parameter(scale), tape.parameter(shift))
      var (mean, variance) = (tape.state(runningMean), tape.state(runningVariance))
      if tape.mode == .training {
        let (oldMean, oldVariance) = (tape.newest(of: runningMean), tape.newest(of: runningVariance))
        let axes = Array(0..<x.shape.rank - 1)
        mean = x.mean(axes: axes).overShards
        let isShard = ShardMeeting.ofRecording != nil
        variance = isShard ? (x - mean).square().mean(axes: axes).overShards : x.variance(axes: axes)
        tape.store(oldMean * (1 - momentum) + mean * momentum, into: runningMean)
        tape.store(oldVariance * (1 - momentum) + variance * momentum, into: runningVariance)
      }
      return (x - mean) * (scale / (variance + epsilon).sqrt()) + shift
    }
  }

  package mutating func detach() {
    (scale, shift) = (scale.copy(), shift.copy())
    (runningMean, runningVariance) = (runningMean.copy(), runningVariance.copy())
  }

  public var description: String {
    title("BatchNorm", name) + "\(scale.shape[0]) features, momentum \(momentum), ε \(epsilon), "
      + words(of: [scale, shift])
  }
}
