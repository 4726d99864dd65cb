import AdjointCommandLine
import AdjointDatasets
import AdjointFiles
import Foundation

/// The origin of examples, as `--data` names it.
package enum DataSource: Equatable {
  case drawn
  case mnist
  /// A directory with the four IDX files of a data set; or of one among several, by the beginning of their names.
  case directory(URL)
  /// A table with a column of classes.
  case table(URL)
  /// An archive of NumPy's arrays.
  case arrays(URL)

  package init(_ text: String) throws(CommandError) {
    switch text {
    case "drawn": self = .drawn
    case "mnist": self = .mnist
    default:
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: FilePlace.url(text).path, isDirectory: &isDirectory) else {
        let prefix = FilePlace.url(text)
        if IDXFolder.isPrefix(prefix) {
          self = .directory(prefix)
          return
        }
        throw .noSuchData(text, suggestion: Suggestion.nearest(to: text, among: ["drawn", "mnist"]))
      }
      let url = FilePlace.url(text, isDirectory: isDirectory.boolValue)
      self = isDirectory.boolValue ? .directory(url) : DataSource.isArrays(url) ? .arrays(url) : .table(url)
    }
  }

  /// The text that makes this source again, from any directory.
  package var setting: String {
    switch self {
    case .drawn: "drawn"
    case .mnist: "mnist"
    case .directory(let url), .table(let url), .arrays(let url): url.path
    }
  }

  /// True for an archive `.npz`, or an array alone, which is refused with a better sentence than a table has for it.
  private static func isArrays(_ url: URL) -> Bool {
    guard let start = try? InputFile(url).prefix(FileKind.prefixLength), let kind = FileKind.name(of: start) else {
      return false
    }
    return kind.contains(".npz") || kind.contains("NumPy")
  }

  /// The source in words.
  package var title: String {
    switch self {
    case .drawn: "drawn digits"
    case .mnist: "MNIST"
    case .directory(let url), .table(let url), .arrays(let url): url.path
    }
  }

  /// Fetches MNIST where `--download` asks for it, which every command with data has.
  /// - Throws: `CommandError.unusedOption` for other data.
  package func download(_ arguments: Arguments, _ console: Console) throws {
    guard arguments.isGiven("download") else { return }
    guard self == .mnist else {
      throw CommandError.unusedOption("download", reason: "without --data mnist", usedBy: [])
    }
    try MNISTPlaces().download { console.note($0) }
  }

  /// Training and test examples, at most as many as the limits say.
  ///
  /// A table or a pair of arrays is divided: of each class a fifth of the rows, drawn by a seed of its own, are the test set, so that it is the
  /// same whatever the seed of the training.
  /// - Throws: `FileError`; `CommandError` for a single class, or for class names that do not fit.
  package func load(
    limits: (training: Int?, test: Int?), _ options: DataOptions = DataOptions()
  ) throws -> LoadedData {
    try options.refuseUnused(for: self)
    var data: LoadedData
    switch self {
    case .drawn:
      // The digits depend on their own seed, so that every training and evaluation sees the same.
      let digits = DrawnDigits(seed: 0)
      data = LoadedData(
        training: .images(digits.training(limits.training ?? 60_000)), test: .images(digits.test(limits.test ?? 10_000))
      )
    case .mnist:
      let (training, test) = try MNIST.load(from: MNISTPlaces().find())
      data = LoadedData(training: .images(training), test: .images(test))
    case .directory(let url):
      let folder = try IDXFolder(url)
      let (training, test) = try Examples.load(
        folder, limits: limits, memoryLimit: options.memoryLimit, staying: options.leavesImages)
      data = LoadedData(training: training, test: test)
      if options.leavesImages { data.notes.append(("images", training.place(folder.trainingImages))) }
      let names = try folder.classNames()
      data.announcedNames = names.isEmpty ? [] : data.classLabels.map { names[Int($0) ?? -1] ?? $0 }
    case .table(let url): data = try LoadedData(splitting: options.table(url), of: url.path)
    case .arrays(let url):
      let arrays = try ArrayExamples(url, memoryLimit: options.memoryLimit)
      data =
        try arrays.test.map { LoadedData(training: arrays.training, test: $0) }
        ?? LoadedData(splitting: arrays.training, of: url.path)
      data.notes.insert(("arrays", arrays.names), at: 0)
    }
    guard data.classLabels.count > 1 else {
      throw CommandError.tooFewExamples(
        "\(title): expected at least two classes, found \(data.classLabels.first.map { quoted($0) } ?? "none"); "
          + "nothing can be learned from one")
    }
    // A checkpoint keeps names line by line.
    if let name = data.classLabels.first(where: { $0.contains(where: \.isNewline) }) {
      throw CommandError.wrongSize(file: title, expected: "names of classes on one line each", found: quoted(name))
    }
    data.training = data.training.limited(to: limits.training)
    data.test = data.test.limited(to: limits.test)
    return try data.renamed(options.classNames)
  }

  /// Training and test images for programs that take nothing else.
  /// - Throws: as `load`, and `CommandError.wrongSize` for other examples.
  package func loadImages(
    limits: (training: Int?, test: Int?)
  ) throws -> (training: LabeledImages, test: LabeledImages) {
    let data = try load(limits: limits)
    guard let training = data.training.images, let test = data.test.images else {
      throw CommandError.wrongSize(file: title, expected: "images", found: "rows of numbers")
    }
    return (training, test)
  }

  /// The examples to evaluate on, with the labels that the data give them: the test set, or the whole of a table or of arrays without one.
  /// - Parameter features: The names of the features of a table, which a header must have.
  package func loadTest(
    limit: Int?, _ options: DataOptions = DataOptions(), classNames: [String], features: [String] = []
  ) throws -> Examples {
    try options.refuseUnused(for: self)
    switch self {
    case .drawn: return .images(DrawnDigits(seed: 0).test(limit ?? 10_000))
    case .mnist: return Examples.images(try MNIST.load(.test, from: MNISTPlaces().find())).limited(to: limit)
    case .directory(let url):
      return try Examples.loadTest(IDXFolder(url), limit: limit, memoryLimit: options.memoryLimit)
    case .table(let url):
      let table = try options.table(url, classNames: classNames, features: features)
      return Examples(table.points).limited(to: limit)
    case .arrays(let url):
      let arrays = try ArrayExamples(url, memoryLimit: options.memoryLimit)
      return (arrays.test ?? arrays.training).limited(to: limit)
    }
  }
}

