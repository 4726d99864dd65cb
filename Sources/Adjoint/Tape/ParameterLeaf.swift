/// The leaf of a parameter or a state, and the version of its numbers that operations read.
///
/// A rule reads a parameter where it stands. If that changed after an operation was recorded, value and gradient would
/// belong to different points, so the sweep refuses it. Every change counts up the parameter's version, and recording
/// an operation on the leaf compares that number: no element is looked at.
struct ParameterLeaf<S: Scalar> {
  let leaf: Int
  let parameter: Parameter<S>
  /// The version that the latest operations read.
  private(set) var version: Int
  /// The position of the first operation that read the parameter, and the one from which on operations read the present
  /// version. Those between read an older one.
  private var (first, start) = (Int.max, 0)

  init(leaf: Int, parameter: Parameter<S>, version: Int) {
    (self.leaf, self.parameter, self.version) = (leaf, parameter, version)
  }

  /// Notes that the operation about to stand at `position` reads the parameter as it now is.
  mutating func noteRead(at position: Int) {
    let present = parameter.storage.version.pointee
    if first == Int.max {
      (version, first, start) = (present, position, 0)
    } else if version != present {
      (version, start) = (present, position)
    }
  }

  mutating func truncate(to count: Int) {
    if first >= count { first = Int.max }
    start = Swift.min(start, count)
  }

  /// The position before which operations read other numbers than the present ones; 0 where none did.
  var end: Int { first == Int.max ? 0 : version == parameter.storage.version.pointee ? start : Int.max }
}

extension Tape {
  /// Notes which parameters an operation is about to read.
  @inline(__always)
  func noteReads(of inputs: NodeList) { for x in inputs where nodes[x].isParameter { noteRead(of: x) } }

  /// Notes that an operation is about to read the parameter of a leaf.
  @inline(never)
  func noteRead(of leaf: Int) {
    // The leaves stand in order.
    var (low, high) = (0, parameters.count)
    while low < high {
      let middle = (low + high) / 2
      if parameters[middle].leaf < leaf { low = middle + 1 } else { high = middle }
    }
    parameters[low].noteRead(at: nodes.count)
  }

  /// The leaves up to a position whose parameters have changed, each with the position before which operations read
  /// older numbers.
  func changedParameters(upTo output: Int) -> [(leaf: Int, end: Int)] {
    var changed: [(leaf: Int, end: Int)] = []
    for place in parameters.indices where parameters[place].leaf <= output {
      let end = parameters[place].end
      if end > 0 { changed.append((parameters[place].leaf, end)) }
    }
    return changed
  }

  /// Traps when a node reads a parameter that has changed since.
  @inline(never)
  func refuse(_ changed: [(leaf: Int, end: Int)], readBy node: Int, _ file: StaticString, _ line: UInt) {
    for leaf in nodes[node].inputs
    where nodes[leaf].isParameter && changed.contains(where: { $0.leaf == leaf && node < $0.end }) {
      fatalError(
        "backward: \(describe(leaf)) was changed after \(describe(node)) was recorded with it, so value and gradient would "
          + "belong to different points. Take the gradient before the change, or record anew after it.",
        file: file, line: line)
    }
  }
}
