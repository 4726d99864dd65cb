import Adjoint
import Foundation

/// A struct of layers, parameters and other such structs: a model of your own, which can be copied and frozen as a whole.
///
/// Its parameters are found by looking through its stored properties, in arrays, optionals and structs too. `copy()` has to
/// write them, and so asks for one line, which names the stored properties that hold parameters; they are `var`.
///
/// ```swift
/// struct Autoencoder: Module {
///   var encoder, decoder: MLP<Float>
///   var layers: [Linear<Float>]
///   static var parts: [PartialKeyPath<Self>] { [\.encoder, \.decoder, \.layers] }
/// }
/// ```
public protocol Module: Detachable {
  /// The stored properties that hold parameters.
  static var parts: [PartialKeyPath<Self>] { get }
}

extension Module {
  /// The same model with the same values in new parameters. One that stands in several places does so in the copy.
  /// - Precondition: every property that holds parameters is a `var` among `parts`.
  public func copy() -> Self {
    ModelCopy.once {
      var copy = self
      for part in Self.parts {
        guard let value = self[keyPath: part] as? any Detachable else {
          fatalError(
            "\(Self.self).copy(): \(part) is no parameter, Module or layer of the library, nor an array or optional of them; a struct "
              + "of your own conforms to Module")
        }
        copy.replace(part, by: value)
      }
      let own = Set(parameters(in: self).map { ObjectIdentifier($0) })
      if let shared = parameters(in: copy).first(where: { own.contains(ObjectIdentifier($0)) }) {
        fatalError(
          "\(Self.self).copy(): the parameter \(shared.words) is in no property among `parts`; add that property: "
            + "static var parts: [PartialKeyPath<Self>] { [\\.…] }")
      }
      return copy
    }
  }

  private mutating func replace<Part: Detachable>(_ path: PartialKeyPath<Self>, by value: Part) {
    guard let path = path as? WritableKeyPath<Self, Part> else {
      fatalError("\(Self.self).copy(): \(path) cannot be set; make it a `var`")
    }
    self[keyPath: path] = value.copy()
  }
}

extension Detachable {
  /// The number of elements of all parameters, each counted once.
  public var parameterCount: Int { AdjointLearning.parameters(in: self).reduce(0) { $0 + $1.elementCount } }
  /// Trains no parameter of this model from the next step on.
  public func freeze() { for parameter in AdjointLearning.parameters(in: self) { parameter.isFrozen = true } }
  /// Trains every parameter of this model from the next step on.
  public func unfreeze() { for parameter in AdjointLearning.parameters(in: self) { parameter.isFrozen = false } }
}

extension Parameter: Detachable {}

extension Array: Detachable where Element: Detachable {
  public func copy() -> [Element] { ModelCopy.once { map { $0.copy() } } }
}

extension Optional: Detachable where Wrapped: Detachable {
  public func copy() -> Wrapped? { map { $0.copy() } }
}

extension ParameterRule {
  /// The parameters of models: layers, parameters, and structs and arrays of them.
  public static func of(_ models: Any...) -> ParameterRule {
    .these(models.flatMap { parameters(in: $0) }.compactMap { $0 as? Parameter<S> })
  }
}

/// A parameter of any precision.
protocol AnyParameter: AnyObject {
  var isFrozen: Bool { get set }
  var elementCount: Int { get }
  var words: String { get }
  /// Writes all parameters of a model, of which this is one.
  func save(
    _ all: [any AnyParameter], of model: String, _ names: WeightNames, to url: URL, at site: CallSite) throws
  /// Reads all parameters of a model, of which this is one.
  func load(
    _ all: [any AnyParameter], of model: String, from url: URL, _ renaming: [String: String], _ strict: Bool,
    at site: CallSite
  ) throws -> LoadReport
}

extension Parameter: AnyParameter {
  var elementCount: Int { shape.elementCount }
  var words: String { "'\(name ?? "unnamed")' \(shape)" }
}

/// The parameters that a value holds in stored properties, arrays, optionals and whatever else a mirror shows, each once.
func parameters(in value: Any) -> [any AnyParameter] {
  var (found, seen): ([any AnyParameter], Set<ObjectIdentifier>) = ([], [])
  func visit(_ value: Any) {
    if let parameter = value as? any AnyParameter {
      if seen.insert(ObjectIdentifier(parameter)).inserted { found.append(parameter) }
      return
    }
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .class, !seen.insert(ObjectIdentifier(value as AnyObject)).inserted { return }
    var next: Mirror? = mirror
    while let level = next {
      for child in level.children { visit(child.value) }
      next = level.superclassMirror
    }
  }
  visit(value)
  return found
}

/// One call of `copy()` on a whole model, in which each parameter is copied once, wherever it stands.
final class ModelCopy: Sendable {
  @TaskLocal static var current: ModelCopy?

  static func once<Result>(_ body: () -> Result) -> Result {
    current == nil ? $current.withValue(ModelCopy()) { body() } : body()
  }
}
