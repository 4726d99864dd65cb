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

/// How pixels are standardised.
package enum StandardizationName: String, Named {
  case none, pixel, image
}
