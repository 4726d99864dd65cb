import Adjoint

/// Group normalisation, y = γ ⊙ (x − μ) / √(σ² + ε) + β with μ and σ² over all places and the channels of a group, for
/// each example by itself: of images [batch, height, width, channels], or [batch, …, channels].
///
/// Source: Wu & He, "Group normalization", 2018.
public struct GroupNorm<S: Scalar>: LibraryLayer {
  package private(set) var scale: Parameter<S>
  package private(set) var shift: Parameter<S>
  package let groups: Int
  package let epsilon: Double
  package let name: String?

  /// Normalises a last axis of `channels` channels in `groups` equal groups; γ begins at 1 and β at 0.
  /// - Parameters:
  ///   - epsilon: the number added to the variance.
  ///   - name: the prefix of the parameters' names, `name/scale` and `name/shift`; numbered by first use when left out.
  public init(
    _ groups: Int, _ channels: Int, epsilon: Double = 1e-5, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let site = CallSite(file, line)
    checkGroups("GroupNorm", channels, channels, groups, at: site)
    scale = Parameter(.ones([channels]), name: name.map { $0 + "/scale" })
    shift = Parameter(.zeros([channels]), name: name.map { $0 + "/shift" })
    self.epsilon = checked(epsilon, "GroupNorm: epsilon", .notNegative, at: site)
    (self.groups, self.name) = (groups, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(x.shape.rank >= 2 && x.shape.last == scale.shape[0], x, takes: "[batch, …, \(scale.shape[0])]")
    return x.tape.scoped(name ?? "groupNorm") {
      groupNorm(x, groups: groups, epsilon: epsilon) * x.tape.parameter(scale) + x.tape.parameter(shift)
    }
  }

  package mutating func detach() { (scale, shift) = (scale.copy(), shift.copy()) }

  public var description: String {
    title("GroupNorm", name) + "\(scale.shape[0]) channels in \(groups) groups, ε \(epsilon), "
      + words(of: [scale, shift])
  }
}

/// Instance normalisation, y = (x − μ) / √(σ² + ε) with μ and σ² over all places of one channel, for each example by
/// itself; with γ and β where asked for.
///
/// Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016.
public struct InstanceNorm<S: Scalar>: LibraryLayer {
  package let channels: Int
  package private(set) var scale: Parameter<S>?
  package private(set) var shift: Parameter<S>?
  package let epsilon: Double
  package let name: String?

  /// Normalises each of `channels` channels.
  /// - Parameter affine: true for γ, which begins at 1, and β, which begins at 0.
  public init(
    _ channels: Int, epsilon: Double = 1e-5, affine: Bool = false, name: String? = nil, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(channels, "InstanceNorm: channels", atLeast: 1, at: site)
    scale = affine ? Parameter(.ones([channels]), name: name.map { $0 + "/scale" }) : nil
    shift = affine ? Parameter(.zeros([channels]), name: name.map { $0 + "/shift" }) : nil
    self.epsilon = checked(epsilon, "InstanceNorm: epsilon", .notNegative, at: site)
    (self.channels, self.name) = (channels, name)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    require(x.shape.rank >= 3 && x.shape.last == channels, x, takes: "[batch, …, \(channels)] with places between")
    return x.tape.scoped(name ?? "instanceNorm") {
      let y = groupNorm(x, groups: channels, epsilon: epsilon)
      guard let scale, let shift else { return y }
      return y * x.tape.parameter(scale) + x.tape.parameter(shift)
    }
  }

  package mutating func detach() { (scale, shift) = (scale?.copy(), shift?.copy()) }

  public var description: String {
    title("InstanceNorm", name) + "\(channels) channels, ε \(epsilon), " + words(of: [scale, shift])
  }
}

/// (x − mean) / √(variance + ε) over all places and the channels of a group.
package func groupNorm<S: Scalar>(_ x: Variable<S>, groups: Int, epsilon: Double) -> Variable<S> {
  let (shape, channels) = (x.shape, x.shape.last ?? 1)
  let places = shape.dropFirst().dropLast().reduce(1, *)
  let parts = x.reshape(to: [shape[0], places, groups, channels / groups])
  let centred = parts - parts.mean(axes: [1, 3], keepingDimensions: true)
  return (centred / (parts.variance(axes: [1, 3], keepingDimensions: true) + epsilon).sqrt()).reshape(to: shape)
}
