import Adjoint
import AdjointFiles
import Foundation

// Weights of a model whose parameters are found in its stored properties, so that no batch has to be recorded: a model of
// indices, or one with several inputs, is saved and loaded as any other.

extension Detachable {
  /// Writes the weights of this model, and the states, each under its name or the one that PyTorch gives it.
  /// - Throws: `FileError` when a number is not finite, two parameters share a name, or the file cannot be written.
  /// - Precondition: every parameter has a name.
  public func save(
    to url: URL, names: WeightNames = .own, file: StaticString = #fileID, line: UInt = #line
  ) throws {
    let all = AdjointLearning.parameters(in: self)
    try all.first?.save(all, of: "\(Self.self)", names, to: url, at: CallSite(file, line))
  }

  /// Reads the weights of this model, and the states, each by its name, or by the one that PyTorch's `state_dict` has for it.
  ///
  ///     try model.load(from: url, renaming: ["1": "fc1", "3": "fc2"])       // of an nn.Sequential
  ///     let report = try model.load(from: url, strict: false)
  ///
  /// The file is one of safetensors, the index of several, or NumPy's archive. Numbers of half precision are widened.
  /// - Parameters:
  ///   - renaming: beginnings of names in the file, up to a dot, and what takes their place.
  ///   - strict: false lets parameters be that the file does not have, and passes over what the model does not have; the report
  ///     names both.
  /// - Throws: `FileError` when anything is missing, additional, not finite or of another shape, or two parameters share a
  ///   name; nothing has been changed then.
  /// - Precondition: every parameter has a name.
  @discardableResult
  public func load(
    from url: URL, renaming: [String: String] = [:], strict: Bool = true, file: StaticString = #fileID,
    line: UInt = #line
  ) throws -> LoadReport {
    let all = AdjointLearning.parameters(in: self)
    let site = CallSite(file, line)
    return try all.first?.load(all, of: "\(Self.self)", from: url, renaming, strict, at: site)
      ?? LoadReport(missing: [], surplus: [])
  }
}

extension Parameter {
  func save(
    _ all: [any AnyParameter], of model: String, _ names: WeightNames, to url: URL, at site: CallSite
  ) throws { try Checkpoint.saveWeights(named(all, of: model, at: site), names: names, to: url) }

  func load(
    _ all: [any AnyParameter], of model: String, from url: URL, _ renaming: [String: String], _ strict: Bool,
    at site: CallSite
  ) throws -> LoadReport {
    let parameters = named(all, of: model, at: site)
    var seen: Set<String> = []
    for (name, parameter) in parameters where !seen.insert(name).inserted {
      throw FileError(
        .duplicateName, file: url.path, at: .tensor(name), expected: "one parameter of this name in \(model)",
        found: "another one, \(parameter.shape)", remedy: "Give each layer of the model a name of its own.")
    }
    return try Checkpoint(contentsOf: url).loadWeights(into: parameters, renaming: renaming, strict: strict)
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
