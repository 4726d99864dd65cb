/// The gradients of several slices of one array, each added where its slice stood. The sweep records an array of zeros around each,
/// and adds all of these: for a loop over time, the square of its length.
///
/// Adding +0 moves no bit but the sign of −0. So a sum that begins with +0 is the recorded one wherever a slice is missing, and
/// the pass is taken when no element stands in all of them.
struct SliceGradients: FastPath {
  /// A gradient, and the place of its slice.
  struct Part {
    let g: Int
    /// The node that puts it among zeros.
    let pad: Int
    let start: SIMD8<Int>
    let size: Shape
  }

  /// The gradients in the order in which they are added.
  private let parts: [Part]
  /// The value onto which they are added; `nil` for 0.
  private let addend: Int?
  private let overwritesAddend: Bool
  /// True when each element stands in one slice.
  private let isPartition: Bool

  var overwriting: Overwriting { addend.flatMap { overwritesAddend ? .operand($0) : nil } ?? .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    let nodes = recording.nodes
    var (sum, computed, parts) = (i, [Int](), [Part]())
    var addend: Int?
    while recording.forms[sum] == .binary(.add) {
      let (older, newer) = (nodes[sum].inputs[0], nodes[sum].inputs[1])
      guard nodes[older].shape == nodes[sum].shape, let part = part(newer, of: sum, recording) else { break }
      parts.append(part)
      computed += [sum, newer]
      if let first = Self.part(older, of: sum, recording) {
        parts.append(first)
        computed.append(older)
        (addend, sum) = (nil, older)
      } else {
        addend = older
        guard recording.isPrivate(older, to: sum) else { break }
        sum = older
      }
    }
    guard parts.count > 1, !haveCommonElement(parts) else { return nil }
    var overwrites = false
    if let addend, recording.forms[addend] != nil, !recording.isAlias[addend] {
      overwrites = recording.isPrivate(addend, to: computed[computed.count - 2])
    }
    let flat = parts.reduce(into: (parts: [Part](), computed: computed)) { unfold($1, recording, into: &$0) }
    if isPartition(flat.parts, of: nodes[i].shape) || !isPartition(parts, of: nodes[i].shape) {
      (parts, computed) = flat
    }
    let kind = SliceGradients(
      parts: parts.reversed(), addend: addend, overwritesAddend: overwrites,
      isPartition: addend == nil && isPartition(parts, of: nodes[i].shape))
    return Pass(kind, computed.sorted(), results: [i])
  }

  /// The gradient of a slice that a node has put among zeros, for one sum of equal shape.
  private static func part(_ node: Int, of sum: Int, _ recording: PlannedRecording) -> Part? {
    guard recording.forms[node] == .pad, recording.isPrivate(node, to: sum),
      recording.nodes[node].shape == recording.nodes[sum].shape,
      case .operation(let operation) = recording.nodes[node].kind, let margin = operation.margin
    else { return nil }
    var start = SIMD8<Int>(repeating: 0)
    for (axis, count) in margin.enumerated() { start[axis] = count }
    let g = recording.nodes[node].inputs[0]
    return Part(g: g, pad: node, start: start, size: recording.nodes[g].shape)
  }

  /// Adds a part to a list, or in its place the parts that fill it, where it is such a sum itself: halves of halves are one pass.
  /// Each element of these had a +0 added, and has it here.
  private static func unfold(
    _ part: Part, _ recording: PlannedRecording, into flat: inout (parts: [Part], computed: [Int])
  ) {
    guard recording.forms[part.g] == .binary(.add), recording.isPrivate(part.g, to: part.pad),
      let inner = ending(in: part.g, of: recording), let kind = inner.kind as? SliceGradients, kind.isPartition
    else { return flat.parts.append(part) }
    flat.parts += kind.parts.reversed().map { Part(g: $0.g, pad: $0.pad, start: $0.start &+ part.start, size: $0.size) }
    flat.computed += inner.nodes
  }

  private static func haveCommonElement(_ parts: [Part]) -> Bool {
    parts[0].size.indices.allSatisfy { axis in
      let first = parts.reduce(0) { max($0, $1.start[axis]) }
      return parts.allSatisfy { first < $0.start[axis] + $0.size[axis] }
    }
  }

