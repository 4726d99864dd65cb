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
    let program = recording.program
    try program.fillIndices(recording.inputs[1]) {
      gather(rows, of: data, into: program, recording.inputs[0], targets: $0)
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
    let program = recording.program
    program.fill(recording.inputs[1]) { gather(rows, of: data, into: program, recording.inputs[0], targets: $0) }
    return try update(recording)
  }

  /// Writes a batch where the program reads it. Threads take bands of its rows, or all of them where each has a copy.
  private func gather<Source: Dataset>(
    _ rows: ArraySlice<Int>, of data: Source, into program: Program<Float>, _ x: Variable<Float>,
    targets: UnsafeMutableBufferPointer<Source.Target>
  ) {
    program.fill(x) { inputs in
      if let pool, pool.threads > 1, inputs.count >= 16_384 {
        gather(rows, of: data, inputs: inputs, targets: targets, program.copies(of: x), on: pool)
      } else {
        data.fill(inputs: inputs, targets: targets, from: rows)
      }
    }
  }

  // A function of its own: where it is not called, its types are not made.
  @inline(never)
  private func gather<Source: Dataset>(
    _ rows: ArraySlice<Int>, of data: Source, inputs: UnsafeMutableBufferPointer<Float>,
    targets: UnsafeMutableBufferPointer<Source.Target>, _ copies: InputCopies<Float>?, on pool: WorkerPool
  ) {
    let task = gatherTask as? GatherTask<Source> ?? GatherTask()
    gatherTask = task
    copies?.separate()
    task.run(Gathering(data: data, rows: rows, inputs: inputs, targets: targets, copies: copies), on: pool)
  }
}

/// A batch that is to be gathered.
struct Gathering<Source: Dataset> {
  let data: Source
  let rows: ArraySlice<Int>
  let inputs: UnsafeMutableBufferPointer<Float>
  let targets: UnsafeMutableBufferPointer<Source.Target>
  let copies: InputCopies<Float>?

  /// A band of the rows into the one place that there is.
  func fill(_ band: Range<Int>) {
    let (width, targetWidth) = (data.inputShape.elementCount, data.targetShape.elementCount)
    data.fill(
      inputs: UnsafeMutableBufferPointer(rebasing: inputs[band.lowerBound * width..<band.upperBound * width]),
      targets: UnsafeMutableBufferPointer(
        rebasing: targets[band.lowerBound * targetWidth..<band.upperBound * targetWidth]),
      from: rows[rows.startIndex + band.lowerBound..<rows.startIndex + band.upperBound])
  }
}

/// The gathering of a batch: cut into bands of rows, or done by each thread for itself.
final class GatherTask<Source: Dataset>: WorkerPool.Task {
  private var gathering: Gathering<Source>?
  /// Where the second thread writes targets, which it need not do but a data set does.
  private var unread = UnsafeMutableBufferPointer<Source.Target>.allocate(capacity: 0)

  deinit { unread.deallocate() }

  func run(_ gathering: Gathering<Source>, on pool: WorkerPool) {
    if gathering.copies != nil, unread.count < gathering.targets.count {
      unread.deallocate()
      unread = .allocate(capacity: gathering.targets.count)
    }
    self.gathering = gathering
    pool.run(self)
    self.gathering = nil
  }

  override func run(part: Int, of parts: Int) {
    guard let gathering else { return }
    if let copies = gathering.copies {
      let targets = part == 0 ? gathering.targets : unread
      gathering.data.fill(inputs: copies[part], targets: targets, from: gathering.rows)
    } else {
      gathering.fill(Range(part: part, of: parts, in: gathering.rows.count))
    }
  }
}
