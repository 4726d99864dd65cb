import Adjoint
import AdjointFiles
import Foundation

// Weights of a model whose parameters are found in its stored properties, so that no batch has to be recorded: a model of
// indices, or one with several inputs, is saved and loaded as any other.

extension Detachable {
  /// Writes the weights of this model, and the states, each under its name.
  /// - Throws: `FileError` when a number is not finite, two parameters share a name, or the file cannot be written.
  /// - Precondition: every parameter has a name.
  public func save(to url: URL, file: StaticString = #fileID, line: UInt = #line) throws {
    let all = AdjointLearning.parameters(in: self)
    try all.first?.save(all, of: "\(Self.self)", to: url, at: CallSite(file, line))
  }

  /// Reads the weights of this model, and the states, each by its name.
  /// - Throws: `FileError` when anything is missing, additional, not finite or of another shape, or two parameters share a
  ///   name; nothing has been changed then.
  /// - Precondition: every parameter has a name.
  public func load(from url: URL, file: StaticString = #fileID, line: UInt = #line) throws {
    let all = AdjointLearning.parameters(in: self)
    try all.first?.load(all, of: "\(Self.self)", from: url, at: CallSite(file, line))
  }
}

extension Parameter {
  func save(_ all: [any AnyParameter], of model: String, to url: URL, at site: CallSite) throws {
    try Checkpoint.saveWeights(named(all, of: model, at: site), to: url)
  }

  func load(_ all: [any AnyParameter], of model: String, from url: URL, at site: CallSite) throws {
    let parameters = named(all, of: model, at: site)
    var seen: Set<String> = []
    for (name, parameter) in parameters where !seen.insert(name).inserted {
      throw FileError(
        .duplicateName, file: url.path, at: .tensor(name), expected: "one parameter of this name in \(model)",
        found: "another one, \(parameter.shape)", remedy: "Give each layer of the model a name of its own.")
    }
    try Checkpoint(contentsOf: url).loadWeights(into: parameters)
  }

  /// All parameters of a model, in the precision of this one, by name.
  private func named(
    _ all: [any AnyParameter], of model: String, at site: CallSite
  ) -> [(name: String, parameter: Parameter<S>)] {
    all.map { any in
      guard let parameter = any as? Parameter<S> else {
        site.trap("\(model): its parameters are of several precisions; save and load its parts one by one")
      }
      guard let name = parameter.name else {
        site.trap(
          "\(model): a parameter of shape \(parameter.shape) has no name to be found by in a file; give each layer a "
            + "`name:`, or save and load a layer with `input:`, by which unnamed ones are numbered")
      }
      return (name, parameter)
    }
  }
}
