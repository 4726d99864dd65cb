import Adjoint
import Foundation

/// A model of NIST's nonlinear regressions, recorded as its formula reads.
package struct RegressionModel: Sendable {
  /// The name of the data set.
  package let name: String
  /// The formula of y, with parameters b1, b2, … and the predictor x.
  package let formula: String
  /// True where the model is one of log y.
  let isLogarithmic: Bool
  /// y of parameters and predictors.
  private let value: @Sendable (Variable<Double>, [Tensor<Double>]) -> Variable<Double>

  private init(
    _ name: String, _ formula: String, isLogarithmic: Bool = false,
    _ value: @escaping @Sendable (Variable<Double>, [Tensor<Double>]) -> Variable<Double>
  ) {
    (self.name, self.formula, self.isLogarithmic, self.value) = (name, formula, isLogarithmic, value)
  }

  /// The model's values minus the responses.
  package func residuals(of table: CertifiedTable) -> (Variable<Double>) -> Variable<Double> {
    let y = Tensor(isLogarithmic ? table.columns[0].map { log($0) } : table.columns[0])
    let predictors = table.columns.dropFirst().map { Tensor($0) }
    return { b in value(b, predictors) - y }
  }

  package static let all: [RegressionModel] = [
    RegressionModel("Bennett5", "b1·(b2 + x)^(−1/b3)") { b, x in b[0] * (-(b[1] + x[0]).log() / b[2]).exp() },
    RegressionModel("BoxBOD", saturation.formula, saturation.value),
    RegressionModel("Chwirut1", decayOverLine.formula, decayOverLine.value),
    RegressionModel("Chwirut2", decayOverLine.formula, decayOverLine.value),
    RegressionModel("DanWood", "b1·x^b2") { b, x in b[0] * (b[1] * x[0].log()).exp() },
    RegressionModel("ENSO", "b1 + b2·cos(2πx/12) + b3·sin(2πx/12) + two such waves of periods b4 and b7") { b, x in
      let yearly = wave(b[1], b[2], 2 * Double.pi * x[0] / 12)
      let second = wave(b[4], b[5], 2 * Double.pi * x[0] / b[3])
      return b[0] + yearly + second + wave(b[7], b[8], 2 * Double.pi * x[0] / b[6])
    },
    RegressionModel("Eckerle4", "(b1/b2)·exp(−½((x − b3)/b2)²)") { b, x in
      b[0] / b[1] * (-0.5 * ((x[0] - b[2]) / b[1]).square()).exp()
    },
    RegressionModel("Gauss1", peaks.formula, peaks.value),
    RegressionModel("Gauss2", peaks.formula, peaks.value),
    RegressionModel("Gauss3", peaks.formula, peaks.value),
    RegressionModel("Hahn1", cubics.formula, cubics.value),
    RegressionModel("Kirby2", "(b1 + b2·x + b3·x²) / (1 + b4·x + b5·x²)") { b, x in
      (b[0] + b[1] * x[0] + b[2] * x[0].square()) / (1 + b[3] * x[0] + b[4] * x[0].square())
    },
    RegressionModel("Lanczos1", decays.formula, decays.value),
    RegressionModel("Lanczos2", decays.formula, decays.value),
    RegressionModel("Lanczos3", decays.formula, decays.value),
    RegressionModel("MGH09", "b1·(x² + x·b2) / (x² + x·b3 + b4)") { b, x in
      b[0] * (x[0].square() + x[0] * b[1]) / (x[0].square() + x[0] * b[2] + b[3])
    },
    RegressionModel("MGH10", "b1·exp(b2/(x + b3))") { b, x in b[0] * (b[1] / (x[0] + b[2])).exp() },
    RegressionModel("MGH17", "b1 + b2·exp(−x·b4) + b3·exp(−x·b5)") { b, x in
      b[0] + decay(b[1], b[3], x[0]) + decay(b[2], b[4], x[0])
    },
    RegressionModel("Misra1a", saturation.formula, saturation.value),
    RegressionModel("Misra1b", "b1·(1 − (1 + b2·x/2)⁻²)") { b, x in b[0] * (1 - (1 + b[1] * x[0] / 2).power(-2)) },
    RegressionModel("Misra1c", "b1·(1 − (1 + 2·b2·x)^(−½))") { b, x in
      b[0] * (1 - (1 + 2 * b[1] * x[0]).power(-0.5))
    },
    RegressionModel("Misra1d", "b1·b2·x / (1 + b2·x)") { b, x in b[0] * b[1] * x[0] / (1 + b[1] * x[0]) },
    RegressionModel("Nelson", "log y = b1 − b2·x1·exp(−b3·x2)", isLogarithmic: true) { b, x in
      b[0] - b[1] * x[0] * (-b[2] * x[1]).exp()
    },
    RegressionModel("Rat42", "b1 / (1 + exp(b2 − b3·x))") { b, x in b[0] / (1 + (b[1] - b[2] * x[0]).exp()) },
    RegressionModel("Rat43", "b1 / (1 + exp(b2 − b3·x))^(1/b4)") { b, x in
      b[0] / ((1 + (b[1] - b[2] * x[0]).exp()).log() / b[3]).exp()
    },
    RegressionModel("Roszman1", "b1 − b2·x − arctan(b3/(x − b4))/π") { b, x in
      b[0] - b[1] * x[0] - (b[2] / (x[0] - b[3])).atan() / Double.pi
    },
    RegressionModel("Thurber", cubics.formula, cubics.value),
  ]

  // MARK: Models of several data sets

  private typealias Shared = (
    formula: String, value: @Sendable (Variable<Double>, [Tensor<Double>]) -> Variable<Double>
  )

  private static let saturation: Shared = ("b1·(1 − exp(−b2·x))", { b, x in b[0] * (1 - (-b[1] * x[0]).exp()) })

  private static let decayOverLine: Shared = (
    "exp(−b1·x) / (b2 + b3·x)", { b, x in (-b[0] * x[0]).exp() / (b[1] + b[2] * x[0]) }
  )

  private static let decays: Shared = (
    "b1·exp(−b2·x) + b3·exp(−b4·x) + b5·exp(−b6·x)",
    { b, x in decay(b[0], b[1], x[0]) + decay(b[2], b[3], x[0]) + decay(b[4], b[5], x[0]) }
  )

  private static let peaks: Shared = (
    "b1·exp(−b2·x) + b3·exp(−(x − b4)²/b5²) + b6·exp(−(x − b7)²/b8²)",
    { b, x in decay(b[0], b[1], x[0]) + peak(b[2], b[3], b[4], x[0]) + peak(b[5], b[6], b[7], x[0]) }
  )

  private static let cubics: Shared = (
    "(b1 + b2·x + b3·x² + b4·x³) / (1 + b5·x + b6·x² + b7·x³)",
    { b, x in
      let (x, square, cube) = (x[0], x[0].square(), x[0].power(3))
      let above = b[0] + b[1] * x + b[2] * square + b[3] * cube
      return above / (1 + b[4] * x + b[5] * square + b[6] * cube)
    }
  )

  /// a·exp(−k·x)
  private static func decay(_ a: Variable<Double>, _ k: Variable<Double>, _ x: Tensor<Double>) -> Variable<Double> {
    a * (-k * x).exp()
  }

  /// a·exp(−(x − c)²/w²)
  private static func peak(
    _ a: Variable<Double>, _ c: Variable<Double>, _ w: Variable<Double>, _ x: Tensor<Double>
  ) -> Variable<Double> {
    a * (-(x - c).square() / w.square()).exp()
  }

  /// a·cos φ + b·sin φ
  private static func wave(
    _ a: Variable<Double>, _ b: Variable<Double>, _ phase: Variable<Double>
  ) -> Variable<Double> {
    a * phase.cos() + b * phase.sin()
  }

  /// The same of a phase that is data.
  private static func wave(_ a: Variable<Double>, _ b: Variable<Double>, _ phase: Tensor<Double>) -> Variable<Double> {
    a * phase.cos() + b * phase.sin()
  }
}
