import Adjoint
import AdjointCommandLine
import Foundation

/// A whole process that trains the convolutional network of `adjoint train` for an epoch of 60,000 images: from its start until it
/// has ended, reading the files included.
struct EpochProblem: LoneProblem {
  let isQuick: Bool

  static let batch = 64
  let productOperations: Double? = nil
  let peers = ["torch", "torch-channels-last", "jax-jit"]
  let isProcess = true

  func prepared(threads: Int) throws -> PreparedRow {
    let files = try IDXFolder(of: BenchData(isQuick: isQuick).images)
    let words = [
      "train", "--data", files.url.path, "--model", "cnn", "--batch", "\(EpochProblem.batch)", "--epochs", "1",
      "--optimizer", "adam", "--learning-rate", "\(NetworkProblem.adamRate)", "--threads", "\(threads)", "--json",
    ]
    let program = try Sibling.main.executable().path
    let memory = PeakOfProcess()
    func run() throws {
      let report = try withExtendedLifetime(files) { try Interpreter.run(program, words, onOneCore: threads == 1) }
      guard report["epochs"]?.integer == 1, let peak = report["peakMemory"]?.double else {
        throw CommandError.disagreement("the process that trains did not report its epoch and its memory")
      }
      memory.mebibytes = peak
    }
    var row = PreparedRow(run, figure: { $0 })
    (row.mostSamples, row.worksItself, row.isWarm, row.memory) = (1, false, false, { memory.mebibytes })
    return row
  }

  func fields(_ folder: ExchangeFolder) throws -> [(String, JSON)] {
    let data = BenchData(isQuick: isQuick)
    try Data(data.images.pixels).write(to: folder.url.appendingPathComponent("images.u8"))
    try folder.write(data.images.labels, "labels.i32")
    try folder.write(data.order.map(Int32.init), "order.i32")
    return [
      ("kind", .string("epoch")), ("batch", .integer(EpochProblem.batch)), ("rate", .number(NetworkProblem.adamRate)),
    ]
  }
}

/// The memory that the latest process reported.
private final class PeakOfProcess {
  var mebibytes = 0.0
}
