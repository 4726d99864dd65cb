import Adjoint

extension OperationCatalog {
  /// The known operations among these names, in the catalogue's order; all of them when there are no names.
  /// - Throws: `CommandError.unknownOperation`.
  package static func names(among names: [String]) throws(CommandError) -> [String] {
    for name in names where !self.names.contains(name) {
      throw .unknownOperation(name, suggestion: Suggestion.nearest(to: name, among: self.names))
    }
    return names.isEmpty ? self.names : self.names.filter { names.contains($0) }
  }

  /// The entries that operations of these names belong to; a family such as the unary functions is one entry.
  package static func types(of names: [String]) -> [any Adjoint.Operation.Type] {
    all.filter { type in type.examples.contains { names.contains($0.operation.name) } }
  }
}
