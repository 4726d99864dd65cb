import Adjoint
import AdjointChecking
import AdjointDrawing
import AdjointGrading
import AdjointLearning
import Testing

/// The product of the factors is the gradient, whatever stands between loss and parameter, and the counts are those of the
/// loops that they speak of.
@Suite struct JacobianChainTests {
  /// A model of one or more examples with everything that a chain meets: reuse, a residual, tied weights, broadcasts.
  struct Model: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let record: @Sendable (Variable<Double>, Variable<Double>) -> Variable<Double>
  }

  static let models: [Model] = [
    Model(testDescription: "one layer") { x, w in x.matmul(w).tanh().square().sum() },
    Model(testDescription: "a residual") { x, w in
      let h = x.matmul(w).tanh()
      return (h + h.sigmoid() * 0.5).matmul(w).logSoftmax().mean()
    },
    Model(testDescription: "tied weights") { x, w in
      x.matmul(w).relu().matmul(w, transposeB: true).softmax().log().sum()
    },
    Model(testDescription: "the same node twice") { x, w in
      let z = x.matmul(w)
      return (z * z).max(axes: [1]).sum()
    },
    Model(testDescription: "several outputs") { x, w in x.matmul(w).gelu().sum(axes: [0]) },
    Model(testDescription: "a path that stops") { x, w in
      let z = x.matmul(w)
      return (z.stopGradient() * z).transpose().reshape(to: [z.shape.elementCount]).logSumExp()
    },
  ]

  @Test("The product of the factors is the gradient", arguments: models, [true, false])
  func product(model: Model, merging: Bool) {
    var generator = Generator(seed: 11)
    let tape = Tape<Double>()
    let x = tape.input(random([2, 4], &generator), name: "x")
    let w = tape.input(random([4, 4], &generator), name: "w")
    let y = model.record(x, w)
    for variable in [x, w] {
      let chain = JacobianChain(of: y, withRespectTo: variable, merging: merging)
      let expected = jacobian(of: y, withRespectTo: variable, mode: .reverse).elements
      let fromTheRight = chain.productFromTheRight.dense.elements
      #expect(chain.product.elements.count == expected.count)
      for (position, value) in expected.enumerated() {
        #expect(abs(chain.product.elements[position] - value) < 1e-12 * max(1, abs(value)))
        #expect(abs(fromTheRight[position] - value) < 1e-12 * max(1, abs(value)))
      }
      #expect(chain.factors.first?.y.index == y.index && chain.factors.last?.x.index == variable.index)
      for (left, right) in zip(chain.factors, chain.factors.dropFirst()) {
        #expect(left.x.index == right.y.index && left.jacobian.columns == right.jacobian.rows)
      }
    }
  }

  @Test func `Several paths are added and counted`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, -0.7]), name: "x")
    let h = x.tanh().labeled("h")
    let y = (h + h.sigmoid() + h.square()).sum()
    let chain = JacobianChain(of: y, withRespectTo: x, merging: false)
    #expect(chain.factors.map(\.pathCount) == [1, 3, 1])
    #expect(chain.description.contains("the sum over 3 paths"))
  }

  /// A chain of matrices of given sizes, one example.
  private func chain(_ sizes: [Int], _ activation: Activation = .relu) -> JacobianChain<Double> {
    var generator = Generator(seed: 4)
    let tape = Tape<Double>()
    let x = tape.input(random([1, sizes[0]], &generator), name: "x")
    let model = MLP<Double>(sizes, activation: activation, using: &generator)
    let loss = -(model(x).softmax().log() * tape.constant(random([1, sizes[sizes.count - 1]], &generator))).sum()
    return JacobianChain(of: loss, withRespectTo: tape.parameter(model.linears[0].weight))
  }

  @Test("Multiplications are counted as the loops make them", arguments: [[5, 3, 4], [7, 6, 5, 3], [4, 9, 2]])
  func counts(sizes: [Int]) {
    let chain = chain(sizes)
    let matrices = chain.factors.map(\.jacobian)
    for usingStructure in [false, true] {
      var (left, row) = (0, matrices[0])
      for next in matrices.dropFirst() { (left, row) = (left + count(row, next, usingStructure), multiply(row, next)) }
      #expect(chain.multiplications(.leftToRight, usingStructure: usingStructure) == left)
      var (right, product) = (0, matrices[matrices.count - 1])
      for next in matrices.dropLast().reversed() {
        (right, product) = (right + count(next, product, usingStructure), multiply(next, product))
      }
      #expect(chain.multiplications(.rightToLeft, usingStructure: usingStructure) == right)
    }
  }

  /// The multiplications of a·b, by visiting every one. The structure counts, not the value: a dense matrix is full.
  private func count(_ a: LocalJacobian, _ b: LocalJacobian, _ usingStructure: Bool) -> Int {
    guard usingStructure else { return a.rows * a.columns * b.columns }
    var count = 0
    var lengths = [Int](repeating: 0, count: b.rows)
    b.forEachEntry { row, _, _ in lengths[row] += 1 }
    a.forEachEntry { _, column, _ in count += lengths[column] }
    return count
  }

  /// a·b with its structure forgotten, zeros that no value can fill left out.
  private func multiply(_ a: LocalJacobian, _ b: LocalJacobian) -> LocalJacobian {
    if case .diagonal = a.structure, case .kronecker(let product) = b.structure {
      // Rows scaled: the same entries stay.
      return LocalJacobian(rows: b.rows, columns: b.columns, structure: .kronecker(product))
    }
    return a.multiplied(by: b)
  }

  @Test(
    "The verdict reverses at the number of outputs that is stated",
    arguments: [[5, 3, 4], [784, 30, 10], [20, 8, 6]])
  func reversal(sizes: [Int]) throws {
    let chain = chain(sizes)
    func rightIsCheaper(_ outputs: Int) -> Bool {
      chain.multiplications(.rightToLeft, outputs: outputs) < chain.multiplications(.leftToRight, outputs: outputs)
    }
    let first = try #require(chain.reversal())
    #expect((1...first + 20).first(where: rightIsCheaper) == first)
  }

  @Test func `The chain of a 784-30-10 network has the dimensions and the counts of the textbook`() {
    let chain = chain([784, 30, 10])
    #expect(chain.dimensions == "[1×10]·[10×10]·[10×30]·[30×30]·[30×23520]")
    #expect(chain.multiplications(.leftToRight) == 706_900)
    #expect(chain.multiplications(.rightToLeft) == 30_811_200)
    #expect(chain.summary.hasPrefix("∂L/∂vec(W⁽¹⁾) = ∂L/∂ŷ · ∂ŷ/∂z⁽²⁾ · ∂z⁽²⁾/∂a⁽¹⁾ · ∂a⁽¹⁾/∂z⁽¹⁾ · ∂z⁽¹⁾/∂vec(W⁽¹⁾)"))
    #expect(chain.factors[1].parts.count == 1 && chain.factors[2].parts.count == 2)
    #expect(chain.description.contains("I₃₀ ⊗ [1×784], 23,520 of 705,600 entries"))
  }

  @Test func `Nodes given by the user stand between the factors`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.1, 0.2]), name: "x")
    let (a, b) = (x.exp(), x.exp().tanh())
    let y = (b.square() + 1).sum()
    let chain = JacobianChain(of: y, withRespectTo: x, through: [b])
    #expect(chain.dimensions == "[1×2]·[2×2]" && chain.factors[1].x.index == x.index)
    #expect(a.index != b.index)
  }

  @Test("The product of the factors is the gradient of a random program", arguments: 0..<40)
  func randomPrograms(seed: UInt64) {
    let program = RandomProgram(seed: seed)
    guard program.steps.allSatisfy({ $0.shape.elementCount > 0 }) else { return }
    let recording = program.record(on: Tape<Double>())
    let tape = recording.output.tape
    let loss = (recording.output * tape.constant(program.cotangent)).sum()
    let backward = tape.backward(from: loss, to: recording.moving)
    for x in recording.moving {
      guard let gradient = backward.adjoint(of: x)?.value.elements else { continue }
      let product = JacobianChain(of: loss, withRespectTo: x).product.elements
      let scale = gradient.map(abs).max() ?? 0
      for (a, b) in zip(product, gradient) { #expect(abs(a - b) <= 1e-11 * max(1, scale), "program \(seed)") }
    }
  }

  @Test func `A node beside the path traps with a sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([0.1, 0.2]), name: "x")
      let side = x.exp().labeled("side")
      _ = JacobianChain(of: (x.tanh() + side).sum(), withRespectTo: x, through: [side])
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("JacobianChain: 'side' [2] is not on every path from 'x' [2] to"), "\(said)")
  }

  @Test func `A loss that does not depend on the variable traps with a sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([0.1, 0.2]), name: "x")
      _ = JacobianChain(of: x.stopGradient().sum(), withRespectTo: x)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("does not depend differentiably on 'x' [2]"), "\(said)")
  }

  @Test func `Elided numbers keep both ends`() {
    let diagonal = LocalJacobian(rows: 8, columns: 8, structure: .diagonal((1...8).map(Double.init)))
    #expect(
      diagonal.numbers(rows: 3, columns: 3) == """
        1  ·  …  ·
        ·  2  …  ·
        ⋮  ⋮  ⋮  ⋮
        ·  ·  …  8
        """)
    #expect(diagonal.pattern(height: 4, width: 4) == "■···\n·■··\n··■·\n···■")
  }

  private func random(_ shape: Shape, _ generator: inout Generator) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform(-1, 1) })
  }
}
