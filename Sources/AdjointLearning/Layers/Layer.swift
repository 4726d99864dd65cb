import Adjoint

/// A part of a model: parameters and a function that records its result.
///
/// An architecture is a struct and a function. The tape finds the parameters that the function uses, so there is nothing
/// to register. Copying a layer struct shares its parameters, since a `Parameter` is a place; `copy()` detaches.
///
/// ```swift
/// struct Gated: Layer {
///   let left, gate, head: Linear<Float>
///   func callAsFunction(_ x: Variable<Float>) -> Variable<Float> { head(left(x) * gate(x).sigmoid()) }
/// }
/// ```
public protocol Layer<S> {
  /// The precision of its parameters.
  associatedtype S: Scalar
  /// Records y = f(x) on the tape of x.
  func callAsFunction(_ x: Variable<S>) -> Variable<S>
}

/// A layer that can be detached: a copy with parameters of its own.
public protocol Detachable {
  /// The same layer with the same values in new parameters; training one no longer changes the other.
  func copy() -> Self
}

/// A layer of the library, which can be detached, and says what it is.
package protocol LibraryLayer: Layer, Detachable, CustomStringConvertible {
  /// Replaces every parameter by a copy of its own.
  mutating func detach()
}

extension LibraryLayer {
  public func copy() -> Self {
    ModelCopy.once {
      var copy = self
      copy.detach()
      return copy
    }
  }

  /// Traps with this layer and what it takes when a variable does not fit it.
  func require(_ fits: Bool, _ x: Variable<S>, takes: String, at site: CallSite = CallSite()) {
    if !fits {
      site.trap(
        "\(self) takes \(takes); it was given \(x.tape.describe(x.index)). Reshape that, or make the layer for it.")
    }
  }

  /// The beginning of a description: `Linear fc1: `.
  func title(_ kind: String, _ name: String?) -> String { name.map { "\(kind) \($0): " } ?? "\(kind): " }

  /// The number of parameters, and how many of them are frozen: `100480 parameters`.
  func words(of parameters: [Parameter<S>?]) -> String {
    let present = parameters.compactMap { $0 }
    let (count, frozen) = (present.reduce(0) { $0 + $1.count }, present.filter(\.isFrozen).reduce(0) { $0 + $1.count })
    return "\(count) parameters" + (frozen == 0 ? "" : frozen == count ? ", frozen" : ", \(frozen) of them frozen")
  }
}

/// A copy of a layer that another one holds.
func detached<S: Scalar>(_ layer: any Layer<S>, in owner: String) -> any Layer<S> {
  guard let copy = (layer as? any Detachable)?.copy() as? any Layer<S> else {
    fatalError("\(owner).copy(): \(type(of: layer)) has no copy(); conform it to Detachable")
  }
  return copy
}

extension Parameter {
  /// A new parameter with the same name and value; the same one for each place of it in a model that is copied.
  public func copy() -> Parameter {
    if let twin, let copying, copying === ModelCopy.current { return twin }
    let copy = Parameter(value, name: name)
    copy.isFrozen = isFrozen
    (twin, copying) = (copy, ModelCopy.current)
    return copy
  }
}

/// Layers one after the other.
public struct Sequential<S: Scalar>: LibraryLayer {
  package private(set) var layers: [any Layer<S>]
  /// Layers in the order in which they are applied.
  public init(_ layers: [any Layer<S>]) { self.layers = layers }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { layers.reduce(x) { $1($0) } }

  /// - Precondition: every layer is `Detachable`.
  package mutating func detach() { layers = layers.map { detached($0, in: "Sequential") } }

  /// A line for each layer, at most a dozen of them.
  public var description: String {
    let (most, rest) = (12, layers.count - 12)
    let lines = layers.prefix(most).map { "  \($0)" } + (rest > 0 ? ["  … and \(rest) more"] : [])
    return (["Sequential of \(layers.count) layers"] + lines).joined(separator: "\n")
  }
}

/// A function beside the way around it, y = x + f(x), or y = g(x) + f(x) with a shortcut g where shapes differ.
///
/// Source: He et al., "Deep residual learning for image recognition", 2016.
public struct Residual<S: Scalar>: LibraryLayer {
  package private(set) var body: any Layer<S>
  package private(set) var shortcut: (any Layer<S>)?

  /// A function with a way around it.
  /// - Parameter shortcut: g; the identity when left out.
  public init(_ body: any Layer<S>, shortcut: (any Layer<S>)? = nil) { (self.body, self.shortcut) = (body, shortcut) }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    let (y, way) = (body(x), shortcut?(x) ?? x)
    guard y.shape == way.shape else {
      fatalError(
        "Residual: the body makes \(y.shape) of \(x.shape), and \(way.shape) goes around it; give a body that keeps the "
          + "shape, or a shortcut that makes the same one")
    }
    return way + y
  }

  /// - Precondition: both are `Detachable`.
  package mutating func detach() {
    (body, shortcut) = (detached(body, in: "Residual"), shortcut.map { detached($0, in: "Residual") })
  }

  public var description: String {
    "Residual: x + \(body)" + (shortcut.map { ", around it \($0)" } ?? "")
  }
}