  /// True for parts that follow one another along one axis and fill the shape.
  private static func isPartition(_ parts: [Part], of shape: Shape) -> Bool {
    let cut = shape.indices.filter { axis in parts.contains { $0.size[axis] != shape[axis] } }
    guard cut.count == 1 else { return false }
    var end = 0
    for part in parts.sorted(by: { ($0.start[cut[0]], $0.size[cut[0]]) < ($1.start[cut[0]], $1.size[cut[0]]) }) {
      guard part.start[cut[0]] == end else { return false }
      end += part.size[cut[0]]
    }
    return end == shape[cut[0]]
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let y: Output<S> = builder.output(pass.results[0])
    let zero = builder.allocate(S.self, count: 1)
    zero.initialize(to: 0)
    return builder.instruction(
      running: Placement(
        parts.map { (builder.view($0.g), $0) }, onto: addend.map { builder.view($0).base }, into: y,
        isPartition: isPartition, zero: zero))
  }
}

private final class Placement<S: Scalar>: PlacedOperation<S> {
  private let parts: [(g: View<S>, place: SliceGradients.Part)]
  private let addend: UnsafePointer<S>?
  private let y: Output<S>
  private let isPartition: Bool
  private let zero: UnsafePointer<S>
  /// The elements of an entry of the first axis, along which threads take bands.
  private let width: Int

  init(
    _ parts: [(g: View<S>, place: SliceGradients.Part)], onto addend: UnsafePointer<S>?, into y: Output<S>,
    isPartition: Bool, zero: UnsafePointer<S>
  ) {
    (self.parts, self.addend, self.y, self.isPartition, self.zero) = (parts, addend, y, isPartition, zero)
    width = y.shape.dropFirst().reduce(1, *)
  }

  override func execute() { run(0..<y.shape[0]) }
  override func execute(part: Int, of parts: Int) { run(Range(part: part, of: parts, in: y.shape[0])) }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func run(_ band: Range<Int>) {
    let (start, count) = (band.lowerBound * width, band.count * width)
    guard count > 0 else { return }
    if let addend {
      S.zip(.binary(.add), addend + start, strideA: 1, zero, strideB: 0, y.base + start, count: count)
    } else if !isPartition {
      (y.base + start).update(repeating: 0, count: count)
    }
    // By position: a loop over an array would retain it.
    for number in 0..<parts.count { add(number, band) }
  }

  /// Adds what a part has in a band, a run of adjacent elements at a time.
  @inline(__always)
  private func add(_ number: Int, _ band: Range<Int>) {
    let (g, place) = parts[number]
    let (shape, strides, size) = (y.shape, y.shape.strides, place.size)
    let rows = rows(of: place, band)
    guard !rows.isEmpty, g.count > 0 else { return }
    let own = g.count / size[0]
    var source = g.base + (rows.lowerBound - place.start[0]) * own
    var target = y.base + rows.lowerBound * width
    for axis in 1..<max(shape.rank, 1) { target += place.start[axis] * strides[axis] }

    // The axes behind `last` are whole, so that a run goes through them.
    var last = shape.rank - 1
    while last > 0, size[last] == shape[last] { last -= 1 }
    let end = source + rows.count * own
    let length = last == 0 ? rows.count * own : size[last] * strides[last]
    var position = SIMD8<Int>(repeating: 0)
    while source < end {
      if isPartition {
        S.zip(.binary(.add), source, strideA: 1, zero, strideB: 0, target, count: length)
      } else {
        S.zip(.binary(.add), target, strideA: 1, source, strideB: 1, target, count: length)
      }
      source += length
      var axis = last - 1
      while axis >= 0 {
        position[axis] += 1
        target += strides[axis]
        if axis == 0 || position[axis] < size[axis] { break }
        target -= strides[axis] * size[axis]
        position[axis] = 0
        axis -= 1
      }
    }
  }

  /// The entries of the first axis that a part has in a band.
  private func rows(of place: SliceGradients.Part, _ band: Range<Int>) -> Range<Int> {
    (place.start[0]..<place.start[0] + place.size[0]).clamped(to: band)
  }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    let band = Range(part: part, of: parts, in: y.shape[0])
    guard !band.isEmpty else { return footprint }
    for (g, place) in self.parts {
      let rows = rows(of: place, band)
      guard !rows.isEmpty else { continue }
      let own = g.count / place.size[0]
      footprint.read(g.base + (rows.lowerBound - place.start[0]) * own, count: rows.count * own)
    }
    if let addend { footprint.read(addend + band.lowerBound * width, count: band.count * width) }
    footprint.write(y.base + band.lowerBound * width, count: band.count * width)
    return footprint
  }

  override var work: Int { parts.reduce(y.count) { $0 + $1.g.count } }
}
