import Adjoint

/// A part of a model: parameters and a function that records what it computes.
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
  associatedtype S: Scalar
  /// Records y = f(x) on the tape of x.
  func callAsFunction(_ x: Variable<S>) -> Variable<S>
}
