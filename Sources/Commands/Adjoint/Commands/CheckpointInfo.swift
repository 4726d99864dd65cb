import Adjoint
import AdjointCommandLine
import AdjointCommandTraining
import AdjointFiles
import AdjointLearning
import Foundation

/// `adjoint info FILE`: who wrote a checkpoint, how far its training has come, what it says of itself, its tensors.
struct CheckpointInfo {
  private let file: String
  private let checkpoint: Checkpoint
  /// The finished epochs; nil where the file holds weights alone.
  private let epochs: Int?

  /// Reads a checkpoint.
  /// - Throws: `CommandError.noCheckpoint`, or `FileError` when it is damaged.
  init(_ file: String) throws {
    self.file = file
    checkpoint = try openCheckpoint(file)
    epochs = checkpoint.holdsTraining ? try checkpoint.finishedEpochs() : nil
  }

  func show(on console: Console) {
    console.field("file", file)
    console.field(
      "written by", checkpoint.version.map { "adjoint \(printable($0))" } ?? "a program that does not say its version")
    console.field("training", epochs.map { "\($0.of("epoch")) finished" } ?? "none: weights alone")
    if !checkpoint.settings.isEmpty {
      console.field("settings", "\(checkpoint.settings.count):")
      var table = Table(("name", .left), ("value", .left))
      for (name, value) in checkpoint.settings.sorted(by: { $0.key < $1.key }) {
        table.add(name, printable(value, atMost: 80))
      }
      console.table(table)
    }
    console.field("tensors", "\(checkpoint.tensors.count):")
    var table = Table(("name", .left), ("type", .left), ("shape", .left))
    for tensor in checkpoint.tensors { table.add(tensor.name, tensor.type, "\(tensor.shape)") }
    console.table(table)
  }

  var json: JSON {
    let tensors = checkpoint.tensors.map { tensor in
      JSON.object([
        ("name", .string(tensor.name)), ("type", .string(tensor.type)), ("shape", .integers(tensor.shape)),
      ])
    }
    return .object([
      ("file", .string(file)), ("version", checkpoint.version.map { .string($0) } ?? .null),
      ("epochs", epochs.map { .integer($0) } ?? .null),
      ("settings", .object(checkpoint.settings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
      ("tensors", .array(tensors)),
    ])
  }
}
