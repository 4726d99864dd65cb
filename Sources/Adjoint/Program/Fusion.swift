/// The pass that computes each node, and the node's position in it: flat lists, so that a plan is made in linear time.
struct PassIndex {
  /// The pass that computes a node; −1 where none does.
  private(set) var pass: [Int32]
  /// The position of a node in its pass's list.
  private(set) var position: [Int32]

  init(_ passes: [Pass], nodeCount: Int) {
    pass = Array(repeating: -1, count: nodeCount)
    position = pass
    for (number, pass) in passes.enumerated() { self.number(pass, number) }
  }

  /// Gives the nodes of a pass its number.
  mutating func number(_ pass: Pass, _ number: Int) {
    for (position, node) in pass.nodes.enumerated() {
      self.pass[node] = Int32(number)
      self.position[node] = Int32(position)
    }
  }
}

/// The maker of passes from the live nodes of a tape. A pass merges what one loop can do. The tape is not changed, and
/// neither is a bit of any value: a fused pass rounds after each operation, like the operations apart.
///
/// A fast path is never a node of the tape; `FastPaths` lists them.
struct Fusion {
  private let recording: PlannedRecording

  init(_ recording: PlannedRecording) { self.recording = recording }

  /// The passes in order. Every operation is a pass of its own when nothing is fused.
  func passes(fusing: Bool) -> [Pass] {
    let (nodes, operations) = (recording.nodes, recording.order)
    guard fusing else { return operations.map { Pass(General($0, of: recording), [$0], results: [$0]) } }

    // From the end, so that a pattern is found whole before a part of it is.
    var fast = [Pass?](repeating: nil, count: nodes.count)
    var isClaimed = [Bool](repeating: false, count: nodes.count)
    for node in recording.windows.nodes { isClaimed[node] = true }
    for i in operations.reversed() where !isClaimed[i] {
      guard let pass = FastPaths.ending(in: i, of: recording), !pass.nodes.contains(where: { isClaimed[$0] }) else {
        continue
      }
      for node in pass.nodes { isClaimed[node] = true }
      fast[i] = pass
    }

    var passes = PassList(of: recording)
    for i in operations where !recording.isAlias[i] {
      if let pass = fast[i] {
        passes.append(pass)
      } else if !isClaimed[i] {  // else computed by the pass of the node that ends the pattern, or not at all
        passes.add(i)
      }
    }
    return passes.finished
  }
}
