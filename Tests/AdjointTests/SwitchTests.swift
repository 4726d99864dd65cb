import Adjoint
import Testing

/// A cotangent that is switched off is selected away, not multiplied by 0.
@Suite struct SwitchTests {
  /// The example's inputs with every third number on a kink, where it has any.
  private func onKinks(_ example: ExampleCase) -> [InputValue] {
    zip(example.example.inputs, example.values()).map { input, value in
      guard case .numbers(_, _, let kinks) = input, !kinks.isEmpty, case .numbers(let numbers) = value else {
        return value
      }
      let elements = numbers.elements.enumerated().map { $0 % 3 == 1 ? kinks[$0 / 3 % kinks.count] : $1 }
      return .numbers(Tensor(shape: numbers.shape, elements: elements))
    }
  }

  /// Those without an axis of one element along which contributions cancel: there 0 is a difference, no switch. And those
  /// whose rule is no product of whole matrices, in which a 0 is a factor like any other.
  private static let cases = ExampleCase.differentiable.filter { example in
    let form = example.example.operation.form
    if form == .cholesky { return false }
    if form == .determinant(.cofactors) { return example.example.inputs[0].shape.last ?? 0 <= 2 }
    let cancels = if case .softmax = form { true } else if case .variance = form { true } else { false }
    let shape = example.example.inputs[0].shape
    return !cancels || (shape.rank > 0 && !shape.contains(1))
  }

  @Test("An infinite cotangent reaches no element on which y does not depend", arguments: Self.cases)
  func infiniteCotangent(example: ExampleCase) throws {
    for values in [example.values(), onKinks(example)] {
      let recorded: Recorded<Double> = example.record(values)
      let (tape, y) = (recorded.tape, recorded.y)
      for x in recorded.x where !x.holdsIndices {
        let slopes = jacobian(of: y, withRespectTo: x, mode: .forward).elements
        let columns = x.shape.elementCount
        let cotangent = tape.input(.zeros(y.shape))
        guard let adjoint = tape.backward(from: y, cotangent: cotangent, to: [x]).adjoint(of: x) else {
          #expect(slopes.allSatisfy { $0 == 0 })
          continue
        }
        let programs = [Program<Double>([adjoint]), Program<Double>([adjoint], keeping: .all)]
        for row in 0..<min(y.shape.elementCount, 24) {
          for size in [Double.infinity, -.infinity] {
            var infinite = Tensor<Double>.zeros(y.shape)
            infinite[linear: row] = size
            for program in programs {
              try program.feed(cotangent, infinite)
              program.run()
              let found = program.value(of: adjoint).elements
              for column in 0..<columns where slopes[row * columns + column] == 0 {
                #expect(found[column] == 0, "row \(row), column \(column), \(size)")
              }
            }
          }
        }
      }
    }
  }

  @Test func `A cotangent above the diagonal of a Cholesky factor reaches nothing`() {
    let tape = Tape<Double>()
    let a = tape.input(Tensor<Double>([[4, 1, 0], [1, 3, 1], [0, 1, 5]]))
    let l = a.cholesky()
    func adjoint(_ cotangent: Tensor<Double>) -> Tensor<Double>? {
      tape.backward(from: l, cotangent: tape.constant(cotangent), to: [a]).adjoint(of: a)?.value
    }
    let below = Tensor<Double>([[1, 0, 0], [-2, 3, 0], [0.5, 1, -1]])
    let everywhere = Tensor<Double>([[1, .infinity, .nan], [-2, 3, -.infinity], [0.5, 1, -1]])
    #expect(adjoint(below) != nil && adjoint(below) == adjoint(everywhere))
  }

  @Test func `A root behind a switch has no derivative where it is off, in both modes`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([-1, 0, 4]))
    let behind: [(Variable<Double>, Double)] = [
      (x.relu().sqrt(), 0.25), (x.clamp(0, 9).sqrt(), 0.25), (x.maximum(tape.constant(0)).sqrt(), 0.25),
      (x.masked(by: x .> 0).sqrt(), 0.25), (`where`(x .> 0, x, tape.constant(0)).sqrt(), 0.25),
      (x.relu().leakyRelu(slope: 0.5).sqrt(), 0.25), (x.relu().log(), 0.25),
      (x.relu().abs().sqrt(), 0.25), (x.relu().power(-0.5), -0.0625),
    ]
    for (y, slope) in behind {
      let reverse = gradients(of: y.sum(), withRespectTo: [x])[0].value.elements
      let forward = jvp(of: y, withRespectTo: [x], along: [Tensor([1, 1, 1])]).elements
      let isTie = y.inputs[0].operation?.form == .binary(.maximum)
      #expect(reverse[0] == 0 && forward[0] == 0, "\(tape.describe(y.index)): \(reverse), \(forward)")
      #expect(isTie || (reverse[1] == 0 && forward[1] == 0), "\(tape.describe(y.index)): \(reverse), \(forward)")
      #expect(abs(reverse[2] - slope) < 1e-15 && abs(forward[2] - slope) < 1e-15, "\(y)")
    }
  }

  @Test func `Distances of points have finite gradients on the diagonal`() {
    let tape = Tape<Double>()
    let points = tape.input(Tensor<Double>([[0.1, 0.2], [0.3, 0.7]]))
    let difference = points.reshape(to: [2, 1, 2]) - points.reshape(to: [1, 2, 2])
    let offDiagonal = tape.constant(Tensor<Double>([[0, 1], [1, 0]]))
    let distances = difference.square().sum(axes: [2]).relu().sqrt() * offDiagonal
    let found = gradients(of: distances.sum(), withRespectTo: [points])[0].value.elements
    // 2·(0.2, 0.5)/√0.29, either way
    let length = 0.29.squareRoot()
    for (x, expected) in zip(found, [-0.4 / length, -1 / length, 0.4 / length, 1 / length]) {
      #expect(abs(x - expected) < 1e-14)
    }
  }

  @Test func `A factor of one's own is IEEE's: 0 times infinity is not a number`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([Double.infinity, 2]))
    let mask = tape.constant(Tensor([0.0, 1]))
    #expect((x * mask).value.elements[0].isNaN && (x * mask).value.elements[1] == 2)
    #expect(x.masked(by: mask).value == Tensor([0, 2]))
  }
}
