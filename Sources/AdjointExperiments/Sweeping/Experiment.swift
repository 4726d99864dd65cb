import Adjoint
import AdjointDatasets

/// One row of a source document, as data: its place, its settings, what a run computes, and how the runs are judged.
///
/// An experiment is a list of settings times seeds; a run, one setting with one seed, depends on these two and the data
/// alone, so it can be computed anywhere, in any order, on its own thread.
public struct Experiment: Sendable {
  /// Such as `002-momentum`: the name on the command line and of the file of records.
  public let name: String
  /// Where the document says it, such as `002 §4`.
  public let place: String
  public let title: String
  /// How many seeds each setting runs with, and with `--quick` where that shortens it.
  public let seeds: Int
  public let quickSeeds: Int?
  /// Whether runs need MNIST.
  public let needsDigits: Bool
  /// The settings at a scale.
  public let settings: @Sendable (Scale) -> [Setting]
  /// What the runs come to.
  public let report: @Sendable (Results) -> Section

  package init(
    _ name: String, _ place: String, _ title: String, seeds: Int = 5, quickSeeds: Int? = nil, needsDigits: Bool = true,
    settings: @escaping @Sendable (Scale) -> [Setting], report: @escaping @Sendable (Results) -> Section
  ) {
    (self.name, self.place, self.title) = (name, place, title)
    (self.seeds, self.quickSeeds, self.needsDigits) = (seeds, quickSeeds, needsDigits)
    (self.settings, self.report) = (settings, report)
  }

  /// How many seeds a sweep of this scale runs.
  public func seedCount(_ scale: Scale) -> Int { scale.runs ?? (scale.isQuick ? quickSeeds : nil) ?? seeds }
}

/// How much of the experiments to run.
public struct Scale: Sendable, Hashable {
  /// Shortens document 000 alone.
  public var isQuick: Bool
  /// Seeds of each setting, in place of the experiment's own number.
  public var runs: Int?
  /// Epochs, in place of the document's: for a trial.
  public var epochs: Int?

  public init(isQuick: Bool = false, runs: Int? = nil, epochs: Int? = nil) {
    (self.isQuick, self.runs, self.epochs) = (isQuick, runs, epochs)
  }

  public static let full = Scale()
  public static let quick = Scale(isQuick: true)
}

/// One way to run an experiment: everything but the seed.
public struct Setting: Sendable {
  public let name: String
  /// All that decides the result, written out; a record with other values belongs to another setting.
  public let values: [String: String]
  /// How long one run takes on one core, about, in seconds.
  public let seconds: Double
  /// Whether a run is timed with all cores for itself, after the others.
  public let isAlone: Bool
  package let run: @Sendable (RunContext) throws -> Outcome

  package init(
    _ name: String, _ values: [String: String], seconds: Double, isAlone: Bool = false,
    run: @escaping @Sendable (RunContext) throws -> Outcome
  ) {
    (self.name, self.values, self.seconds, self.isAlone, self.run) = (name, values, seconds, isAlone, run)
  }
}

/// Training and test images with a name, since records of one data set say nothing about another.
public struct Digits: Sendable {
  public let name: String
  public let training: LabeledImages
  public let test: LabeledImages

  public init(name: String, training: LabeledImages, test: LabeledImages) {
    (self.name, self.training, self.test) = (name, training, test)
  }

  /// For experiments that need no images.
  public static let none = Digits(name: "none", training: empty, test: empty)
  private static let empty = LabeledImages(pixels: [], height: 28, width: 28, labels: [], classNames: MNIST.classNames)
}

/// What a run is given.
package struct RunContext: Sendable {
  package let seed: Int
  package let digits: Digits
  /// Cores that it may use; 1 unless its setting runs alone.
  package let threads: Int

  /// What draws depend on. Streams of one seed are shared by all settings, so that their runs are paired.
  package enum Purpose: UInt64 { case weights, split, order, data }
  package func generator(_ purpose: Purpose) -> Generator { Generator(seed: UInt64(seed)).stream(purpose.rawValue) }
}

/// What a run found.
package struct Outcome: Sendable {
  package var figures: [String: Double] = [:]
  package var curves: [String: [Double]] = [:]
  /// Grey pictures as bytes in base 64.
  package var pictures: [String: String] = [:]

  package init() {}
}

/// A recorded run: one line of JSON.
public struct RunRecord: Codable, Sendable, Equatable {
  public var experiment: String
  public var setting: String
  public var values: [String: String]
  public var seed: Int
  public var instructionSet: String
  public var figures: [String: Double]
  public var curves: [String: [Double]]
  public var pictures: [String: String]

  public init(
    experiment: String, setting: String, values: [String: String], seed: Int, instructionSet: String,
    figures: [String: Double], curves: [String: [Double]], pictures: [String: String]
  ) {
    (self.experiment, self.setting, self.values, self.seed) = (experiment, setting, values, seed)
    self.instructionSet = instructionSet
    (self.figures, self.curves, self.pictures) = (figures, curves, pictures)
  }
}

/// The runs of one setting, by seed.
public struct Series: Sendable {
  public let setting: Setting
  public let records: [RunRecord]

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
public struct Results: Sendable {
  public let scale: Scale
  public let series: [Series]

  subscript(_ setting: String) -> Series {
    guard let found = series.first(where: { $0.setting.name == setting }) else {
      fatalError("Results: there is no setting '\(setting)' among \(series.map { $0.setting.name })")
    }
    return found
  }

  /// The seeds that every setting has, for paired comparisons.
  var pairedSeeds: Int { series.map(\.records.count).min() ?? 0 }
}
