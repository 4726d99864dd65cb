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
      guard report["epochs"]?.integer == epochs, let memory = report["peakMemory"]?.double else {
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
final class IDXFolder {
  let url: URL

  init(of images: LabeledImages) throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for (stem, part) in [("train", images), ("t10k", images.prefix(1_000))] {
      try part.write(
        images: url.appendingPathComponent("\(stem)-images-idx3-ubyte"),
        labels: url.appendingPathComponent("\(stem)-labels-idx1-ubyte"))
    }
  }

  deinit { try? FileManager.default.removeItem(at: url) }

}
