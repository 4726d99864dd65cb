/// One pass over a data set in batches: an epoch.
///
/// It is a collection whose index is the number of the batch, so training that stopped in the middle of an epoch goes on
/// with a slice. The generator as it stood before the shuffle and the number of the next batch are all that a checkpoint
/// needs:
///
///     let epoch = digits.batches(of: 128, shuffledBy: &generator)
///     for batch in epoch { step(batch.images, batch.labels) }
///     for batch in epoch[17...] { … }                              // the rest of an interrupted epoch
///
/// Every example appears once; the last batch is short when the size does not divide the count. A batch is assembled
/// when it is asked for. Those of a data set whose examples may fail to be read are no collection: `batch(_:)` throws.
public struct Batches<Source: Dataset>: Sendable {
  /// The data set whose examples these are.
  package let source: Source
  /// The number of examples in every batch but the last.
  package let size: Int
  /// The numbers of the examples in the order of the epoch.
  package let order: [Int]

  /// An epoch in a given order, which may also repeat or leave out examples.
  /// - Precondition: `size` is at least 1, and every row exists.
  package init(_ source: Source, of size: Int, order: [Int]) {
    guard size >= 1 else { fatalError("batches: a batch of \(size) examples; the size must be at least 1") }
    for row in order where row < 0 || row >= source.count {
      fatalError("batches: there is no example \(row) among \(source.count)")
    }
    self.source = source
    self.size = size
    self.order = order
  }

  /// The number of the first batch, 0.
  public var startIndex: Int { 0 }
  /// One more than the number of the last batch.
  public var endIndex: Int { order.isEmpty ? 0 : (order.count - 1) / size + 1 }

  /// The number of batches.
  public var count: Int { endIndex }

  /// The batch of this number: inputs [b, features] and targets.
  public func batch(_ number: Int) throws(Source.Failure) -> Batch<Source.Target> {
    try source.batch(rows(ofBatch: number))
  }

  /// The numbers of the examples in a batch.
  public func rows(ofBatch number: Int) -> ArraySlice<Int> {
    guard (0..<count).contains(number) else { fatalError("batches: there is no batch \(number) among \(count)") }
    return order[(number * size)...].prefix(size)
  }
}

extension Batches: Sequence, Collection, BidirectionalCollection, RandomAccessCollection
where Source.Failure == Never {
  public typealias Element = Batch<Source.Target>
  public typealias Index = Int
  public typealias Indices = Range<Int>
  /// The batch of this number: inputs [b, features] and targets.
  public subscript(number: Int) -> Batch<Source.Target> { batch(number) }
}

extension Batches: CustomStringConvertible {
  /// The number of batches, their size, and the data set: `469 batches of 128 (the last of 96) from …`.
  public var description: String {
    let last = order.count % size
    return "\(count) batches of \(size)" + (last > 0 ? " (the last of \(last))" : "") + " from \(source)"
  }
}

extension Dataset {
  /// All examples in their own order, in batches of `size`; the last may be short.
  public func batches(of size: Int) -> Batches<Self> { Batches(self, of: size, order: Array(0..<count)) }

  /// All examples in random order, in batches of `size`; the last may be short.
  ///
  /// The order is a function of the generator's state alone: the same state gives the same epoch again.
  public func batches(of size: Int, shuffledBy generator: inout Generator) -> Batches<Self> {
    Batches(self, of: size, order: generator.permutation(of: count))
  }
}
