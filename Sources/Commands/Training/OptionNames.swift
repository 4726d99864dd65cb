import Adjoint
import AdjointCommandLine
import AdjointLearning

// The names on the command line of the library's enumerations.

extension Activation: Named {}

extension EarlyStopping.Rule: Named {}

extension ClassificationLoss: Named {
  package var optionName: String {
    switch self {
    case .crossEntropy: "cross-entropy"
    case .meanSquaredError: "mse"
    case .binaryCrossEntropy: "bce"
    }
  }
}

/// The initialisers that need no numbers.
package enum InitializerName: String, Named {
  case heNormal, heUniform, glorotNormal, glorotUniform, leCunNormal, leCunUniform

  package var initializer: Initializer {
    switch self {
    case .heNormal: .heNormal
    case .heUniform: .heUniform
    case .glorotNormal: .glorotNormal
    case .glorotUniform: .glorotUniform
    case .leCunNormal: .leCunNormal
    case .leCunUniform: .leCunUniform
    }
  }

  package var optionName: String {
    switch self {
    case .leCunNormal: "lecun-normal"
    case .leCunUniform: "lecun-uniform"
    case .heNormal, .heUniform, .glorotNormal, .glorotUniform: rawValue.hyphenated
    }
  }
}

/// The networks that the command line trains.
package enum NetworkName: String, Named {
  case mlp, cnn
}

/// The ways in which pixels are standardised.
package enum StandardizationName: String, Named {
  case none, pixel, image
}

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
