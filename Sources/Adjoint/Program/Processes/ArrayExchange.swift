/// The exchange after which all processes have all elements of arrays of which each had its own.
package struct ArrayExchange<S: Scalar> {
  private let exchange: Exchange
  private let group: ProcessGroup
  private let arrays: [Output<S>]
  private let cuts: [ElementCut]
  private let room: Room
  /// The bytes that this process sends.
  package var sentByteCount: Int { exchange.sentByteCount }

  /// - Parameter arrays: each with the cut of its elements.
  package init(_ arrays: [(array: Output<S>, cut: ElementCut)], on group: ProcessGroup) {
    (self.arrays, cuts, self.group) = (arrays.map(\.array), arrays.map(\.cut), group)
    let base = self.arrays.map(\.address).min() ?? UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
    var list = TransferList()
    for (array, cut) in arrays {
      let start = array.address - base
      for from in 0..<group.count where !cut[from].isEmpty {
        let (first, end) = (cut[from].lowerBound, cut[from].upperBound)
        let bytes = start + first * MemoryLayout<S>.stride..<start + end * MemoryLayout<S>.stride
        for to in 0..<group.count where to != from { list.addApart(bytes, from: from, to: to) }
      }
    }
    let transfers = list.transfers
    room = Room(byteCount: Exchange.room(for: transfers, rank: group.rank))
    exchange = Exchange(transfers, rank: group.rank, from: base, room: room.base)
  }

  /// - Parameter body: what this process does while messages are on their way; it leaves the arrays alone.
  package func run(meanwhile body: () -> Void = {}) {
    // By position: a loop over an array would retain it.
    if group.isMarkingMissing { markMissing() }
    let open = exchange.begin(on: group)
    body()
    exchange.end(open, on: group)
  }

  /// Writes NaN over what this process does not have.
  package func markMissing() {
    for (array, cut) in zip(arrays, cuts) {
      for rank in 0..<group.count where rank != group.rank {
        for i in cut[rank] { array.base[i] = S(Double.nan) }
      }
    }
  }
}

/// Memory for packed messages, which goes with its owner.
final class Room {
  let base: UnsafeMutableRawPointer

  init(byteCount: Int) { base = .allocate(byteCount: max(byteCount, 1), alignment: Arena.alignment) }
  deinit { base.deallocate() }
}
