import Adjoint
import AdjointDatasets
import Foundation

/// A figure or claim of a source document, as data: its place, its settings, the computation of a run and the judgement of all runs.
///
/// An experiment is a list of settings times seeds; a run, one setting with one seed, depends on these two and the data
/// alone, so it can be computed anywhere, in any order, on its own thread.
package struct Experiment: Sendable {
  /// Such as `002-momentum`: the name on the command line and of the file of records.
  package let name: String
  /// The place in the document, such as `002 §4`.
  package let place: String
  package let title: String
  /// The number of seeds that each setting runs with.
  package let seeds: Int
  /// The number of seeds with `--quick`, where that shortens the experiment.
  package let quickSeeds: Int?
  /// True when runs need MNIST.
  package let needsDigits: Bool
  /// True when runs need NIST's tables.
  package let needsTables: Bool
  /// True when the page has nothing of it before a run is recorded.
  package let isOptional: Bool
  /// True when the report speaks of whatever runs there are, and says what is missing.
  package let reportsUnfinished: Bool
  /// The settings at a scale.
  package let settings: @Sendable (Scale) -> [Setting]
  /// The judgement of the runs.
  package let report: @Sendable (Results) -> Section

  package init(
    _ name: String, _ place: String, _ title: String, seeds: Int = 5, quickSeeds: Int? = nil, needsDigits: Bool = true,
    needsTables: Bool = false, reportsUnfinished: Bool = false, isOptional: Bool = false,
    settings: @escaping @Sendable (Scale) -> [Setting], report: @escaping @Sendable (Results) -> Section
  ) {
    (self.name, self.place, self.title) = (name, place, title)
    (self.seeds, self.quickSeeds) = (seeds, quickSeeds)
    (self.needsDigits, self.needsTables, self.reportsUnfinished) = (needsDigits, needsTables, reportsUnfinished)
    (self.isOptional, self.settings, self.report) = (isOptional, settings, report)
  }

  /// The number of seeds in a sweep of this scale.
  package func seedCount(_ scale: Scale) -> Int { scale.runs ?? (scale.isQuick ? quickSeeds : nil) ?? seeds }
}

/// The extent of a sweep.
package struct Scale: Sendable, Hashable {
  /// Shortens document 000 alone.
  package var isQuick: Bool
  /// Seeds of each setting, in place of the experiment's own number.
  package var runs: Int?
  /// Epochs, in place of the document's: for a trial.
  package var epochs: Int?

  package init(isQuick: Bool = false, runs: Int? = nil, epochs: Int? = nil) {
    (self.isQuick, self.runs, self.epochs) = (isQuick, runs, epochs)
  }

  package static let full = Scale()
  package static let quick = Scale(isQuick: true)
}

/// One way to run an experiment: everything but the seed.
package struct Setting: Sendable {
  package let name: String
  /// All that decides the result, written out; a record with other values belongs to another setting.
  package let values: [String: String]
  /// The time of one run on one core, about, in seconds.
  package let seconds: Double
  /// True when a run is timed with all cores for itself, after the others.
  package let isAlone: Bool
  package let run: @Sendable (RunContext) throws -> Outcome

  package init(
    _ name: String, _ values: [String: String], seconds: Double, isAlone: Bool = false,
    run: @escaping @Sendable (RunContext) throws -> Outcome
  ) {
    (self.name, self.values, self.seconds, self.isAlone, self.run) = (name, values, seconds, isAlone, run)
  }
}

/// Training and test images with a name, since records of one data set say nothing about another.
package struct Digits: Sendable {
  package let name: String
  package let training: LabeledImages
  package let test: LabeledImages

  package init(name: String, training: LabeledImages, test: LabeledImages) {
    (self.name, self.training, self.test) = (name, training, test)
  }

  /// For experiments that need no images.
  package static let none = Digits(name: "none", training: empty, test: empty)
  private static let empty = LabeledImages(pixels: [], height: 28, width: 28, labels: [], classNames: MNIST.classNames)
}

