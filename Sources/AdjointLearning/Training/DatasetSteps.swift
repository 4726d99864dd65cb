import Adjoint
import Foundation

// Training straight from a data set: a batch is written where the program reads it, so nothing is allocated.

extension TrainingStep where S == Float {
  /// One update from the examples with these numbers. Returns the loss before the update.
  /// - Throws: `FeedError` when there is no example of such a number, and what a step on tensors throws. Nothing has been
  ///   changed then.
  @discardableResult
  public func callAsFunction(
    rows: ArraySlice<Int>, of data: some Dataset<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> Float {
    try requireRows(rows, of: data)
    let site = CallSite(file, line)
    if shards != nil { return try stepInShards(of: rows.count, at: site) { microBatch(rows.part($0), of: data) } }
    let loss = compileIfNeeded(rows, of: data, at: site)
    try fill(loss, rows, of: data)
    return try update(from: loss)
  }

  /// One update from the examples with these numbers. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(
    rows: ArraySlice<Int>, of data: some Dataset<Float>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> Float {
    try requireRows(rows, of: data)
    let site = CallSite(file, line)
    if shards != nil { return try stepInShards(of: rows.count, at: site) { microBatch(rows.part($0), of: data) } }
    let loss = compileIfNeeded(rows, of: data, isIndex: false, at: site) { FedValue($0) }
    try fill(loss, rows, of: data)
    return try update(from: loss)
  }

  private func fill(_ loss: CompiledLoss<Float>, _ rows: ArraySlice<Int>, of data: some Dataset<Int32>) throws {
    var failure: (any Error)?
    try loss.program.fillIndices(loss.inputs.leaves[1]) { targets in
      do {
        try gatherer.gather(rows, of: data, for: loss, targets: targets, on: pool)
      } catch {
        targets.update(repeating: 0)
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private func fill(_ loss: CompiledLoss<Float>, _ rows: ArraySlice<Int>, of data: some Dataset<Float>) throws {
    try loss.program.fill(loss.inputs.leaves[1]) {
      try gatherer.gather(rows, of: data, for: loss, targets: $0, on: pool)
    }
  }

  private func microBatch(_ rows: ArraySlice<Int>, of data: some Dataset<Int32>) -> MicroBatch {
    MicroBatch(
      count: rows.count, compile: { self.compileIfNeeded(rows, of: data, at: $0) },
      feed: { try self.fill($0, rows, of: data) })
  }

  private func microBatch(_ rows: ArraySlice<Int>, of data: some Dataset<Float>) -> MicroBatch {
    MicroBatch(
      count: rows.count, compile: { self.compileIfNeeded(rows, of: data, isIndex: false, at: $0) { FedValue($0) } },
      feed: { try self.fill($0, rows, of: data) })
  }

  /// The loss for a batch of as many examples.
  func compileIfNeeded(
    _ rows: ArraySlice<Int>, of data: some Dataset<Int32>, at site: CallSite = CallSite()
  ) -> CompiledLoss<Float> {
    compileIfNeeded(rows, of: data, isIndex: true, at: site) { FedValue($0) }
  }

  private func requireRows(_ rows: ArraySlice<Int>, of data: some Dataset) throws(FeedError) {
    let count = data.count
    if rows.isEmpty {
      throw FeedError(
        "TrainingStep: there are no rows to train on; give the numbers of at least one of \(count) examples")
    }
    for row in rows where row < 0 || row >= count {
      throw FeedError("TrainingStep: there is no example \(row) among \(count); give numbers in 0 ..< \(count)")
    }
  }

  private func compileIfNeeded<Source: Dataset>(
    _ rows: ArraySlice<Int>, of data: Source, isIndex: Bool, at site: CallSite,
    targets: (Tensor<Source.Target>) -> FedValue<Float>
  ) -> CompiledLoss<Float> {
    let shapes = (data.inputShape.batched(rows.count), data.targetShape.batched(rows.count))
    return compileIfNeeded(2, at: site) {
      $0 == 0 ? InputForm(shape: shapes.0, isIndex: false) : InputForm(shape: shapes.1, isIndex: isIndex)
    } values: {
      // What is recorded here is replayed on what is fed. Zeros stand for what may fail to be read.
      guard Source.Failure.self == Never.self, let batch = try? data.batch(rows) else {
        return [
          FedValue(Tensor.zeros(shapes.0)),
          isIndex ? FedValue(Tensor<Int32>(repeating: 0, shape: shapes.1)) : FedValue(Tensor.zeros(shapes.1)),
        ]
      }
      return [FedValue(batch.inputs), targets(batch.targets)]
    }
  }
}

extension ArraySlice {
  /// Elements by their positions, counted from 0.
  func part(_ positions: Range<Int>) -> ArraySlice {
    self[startIndex + positions.lowerBound..<startIndex + positions.upperBound]
  }
}

/// Writer of a data set's batches to where programs read them. Threads take bands of the rows, or all of them where each has
/// a copy of the inputs.
final class BatchGatherer {
  /// The task of the latest data set, kept from step to step, so that gathering allocates nothing.
  private var task: WorkerPool.Task?

  func gather<Source: Dataset>(
    _ rows: ArraySlice<Int>, of data: Source, for loss: CompiledLoss<Float>,
    targets: UnsafeMutableBufferPointer<Source.Target>, on pool: WorkerPool?
  ) throws {
    try loss.program.fill(loss.inputs.leaves[0]) { inputs in
      if let pool, pool.threads > 1, inputs.count >= 16_384 {
        // Rows that are not in memory are read once.
        let copies = Source.Failure.self == Never.self ? loss.program.copies(of: loss.inputs.leaves[0]) : nil
        try share(rows, of: data, inputs, targets, copies, on: pool)
      } else {
        try data.fill(inputs: inputs, targets: targets, from: rows)
      }
    }
  }

  // A function of its own: where it is not called, its types are not made.
  @inline(never)
  private func share<Source: Dataset>(
    _ rows: ArraySlice<Int>, of data: Source, _ inputs: UnsafeMutableBufferPointer<Float>,
    _ targets: UnsafeMutableBufferPointer<Source.Target>, _ copies: InputCopies<Float>?, on pool: WorkerPool
  ) throws(Source.Failure) {
    let task = task as? GatherTask<Source> ?? GatherTask()
    self.task = task
    copies?.separate()
    try task.run(Gathering(data: data, rows: rows, inputs: inputs, targets: targets, copies: copies), on: pool)
  }
}

/// A batch that is to be gathered.
private struct Gathering<Source: Dataset> {
  let data: Source
  let rows: ArraySlice<Int>
  let inputs: UnsafeMutableBufferPointer<Float>
  let targets: UnsafeMutableBufferPointer<Source.Target>
  let copies: InputCopies<Float>?

  /// Writes a band of the rows into the one place that there is.
  func fill(_ band: Range<Int>) throws(Source.Failure) {
    let (width, targetWidth) = (data.inputShape.elementCount, data.targetShape.elementCount)
    try data.fill(
      inputs: UnsafeMutableBufferPointer(rebasing: inputs[band.lowerBound * width..<band.upperBound * width]),
      targets: UnsafeMutableBufferPointer(
        rebasing: targets[band.lowerBound * targetWidth..<band.upperBound * targetWidth]),
      from: rows[rows.startIndex + band.lowerBound..<rows.startIndex + band.upperBound])
  }
}

/// The gathering of a batch: cut into bands of rows, or done by each thread for itself.
private final class GatherTask<Source: Dataset>: WorkerPool.Task {
  private var batch: Gathering<Source>?
  /// The second thread's place for targets, which nobody reads: a data set writes targets with the inputs.
  private var unread = UnsafeMutableBufferPointer<Source.Target>.allocate(capacity: 0)
  private let lock = NSLock()
  /// The failure of one of the threads, guarded by the lock.
  private var failure: Source.Failure?

  deinit { unread.deallocate() }

  func run(_ batch: Gathering<Source>, on pool: WorkerPool) throws(Source.Failure) {
    if batch.copies != nil, unread.count < batch.targets.count {
      unread.deallocate()
      unread = .allocate(capacity: batch.targets.count)
    }
    self.batch = batch
    pool.run(self)
    self.batch = nil
    if let found = failure {
      failure = nil
      throw found
    }
  }

  override func run(part: Int, of parts: Int) {
    guard let batch else { return }
    do throws(Source.Failure) {
      if let copies = batch.copies {
        let targets = part == 0 ? batch.targets : unread
        try batch.data.fill(inputs: copies[part], targets: targets, from: batch.rows)
      } else {
        try batch.fill(Range(part: part, of: parts, in: batch.rows.count))
      }
    } catch {
      lock.withLock { failure = error }
    }
  }
}
