import Adjoint
import Testing

/// A call with the shapes of its operands.
struct WindowCase: Sendable, CustomTestStringConvertible {
  let call: WindowCall
  let x: Shape
  var w: Shape?
  /// True for a call on sequences; the images then have one row.
  var isSequence = false
  var testDescription: String { "\(call) of \(x)\(w.map { " by \($0)" } ?? "")\(isSequence ? " as a sequence" : "")" }

  /// Random operands: x, w, and a tangent of each.
  func operands(_ seed: UInt64) -> [Tensor<Double>] {
    var generator = Generator(seed: seed)
    func normal(_ shape: Shape) -> Tensor<Double> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.normal() })
    }
    return [normal(x), normal(w ?? []), normal(x), normal(w ?? [])]
  }

  /// The call on a new tape, and its operands there.
  func record<S: Scalar>(
    _ operands: [Tensor<Double>], _ convert: (Tensor<Double>) -> Tensor<S>
  ) -> (y: Variable<S>, leaves: [Variable<S>]) {
    let tape = Tape<S>()
    let (x, w) = (tape.input(convert(operands[0])), self.w.map { _ in tape.input(convert(operands[1])) })
    let leaves = [x] + (w.map { [$0] } ?? [])
    guard isSequence else { return (call.record(x, w), leaves) }
    let sequence = x.reshape(to: [self.x[0], self.x[2], self.x[3]])
    let kernels = w.map { $0.reshape(to: [$0.shape[0], $0.shape[1], $0.shape[3]]) }
    guard let y = call.recordSequence(sequence, kernels) else { fatalError("\(self) is no call on sequences") }
    return (y.reshape(to: [y.shape[0], 1, y.shape[1], y.shape[2]]), leaves)
  }

  /// Random cases of every call that have a result, small enough for loops.
  static let random: [WindowCase] = (0..<420).compactMap { number in
    var generator = Generator(seed: 1000 + UInt64(number))
    func any(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(generator.next() % UInt64(range.count)) }
    let isSequence = number % 4 == 3
    func extent(_ range: ClosedRange<Int>, _ one: Int) -> Extent2D {
      let width = any(range)
      return Extent2D(isSequence ? one : any(range), width)
    }
    func flag() -> Bool { any(0...1) == 1 }
    let side = any(1...6)
    // One shape in four has as many channels as rows and columns.
    let images: Shape =
      number % 8 == 0 ? [2, side, side, side] : [any(0...2), isSequence ? 1 : any(1...7), any(1...8), any(1...4)]
    let groups = [1, 2, 3, images[3]][any(0...3)]
    let inGroups = images.replacingLast(by: images[3] * (groups == images[3] ? 1 : groups))
    let kernel = extent(1...4, 1)
    let (stride, dilation) = (extent(1...4, 1), extent(1...3, 1))
    let made: WindowCase
    switch number % 7 {
    case 0, 1:
      let padding: Padding =
        switch any(0...2) {
        case 0: .same
        case 1: .around(extent(0...5, 0))
        default: .beside(before: extent(0...3, 0), after: extent(0...5, 0))
        }
      made = WindowCase(
        call: .convolution(stride: stride, padding: padding, dilation: dilation, groups: groups), x: inGroups,
        w: [groups * any(1...3), inGroups[3] / groups, kernel.height, kernel.width], isSequence: isSequence)
    case 2:
      let (rows, columns) = (max(stride.height, dilation.height) - 1, max(stride.width, dilation.width) - 1)
      made = WindowCase(
        call: .transposed(
          stride: stride, padding: extent(0...2, 0), more: Extent2D(isSequence ? 0 : any(0...rows), any(0...columns)),
          dilation: dilation, groups: groups), x: inGroups,
        w: [inGroups[3], any(1...3), kernel.height, kernel.width], isSequence: isSequence)
    case 3:
      made = WindowCase(
        call: .maxPool(size: kernel, stride: stride, padding: extent(0...2, 0), dilation: dilation, ceilMode: flag()),
        x: images, isSequence: isSequence)
    case 4:
      made = WindowCase(
        call: .averagePool(
          size: kernel, stride: stride, padding: extent(0...2, 0), ceilMode: flag(), countIncludePad: flag(),
          divisor: any(0...3) == 0 ? 3 : nil), x: images, isSequence: isSequence)
    case 5:
      if flag() {
        made = WindowCase(call: .adaptive(size: extent(1...5, 1), isMax: flag()), x: images, isSequence: isSequence)
      } else if isSequence || flag() {
        made = WindowCase(
          call: .resize(size: extent(1...9, 1), mode: flag() ? .bilinear : .nearest, alignCorners: flag()), x: images,
          isSequence: isSequence)
      } else {
        made = WindowCase(call: .scale([0.5, 1.5, 2, 3][any(0...3)], mode: flag() ? .bilinear : .nearest), x: images)
      }
    default:
      let mode = [PaddingMode.constant(Double(any(-1...1))), .reflect, .replicate, .circular][any(0...3)]
      func amounts() -> [Int] {
        images.enumerated().map { axis, extent in
          axis == 0 ? 0 : any(0...max(mode == .reflect ? extent - 1 : extent, 0))
        }
      }
      made = WindowCase(call: .pad(before: amounts(), after: amounts(), mode: mode), x: images)
    }
    // An empty batch has no element that could tell.
    let operands = WindowCase(call: made.call, x: made.x.replacing(axis: 0, with: 1), w: made.w).operands(0)
    return WindowLoops(x: operands[0], t: operands[0], w: operands[1]).value(of: made.call).map { _ in made }
  }
}

extension Shape {
  /// This shape with another last extent.
  fileprivate func replacingLast(by extent: Int) -> Shape { Shape(Array(dropLast()) + [extent]) }
}
