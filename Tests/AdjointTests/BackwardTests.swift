import Adjoint
import AdjointChecking
import AdjointGrading
import Testing

/// The sweep: adjoints, edges, absence, stopped and frozen paths, and derivatives of derivatives.
@Suite struct BackwardTests {
  @Test func `The contributions of the edges sum to the adjoint of every node`() {
    for seed in 0..<60 as Range<UInt64> {
      let tape = Tape<Double>()
      let loss = RandomProgram(seed: seed).record(on: tape).output.sin().sum()
      let backward = tape.backward(from: loss)
      for node in 0..<loss.index {
        let x = tape[node]
        let contributions = backward.contributions(to: x)
        guard let adjoint = backward.adjoint(of: x) else {
          #expect(contributions.isEmpty)
          continue
        }
        var sum = Tensor<Double>.zeros(x.shape)
        for edge in contributions {
          #expect(edge.producer == node && edge.consumer > node)
          sum = Tensor(shape: x.shape, elements: zip(sum.elements, edge.contribution.value.elements).map { $0 + $1 })
        }
        #expect(sum == adjoint.value, "seed \(seed), %\(node)")
      }
    }
  }

  @Test func `An adjoint that was not computed is absent, and a gradient of nothing is a constant zero`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]))
    let unused = tape.input(Tensor([5]))
    let condition = tape.input(Tensor([1, -1]))
    let y = `where`(condition .> 0, x, -x).sum()
    let backward = tape.backward(from: y)
    #expect(backward.adjoint(of: x)?.value == Tensor([1, -1]))
    #expect(backward.adjoint(of: unused) == nil)
    #expect(backward.adjoint(of: condition) == nil)
    #expect(backward.adjoint(of: tape.constant(1)) == nil, "recorded after the output")
    #expect(gradients(of: y, withRespectTo: [unused])[0].value == Tensor([0]))
  }

  @Test func `A cotangent weighs the elements of the output`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2, 3]))
    let y = x.square()
    let v = tape.input(Tensor([10, -1, 0.5]))
    let g = gradients(of: y, withRespectTo: [x], cotangent: v)[0]
    #expect(g.value == Tensor([20, -4, 3]))
    #expect(gradients(of: g.sum(), withRespectTo: [v])[0].value == Tensor([2, 4, 6]), "it may be differentiated too")
    #expect(gradients(of: y, withRespectTo: [y], cotangent: v)[0].index == v.index, "∂y/∂y is the cotangent itself")
  }

  @Test func `Only what lies between the targets and the output is recorded`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]))
    let w = tape.input(Tensor([3, 4]))
    let y = (x * w).sum()
    let before = tape.count
    _ = tape.backward(from: y, to: [w])
    let one = tape.count - before
    _ = tape.backward(from: y, to: [w, x])
    #expect(tape.count - before - one == one + 1)
    let other = tape.input(Tensor([1]))
    let mark = tape.count
    _ = tape.backward(from: y, to: [other])
    #expect(tape.count == mark + 1, "nothing but the unit cotangent")
  }

  @Test func `A gradient with respect to an intermediate result is total from there on`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.7]))
    let a = x.sin()
    let y = (a * a + x).sum()
    let g = gradients(of: y, withRespectTo: [a, x])
    #expect(abs(g[0].scalar - 2 * a.scalar) < 1e-15)
    #expect(abs(g[1].scalar - (2 * a.scalar * Double.cosine(0.7) + 1)) < 1e-15)
  }

  @Test func `Derivatives of sin cycle, and x⁵ runs out after the fifth`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(scalar: 0.8))
    var derivative = x.sin()
    let expected = [Double.cosine(0.8), -Double.sine(0.8), -Double.cosine(0.8), Double.sine(0.8)]
    for value in expected {
      derivative = gradient(of: derivative, withRespectTo: x)
      #expect(abs(derivative.scalar - value) < 1e-15)
    }
    var power = x.power(5)
    for (order, factor) in [5.0, 20, 60, 120, 120].enumerated() {
      power = gradient(of: power, withRespectTo: x)
      #expect(abs(power.scalar - factor * Double.power(0.8, Double(4 - order))) < 1e-12)
    }
    #expect(gradient(of: power, withRespectTo: x).scalar == 0)
  }

  @Test func `Nothing is differentiated through stopGradient, in either mode`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([2, 3]))
    let y = (x * x.stopGradient()).sum()
    #expect(gradients(of: y, withRespectTo: [x])[0].value == Tensor([2, 3]))
    #expect(jvp(of: y, withRespectTo: [x], along: [Tensor([1, 10])]) == Tensor(scalar: 32))
    #expect(tape.backward(from: x.stopGradient().sum()).adjoint(of: x) == nil)
  }

  @Test func `A frozen parameter gets no adjoint unless it is asked for by name`() {
    let tape = Tape<Double>()
    let (w, b) = (Parameter<Double>(Tensor([2])), Parameter<Double>(Tensor([3])))
    b.isFrozen = true
    let y = (tape.parameter(w) * tape.parameter(b)).sum()
    let backward = tape.backward(from: y)
    #expect(backward.adjoint(of: tape.parameter(w))?.value == Tensor([3]))
    #expect(backward.adjoint(of: tape.parameter(b)) == nil)
    #expect(gradients(of: y, withRespectTo: [tape.parameter(b)])[0].value == Tensor([2]))
  }

  @Test func `A state and a constant are not differentiated when nobody asks`() {
    let tape = Tape<Double>()
    let state = Parameter<Double>(Tensor([2]))
    let (c, x) = (tape.constant(Tensor([4])), tape.input(Tensor([5])))
    let y = (tape.state(state) * c * x).sum()
    let backward = tape.backward(from: y)
    #expect(backward.adjoint(of: tape.state(state)) == nil && backward.adjoint(of: c) == nil)
    #expect(backward.adjoint(of: x)?.value == Tensor([8]))
  }
}
