/// The gradient of picking an element of each row in one pass: x̄[i, j] = ȳ[i] where j is the index of row i, and 0
/// elsewhere. The rule records ȳ masked by the one-hot rows, which is two operations.
struct PickGradient: FastPath {
  private let g: Int
  private let index: Int

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    let (nodes, forms) = (recording.nodes, recording.forms)
    guard forms[i] == .binary(.masked) else { return nil }
    let (g, oneHot) = (nodes[i].inputs[0], nodes[i].inputs[1])
    guard forms[oneHot] == .oneHot, recording.isPrivate(oneHot, to: i), nodes[oneHot].shape == nodes[i].shape,
      nodes[g].shape == Shape(nodes[i].shape.dropLast() + [1])
    else { return nil }
    return Pass(PickGradient(g: g, index: nodes[oneHot].inputs[0]), [oneHot, i], results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let out: Output<S> = builder.output(pass.results[0])
    return builder.instruction(running: Rows(g: builder.view(g), index: builder.view(index), into: out))
  }
}

private final class Rows<S: Scalar>: RowPass<S> {
  private let g: View<S>
  private let index: View<S>

  init(g: View<S>, index: View<S>, into out: Output<S>) {
    (self.g, self.index) = (g, index)
    super.init(into: out)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  override func run(_ band: Range<Int>) {
    let (g, index, out) = (g.base, index.indices, out.base)
    for row in band {
      (out + row * columns).update(repeating: 0, count: columns)
      out[row * columns + Int(index[row])] = g[row]
    }
  }

  override func reads(_ band: Range<Int>) -> Footprint {
    var footprint = Footprint()
    footprint.read(g.base + band.lowerBound, count: band.count)
    let stride = MemoryLayout<Int32>.stride
    footprint.read(bytes: band.count * stride, at: UnsafeRawPointer(index.address) + band.lowerBound * stride)
    return footprint
  }

  override var work: Int { out.count + 4 * rows }
}