extension Examples {
  /// Where training images of this file are, in words for who wanted to leave them there.
  fileprivate func place(_ file: URL) -> String {
    if case .stored = self {
      return "read from their file as steps ask for them: each process reads those of its shards"
    }
    return "in the memory of each process: \(file.lastPathComponent) is compressed, or holds no bytes of images"
  }

  /// The first examples, or all.
  package func limited(to count: Int?) -> Examples { count.map { $0 < self.count ? prefix($0) : self } ?? self }

  /// A number that tells these inputs and labels from others.
  /// - Throws: `FileError` when images that are in a file cannot be read.
  package func fingerprint() throws(FileError) -> String {
    var hash = FNV1a()
    switch self {
    case .images(let images): hash.add(images.pixels)
    case .stored(let images):
      // Eight images are whole words, whatever their size.
      let rows = Array(0..<images.count)
      let (size, most) = (images.height * images.width, max((1 << 20) / (images.height * images.width), 1) * 8)
      var block: [UInt8] = []
      for first in stride(from: 0, to: rows.count, by: most) {
        let part = rows[first..<min(first + most, rows.count)]
        block = Array(repeating: 0, count: part.count * size)
        try images.read(part) { place, pixels in
          block.replaceSubrange(place * size..<(place + 1) * size, with: pixels)
        }
        hash.add(block)
      }
    case .points(let points): for number in points.inputs.elements { hash.add(UInt64(number.bitPattern)) }
    }
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
    throw .noMNIST(
      searched: places.map { environment == nil ? $0 : "\($0) (from ADJOINT_MNIST)" }, files: MNIST.files.map(\.name),
      address: MNIST.mirrors[0])
  }

  /// Fetches MNIST if it is nowhere: to the directory of the environment variable, or to the cache.
  package func download(report: (String) -> Void) throws {
    if (try? find()) != nil { return }
    try MNIST.download(to: FilePlace.url(environment ?? cache, isDirectory: true), report: report)
  }
}