/// The seed, the data and the cores of a run.
package struct RunContext: Sendable {
  package let seed: Int
  package let digits: Digits
  /// The folder of NIST's tables, where there is one.
  package let tables: URL?
  /// Cores that it may use; 1 unless its setting runs alone.
  package let threads: Int

  /// The streams of a seed, one for each kind of draw. All settings share them, so that their runs are paired.
  package enum Purpose: UInt64 { case weights, split, order, data }
  package func generator(_ purpose: Purpose) -> Generator { Generator(seed: UInt64(seed)).stream(purpose.rawValue) }
}

/// The numbers, curves and pictures that a run found.
package struct Outcome: Sendable {
  package var figures: [String: Double] = [:]
  package var curves: [String: [Double]] = [:]
  /// Grey pictures as bytes in base 64.
  package var pictures: [String: String] = [:]

  package init() {}
}

/// A recorded run: one line of JSON.
package struct RunRecord: Codable, Sendable, Equatable {
  package var experiment: String
  package var setting: String
  package var values: [String: String]
  package var seed: Int
  package var instructionSet: String
  /// The revision of the source that made it; `nil` where that is not known.
  package var revision: String?
  package var figures: [String: Double]
  package var curves: [String: [Double]]
  package var pictures: [String: String]

  package init(
    experiment: String, setting: String, values: [String: String], seed: Int, instructionSet: String,
    revision: String? = nil, figures: [String: Double], curves: [String: [Double]], pictures: [String: String]
  ) {
    (self.experiment, self.setting, self.values, self.seed) = (experiment, setting, values, seed)
    (self.instructionSet, self.revision) = (instructionSet, revision)
    (self.figures, self.curves, self.pictures) = (figures, curves, pictures)
  }
}

/// The runs of one setting, by seed.
package struct Runs: Sendable {
  package let setting: Setting
  package let records: [RunRecord]

  /// One number for each seed.
  package func figures(_ name: String) -> [Double] { records.map { $0.figures[name] ?? .nan } }
  /// One curve for each seed.
  package func curves(_ name: String) -> [[Double]] { records.map { $0.curves[name] ?? [] } }

  func mean(_ name: String) -> Double { figures(name).mean }
  /// The mean curve over seeds, as long as the shortest.
  func meanCurve(_ name: String) -> [Double] {
    let curves = curves(name)
    return (0..<(curves.map(\.count).min() ?? 0)).map { i in curves.map { $0[i] }.mean }
  }
}

/// All runs of an experiment, with every setting at least once.
package struct Results: Sendable {
  package let scale: Scale
  package let runs: [Runs]

  subscript(_ setting: String) -> Runs {
    guard let found = runs.first(where: { $0.setting.name == setting }) else {
      fatalError("Results: there is no setting '\(setting)' among \(runs.map { $0.setting.name })")
    }
    return found
  }

  /// The seeds that every setting has, for paired comparisons.
  var pairedSeeds: Int { runs.map(\.records.count).min() ?? 0 }
}

/// Every experiment, in the order of the documents.
package enum ExperimentCatalog {
  package static let all: [Experiment] = [
    RateGrid.experiment, Widths.usual, Widths.leading, Depths.usual, Depths.leading, Costates.experiment,
    LearningCurves.curves, LearningCurves.rates, ConvolutionalNetwork.experiment,
    MomentumTraining.softmax, GradientTable.experiment, MomentumTraining.momentum, MomentumTraining.activations,
    Penalties.experiment,
    JacobianProducts.experiment, ZeroBeginnings.experiment, Definiteness.experiment,
    FirstAttempt.experiment, FunctionFitting.experiment, TwoClasses.experiment, ExclusiveOr.experiment,
    BatchBackpropagation.experiment,
    RangeTest.experiment, BestPerceptron.experiment,
    Regressions.experiment,
  ]
}
