import Adjoint
import AdjointLearning
import Foundation

/// NIST's 27 nonlinear regressions, whose answers are certified to 11 digits and were found without automatic differentiation.
///
/// Each is fitted from both of the published starts. The second is near the answer; the first is far, and there is no promise
/// that a local method finds the answer from there.
///
/// Source: NIST/ITL Statistical Reference Datasets, https://www.itl.nist.gov/div898/strd.
package enum Regressions {
  /// The digits that a fit must have in every parameter, and the number of fits that must have them.
  static let digits = 9.0
  static let aim = 24

  static let experiment: Experiment = .init(
    "nist", "NIST", "Nonlinear regressions with certified answers", seeds: 1, needsDigits: false, needsTables: true,
    settings: { _ in
      RegressionModel.all.flatMap { model in
        (1...2).map { start in
          Setting(
            settingName(model, start),
            [
              "data set": model.name, "model": model.formula, "start": "\(start)", "method": "LevenbergMarquardt()",
              "precision": "Double",
            ], seconds: 0.05
          ) { context in
            guard let folder = context.tables else { throw ExperimentError.missingTables }
            return fit(model, try CertifiedTable(model.name, in: folder), start: start)
          }
        }
      }
    },
    report: report)

  static func settingName(_ model: RegressionModel, _ start: Int) -> String { "\(model.name) \(start)" }

  private static func fit(_ model: RegressionModel, _ table: CertifiedTable, start: Int) -> Outcome {
    let fit = LevenbergMarquardt().minimize(
      from: Tensor(table.starts[start - 1]), residuals: model.residuals(of: table))
    var outcome = Outcome()
    outcome.figures = [
      "digits": commonDigits(fit.parameters.elements, table.parameters),
      "digits of squares": commonDigits([fit.value], [table.squares]),
      "iterations": Double(fit.iterations), "parameters": Double(table.parameters.count),
      "observations": Double(table.columns[0].count), "converged": fit.reason == .converged ? 1 : 0,
      "squares over certified": fit.value / table.squares,
    ]
    return outcome
  }

  /// The fewest digits that a number shares with its certified value: −log₁₀ of the relative error, 0 to 11.
  package static func commonDigits(_ found: [Double], _ certified: [Double]) -> Double {
    zip(found, certified).reduce(11) { least, pair in
      let error = abs(pair.0 - pair.1) / abs(pair.1)
      guard error < 1 else { return 0 }
      return error == 0 ? least : min(least, -log10(error))
    }
  }

  // MARK: The report

  private static func report(_ results: Results) -> Section {
    let models = RegressionModel.all
    func figures(_ start: Int, _ name: String) -> [Double] {
      models.map { results[settingName($0, start)].figures(name)[0] }
    }
    func reached(_ values: [Double]) -> Int { values.filter { $0 >= digits }.count }
    /// What falls short: its name, its digits, and the end of the iteration.
    func shortfalls(_ values: [Double], _ start: Int) -> String {
      let short = zip(models, values).filter { $1 < digits }.map { model, value in
        let runs = results[settingName(model, start)]
        let isAnswer = runs.mean("digits") >= digits
        let end = runs.mean("converged") == 1 ? "converged" : "not converged"
        let excess =
          "\(end) after \(runs.mean("iterations").fixed(0)), Σr² \(runs.mean("squares over certified").short) times"
        return "\(model.name) \(value.fixed(1))" + (isAnswer ? "" : " (\(excess) the certified)")
      }
      return short.isEmpty ? "" : "; short: " + short.joined(separator: ", ")
    }
    let (first, second) = (figures(1, "digits"), figures(2, "digits"))
    let squares = figures(2, "digits of squares")
    var section = Section()
    section.rows = [
      .figure(
        "NIST", "27 nonlinear regressions, second start: the certified minimum is found", theirs: "11 digits",
        ours: "\(second.filter { $0 >= 6 }.count) of 27", reached: second.allSatisfy { $0 >= 6 }),
      .figure(
        "NIST", "second start: at least 9 digits in every parameter, in 24 of 27", theirs: "11 digits",
        ours: "\(reached(second)) of 27, fewest \((second.min() ?? 0).fixed(1))" + shortfalls(second, 2),
        reached: reached(second) >= aim),
      Row(
        "NIST", "second start: at least 9 digits in the residual sum of squares", theirs: "11 digits",
        ours: "\(reached(squares)) of 27" + shortfalls(squares, 2), .reported),
      Row(
        "NIST", "first start, far away: at least 9 digits in every parameter", theirs: "11 digits",
        ours: "\(reached(first)) of 27" + shortfalls(first, 1), .reported),
    ]
    section.text = [
      """
      The models are recorded as their formulas read, and fitted by `LevenbergMarquardt` with its default settings. Digits are \
      −log₁₀ of the largest relative error of a parameter, or of the residual sum of squares, against NIST's certified values, \
      which have 11 digits. Lanczos1 has residuals around 10⁻¹³: `Double` cannot hold more digits of their squares than these, \
      though it holds those of the parameters. From the first start, 0.0 digits say that the answer was not found: BoxBOD is led \
      to the plain b2 → ∞, where every derivative vanishes, and MGH10 into a valley that it has not left at the limit of iterations.
      """,
      markdownTable(
        [
          "data set", "model", "parameters", "observations", "start 2: digits", "of Σr²", "iterations",
          "start 1: digits", "of Σr²", "iterations",
        ],
        models.map { model in
          let (one, two) = (results[settingName(model, 1)], results[settingName(model, 2)])
          func cells(_ runs: Runs) -> [String] {
            [
              runs.mean("digits").fixed(1), runs.mean("digits of squares").fixed(1), runs.mean("iterations").fixed(0),
            ]
          }
          let counts = ["parameters", "observations"].map { two.mean($0).fixed(0) }
          return [model.name, model.formula] + counts + cells(two) + cells(one)
        }),
    ]
    return section
  }
}
