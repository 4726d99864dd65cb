/// The addition of rows to places by number, as the gradient of an embedding, with room for the rows' order that lasts as
/// long as the program.
struct RowScatter: FastPath {
  private let x: Int
  private let index: Int

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    guard recording.forms[i] == .scatterAdd else { return nil }
    let inputs = recording.nodes[i].inputs
    return Pass(RowScatter(x: inputs[0], index: inputs[1]), [i], results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let (index, y): (View<S>, Output<S>) = (builder.view(self.index), builder.output(pass.results[0]))
    let size = y.scatterOrder(of: index)
    let order = UnsafeMutableBufferPointer(start: builder.allocate(Int.self, count: size), count: size)
    return builder.instruction(running: Scatter(builder.view(x), index, into: y, order: order))
  }
}

private final class Scatter<S: Scalar>: PlacedOperation<S> {
  private let x: View<S>
  private let index: View<S>
  private let y: Output<S>
  private let order: UnsafeMutableBufferPointer<Int>

  init(_ x: View<S>, _ index: View<S>, into y: Output<S>, order: UnsafeMutableBufferPointer<Int>) {
    (self.x, self.index, self.y, self.order) = (x, index, y, order)
  }

  override func execute() { y.scatterAddRows(x, index, order: order) }

  override func footprint(part: Int, of parts: Int) -> Footprint {
    var footprint = Footprint()
    guard part == 0 else { return footprint }
    footprint.read(x.base, count: x.count)
    footprint.read(bytes: index.count * MemoryLayout<Int32>.stride, at: UnsafeRawPointer(index.address))
    footprint.write(y.base, count: y.count)
    return footprint
  }

  override var work: Int { x.count + y.count + index.count }
}
