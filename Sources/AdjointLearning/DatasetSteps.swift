import Adjoint
import AdjointDatasets

// Training and evaluation straight from a data set: a batch is written where the program reads it, so nothing is allocated.

extension TrainingStep where S == Float {
  /// One update from the examples with these numbers. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(rows: ArraySlice<Int>, of data: some Dataset<Int32>) throws -> Float {
    let recording = recording(
      data.inputShape.batched(rows.count), data.targetShape.batched(rows.count)
    ) { tape in
      let batch = data.batch(rows)
      return [tape.input(batch.inputs, name: "inputs"), tape.index(batch.targets, name: "labels")]
    }
    try recording.program.fillIndices(recording.inputs[1]) { labels in
      recording.program.fill(recording.inputs[0]) { data.fill(inputs: $0, targets: labels, from: rows) }
    }
    return try update(recording)
  }

  /// One update from the examples with these numbers. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(rows: ArraySlice<Int>, of data: some Dataset<Float>) throws -> Float {
    let recording = recording(
      data.inputShape.batched(rows.count), data.targetShape.batched(rows.count)
    ) { tape in
      let batch = data.batch(rows)
      return [tape.input(batch.inputs, name: "inputs"), tape.input(batch.targets, name: "targets")]
    }
    recording.program.fill(recording.inputs[1]) { targets in
      recording.program.fill(recording.inputs[0]) { data.fill(inputs: $0, targets: targets, from: rows) }
    }
    return try update(recording)
  }
}
