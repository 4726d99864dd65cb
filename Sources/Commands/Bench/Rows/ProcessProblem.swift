import Adjoint
import AdjointCommandLine
import AdjointDatasets
import Foundation

/// A whole process that trains on 60,000 images: from its start until it has ended, reading the files included.
struct ProcessProblem: Sendable {
  enum Figure: String, Sendable { case seconds, peakMemory }

  let hidden: Int
  let epochs: Int
  let figure: Figure

  /// Trains once to see that it does what it should, and then as often as it is timed.
  func prepared(threads: Int, _ data: BenchData) throws -> PreparedRow {
    let files = try IDXFolder(of: data.images)
    let words = [
      "train", "--data", files.url.path, "--hidden", "\(hidden)", "--epochs", "\(epochs)", "--optimizer", "sgd",
      "--learning-rate", "\(StepProblem.learningRate)", "--threads", "\(threads)", "--json",
    ]
    let program = try Sibling.main.executable().path
    var peak = 0.0
    func run() throws {
      let report = try withExtendedLifetime(files) { try Interpreter.run(program, words, onOneCore: false) }
      guard report["epochs"] as? Int == epochs, let memory = report["peakMemory"] as? Double else {
        throw CommandError.disagreement("the process that trains did not report \(epochs) epochs and its memory")
      }
      peak = memory
    }
    var row = PreparedRow(run, figure: { figure == .seconds ? $0 : peak })
    row.mostSamples = 3
    row.worksItself = false
    return row
  }
}

/// Images as the four files that MNIST has, for as long as this lives.
private final class IDXFolder {
  let url: URL

  init(of images: LabeledImages) throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let few = min(1_000, images.count)
    try write("train", images.count, images)
    try write("t10k", few, images)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  private func write(_ stem: String, _ count: Int, _ images: LabeledImages) throws {
    func file(_ name: String, _ header: [Int], _ bytes: some Sequence<UInt8>) throws {
      let words = header.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
      try (Data(words) + Data(bytes)).write(to: url.appendingPathComponent("\(stem)-\(name)"))
    }
    let (height, width) = (images.height, images.width)
    try file("images-idx3-ubyte", [0x803, count, height, width], images.pixels.prefix(count * height * width))
    try file("labels-idx1-ubyte", [0x801, count], images.labels.prefix(count).map(UInt8.init))
  }
}
