import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import Foundation

/// The origin of images, as `--data` names it.
package enum DataSource: Equatable {
  case drawn
  case mnist
  /// A directory with four IDX files under MNIST's names.
  case directory(URL)
  /// A table of label and pixels.
  case table(URL)

  package init(_ text: String) throws(CommandError) {
    switch text {
    case "drawn": self = .drawn
    case "mnist": self = .mnist
    default:
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: FilePlace.url(text).path, isDirectory: &isDirectory) else {
        throw .noSuchData(text, suggestion: Suggestion.nearest(to: text, among: ["drawn", "mnist"]))
      }
      let url = FilePlace.url(text, isDirectory: isDirectory.boolValue)
      self = isDirectory.boolValue ? .directory(url) : .table(url)
    }
  }

  /// The text that makes this source again, from any directory.
  package var setting: String {
    switch self {
    case .drawn: "drawn"
    case .mnist: "mnist"
    case .directory(let url), .table(let url): url.path
    }
  }

  /// The source in words.
  package var title: String {
    switch self {
    case .drawn: "drawn digits"
    case .mnist: "MNIST"
    case .directory(let url), .table(let url): url.path
    }
  }

  /// Fetches MNIST where `--download` asks for it.
  /// - Throws: `CommandError.unusedOption` for other data.
  package func download(_ arguments: Arguments, _ console: Console) throws {
    guard arguments.isGiven("download") else { return }
    guard self == .mnist else {
      throw CommandError.unusedOption("download", reason: "without --data mnist", usedBy: [])
    }
    try MNISTPlaces().download { console.note($0) }
  }

  /// Training and test images, at most as many as the limits say.
  package func load(limits: (training: Int?, test: Int?)) throws -> (training: LabeledImages, test: LabeledImages) {
    switch self {
    case .drawn:
      // The digits depend on their own seed, so that every training and evaluation sees the same.
      let digits = DrawnDigits(seed: 0)
      return (
        digits.training(limits.training ?? 60_000), digits.test(limits.test ?? 10_000)
      )
    case .mnist:
      let (training, test) = try MNIST.load(from: MNISTPlaces().find())
      return (training.limited(to: limits.training), test.limited(to: limits.test))
    case .directory(let url):
      let (training, test) = try MNIST.load(from: url, verify: false)
      return (training.limited(to: limits.training), test.limited(to: limits.test))
    case .table(let url):
      let images = try LabeledImages(csv: url)
      guard images.count >= 2 else {
        throw CommandError.tooFewExamples(
          "\(url.path): at least 2 rows are needed, for training and test; it has \(images.count)")
      }
      // Every sixth row, so that the test set is the same whatever the seed, and sorted tables are divided fairly.
      let rows = Array(0..<images.count)
      let isTest: (Int) -> Bool = { $0 % 6 == min(5, images.count - 1) }
      let test = images.selecting(rows.filter(isTest)[...])
      let training = images.selecting(rows.filter { !isTest($0) }[...])
      return (training.limited(to: limits.training), test.limited(to: limits.test))
    }
  }

  /// The images to evaluate on: the test set, or the whole of a table.
  package func loadTest(limit: Int?) throws -> LabeledImages {
    switch self {
    case .drawn: return DrawnDigits(seed: 0).test(limit ?? 10_000)
    case .mnist: return try MNIST.load(.test, from: MNISTPlaces().find()).limited(to: limit)
    case .directory(let url): return try MNIST.load(.test, from: url, verify: false).limited(to: limit)
    case .table(let url): return try LabeledImages(csv: url).limited(to: limit)
    }
  }
}

extension LabeledImages {
  /// The first images, or all.
  package func limited(to count: Int?) -> LabeledImages { count.map { $0 < self.count ? prefix($0) : self } ?? self }

  /// A number that tells these images and labels from others.
  package var fingerprint: String {
    var hash = FNV1a()
    hash.add(pixels)
    for label in labels { hash.add(UInt64(truncatingIfNeeded: label)) }
    return String(hash.value, radix: 16)
  }
}

/// The directories in which MNIST is looked for.
package struct MNISTPlaces {
  private let environment = ProcessInfo.processInfo.environment["ADJOINT_MNIST"].flatMap { $0.isEmpty ? nil : $0 }

  package init() {}

  private var cache: String { "~/.cache/adjoint/mnist" }

  /// In the order of the search: the environment variable alone, when there is one.
  private var places: [String] { environment.map { [$0] } ?? ["../shared/data/mnist", "data/mnist", cache] }

  /// The first place that has the four files.
  package func find() throws(CommandError) -> URL {
    for place in places {
      let url = FilePlace.url(place, isDirectory: true)
      if MNIST.isPresent(in: url) { return url }
    }
    throw .noMNIST(searched: places.map { environment == nil ? $0 : "\($0) (from ADJOINT_MNIST)" })
  }

  /// Fetches MNIST if it is nowhere: to the directory of the environment variable, or to the cache.
  package func download(report: (String) -> Void) throws {
    if (try? find()) != nil { return }
    try MNIST.download(to: FilePlace.url(environment ?? cache, isDirectory: true), report: report)
  }
}
