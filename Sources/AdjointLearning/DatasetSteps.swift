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
      recording.program.fill(recording.inputs[0]) { gather(rows, of: data, inputs: $0, targets: labels) }
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
      recording.program.fill(recording.inputs[0]) { gather(rows, of: data, inputs: $0, targets: targets) }
    }
    return try update(recording)
  }

  /// Writes a batch where the program reads it; the threads take bands of its rows.
  private func gather<Source: Dataset>(
    _ rows: ArraySlice<Int>, of data: Source, inputs: UnsafeMutableBufferPointer<Float>,
    targets: UnsafeMutableBufferPointer<Source.Target>
  ) {
    guard let pool, pool.threads > 1, inputs.count >= 16_384 else {
      return data.fill(inputs: inputs, targets: targets, from: rows)
    }
    let task = gatherTask as? GatherTask<Source> ?? GatherTask()
    gatherTask = task
    task.job = (data, rows, inputs, targets)
    pool.run(task)
    task.job = nil
  }
}

/// The gathering of a batch, cut into bands of rows.
final class GatherTask<Source: Dataset>: WorkerPool.Task {
  var job:
    (
      data: Source, rows: ArraySlice<Int>, inputs: UnsafeMutableBufferPointer<Float>,
      targets: UnsafeMutableBufferPointer<Source.Target>
    )?

  override func run(part: Int, of parts: Int) {
    guard let job else { return }
    let band = job.rows.count * part / parts..<job.rows.count * (part + 1) / parts
    let (width, targetWidth) = (job.data.inputShape.elementCount, job.data.targetShape.elementCount)
    let first = job.rows.startIndex
    job.data.fill(
      inputs: UnsafeMutableBufferPointer(rebasing: job.inputs[band.lowerBound * width..<band.upperBound * width]),
      targets: UnsafeMutableBufferPointer(
        rebasing: job.targets[band.lowerBound * targetWidth..<band.upperBound * targetWidth]),
      from: job.rows[first + band.lowerBound..<first + band.upperBound])
  }
}
