import Adjoint
import Testing

/// The structured Jacobian of every operation is the dense one, and says no more than is true.
@Suite struct LocalJacobianTests {
  @Test("A local Jacobian equals the dense one, by dual numbers and by the rule", arguments: ExampleCase.all)
  func entries(example: ExampleCase) throws {
    let recorded: Recorded<Double> = example.record(example.values())
    for position in recorded.x.indices where !recorded.x[position].holdsIndices {
      let x = recorded.x[position]
      let local = try #require(recorded.y.localJacobian(withRespectTo: position))
      #expect(local.rows == recorded.y.shape.elementCount && local.columns == x.shape.elementCount)
      guard local.rows > 0, local.columns > 0 else { continue }
      let dense = local.dense.elements
      for mode in [JacobianMode.forward, .reverse] {
        let expected = jacobian(of: recorded.y, withRespectTo: x, mode: mode).elements
        let worst = zip(dense, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
        #expect(worst < 1e-13, "input \(position), \(mode), \(local)")
      }
      #expect(local.entryCount >= dense.count { $0 != 0 })
      #expect(local.entryCount <= dense.count)
    }
  }

  @Test("Products with vectors are those of the dense matrix", arguments: ExampleCase.all)
  func products(example: ExampleCase) throws {
    let recorded: Recorded<Double> = example.record(example.values())
    var generator = Generator(seed: 5)
    for position in recorded.x.indices {
      let local = try #require(recorded.y.localJacobian(withRespectTo: position))
      let (u, v) = (generator.tensor([local.columns]).elements, generator.tensor([local.rows]).elements)
      let (dense, columns) = (local.dense.elements, local.columns)
      let (ju, vj) = (local.times(u), local.leftTimes(v))
      for row in 0..<local.rows {
        let expected = (0..<columns).reduce(0) { $0 + dense[row * columns + $1] * u[$1] }
        #expect(abs(ju[row] - expected) < 1e-12)
      }
      for column in 0..<columns {
        let expected = (0..<local.rows).reduce(0) { $0 + v[$1] * dense[$1 * columns + column] }
        #expect(abs(vj[column] - expected) < 1e-12)
      }
    }
  }

  @Test("The structure of a node is stated in words", arguments: Self.stated)
  func words(case known: StatedStructure) throws {
    let tape = Tape<Double>()
    var generator = Generator(seed: 3)
    let x = tape.input(generator.tensor([4, 3]), name: "x")
    let y = known.record(x)
    #expect(try #require(y.localJacobian(withRespectTo: known.position)).description == known.text)
  }

  struct StatedStructure: Sendable, CustomTestStringConvertible {
    let text: String
    var position = 0
    let record: @Sendable (Variable<Double>) -> Variable<Double>
    var testDescription: String { text }
  }

  static let stated: [StatedStructure] = [
    StatedStructure(text: "[12×12] diagonal") { $0.tanh() },
    StatedStructure(text: "[12×12] scaled identity, −1·I") { -$0 },
    StatedStructure(text: "[12×12] scaled identity, 0.5·I") { $0 * 0.5 },
    StatedStructure(text: "[12×12] identity") { $0.reshape(to: [2, 6]) },
    StatedStructure(text: "[12×12] permutation") { $0.transpose() },
    StatedStructure(text: "[20×12] I₄ ⊗ [5×3]") { $0.matmul($0.tape.constant(.ones([3, 5]))) },
    StatedStructure(text: "[20×15] I₅ ⊗ [4×3], rows in the order of the transposed result", position: 1) {
      $0.matmul($0.tape.constant(.ones([5, 3])), transposeB: true)
    },
    StatedStructure(text: "[5×15] I₅ ⊗ [1×3]", position: 1) {
      $0.slice(0..<1).matmul($0.tape.constant(.ones([5, 3])), transposeB: true)
    },
    StatedStructure(text: "[20×15] [4×3] ⊗ I₅", position: 1) { $0.matmul($0.tape.constant(.ones([3, 5]))) },
    StatedStructure(text: "[12×3] one-hot rows", position: 1) { $0.addBias($0.tape.constant(.ones([3]))) },
    StatedStructure(text: "[12×12] 4 blocks of [3×3] along the diagonal") { $0.softmax() },
    StatedStructure(text: "[4×12] 4 blocks of [1×3] along the diagonal") { $0.logSumExp() },
    StatedStructure(text: "[1×12] a row of equal entries") { $0.mean() },
    StatedStructure(text: "[3×12] one-hot columns") { $0.sum(axes: [0]) },
    StatedStructure(text: "[4×12] one entry in each column") { $0.max(axes: [1]) },
    StatedStructure(text: "[4×12] one-hot rows") { $0.pick($0.tape.index(Tensor([0, 2, 1, 1]))) },
    StatedStructure(text: "[12×12] zero") { $0.stopGradient() },
    StatedStructure(text: "[12×12] dense") { $0.tape.record(Cube(fault: .none), $0) },
  ]

  @Test func `A dense Jacobian above the limit is not computed`() {
    let tape = Tape<Float>()
    let y = tape.record(Cube(fault: .none), tape.input(.ones([30])))
    #expect(y.localJacobian(withRespectTo: 0, denseLimit: 899) == nil)
    #expect(y.localJacobian(withRespectTo: 0, denseLimit: 900)?.dense.elements[31] == 3)
  }

  @Test func `The same variable at two inputs has a Jacobian for each`() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([2, 3]), name: "x")
    let y = x * x
    #expect(try #require(y.localJacobian(withRespectTo: 0)).times([1, 1]) == [2, 3])
    #expect(try #require(y.localJacobian(withRespectTo: 1)).leftTimes([1, 1]) == [2, 3])
  }
}
