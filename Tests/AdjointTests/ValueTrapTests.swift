import Adjoint
import Testing

/// The traps of values and short forms: tensors, shapes, parameters, axes, clamps, products of Jacobians.
@Suite struct ValueTrapTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func `Elements that do not fill a shape trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>(shape: [2, 3], elements: [1, 2])
    }
    #expect(said(result).contains("Tensor: 2 elements do not fill the shape [2, 3], which takes 6"))
  }

  @Test func `Shapes of nine dimensions or a negative one trap`() async {
    let nine = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Shape([1, 1, 1, 1, 1, 1, 1, 1, 1])
    }
    #expect(said(nine).contains("has 9 dimensions; at most 8 are supported"))
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Shape([2, -1])
    }
    #expect(said(negative).contains("Shape: dimension 1 of [2, -1] is not between 0 and"))
    let axis = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ([2, 3] as Shape).replacing(axis: 2, with: 1)
    }
    #expect(said(axis).contains("Shape: axis 2 of [2, 3], which has rank 2"))
  }

  @Test func `A parameter keeps its shape`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Parameter<Float>(.ones([2]), name: "w").value = .ones([3])
    }
    #expect(said(result).contains("parameter 'w' is [2]; it cannot be set to a tensor of shape [3]"))
  }

  @Test func `An axis that does not exist traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tape<Float>().input(.ones([2, 3])).sum(axes: [2])
    }
    #expect(said(result).contains("sum: axis 2 does not exist in [2, 3], which has rank 2"))
    let slice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tape<Float>().input(.ones([2, 3])).slice(0..<1, axis: 2)
    }
    #expect(said(slice).contains("slice: axis 2 does not exist in [2, 3], which has rank 2"))
  }

  @Test func `Bounds of a clamp in the wrong order trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Clamp(2, 1) }
    #expect(said(result).contains("clamp: the lower bound 2.0 is above the upper bound 1.0"))
  }

  @Test func `Tangents and vectors that do not fit their variables trap`() async {
    let tangent = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]))
      _ = jvp(of: x.exp(), withRespectTo: [x], along: [.ones([3])])
    }
    #expect(said(tangent).contains("jvp: tangent 0 has shape [3], its variable [2]"))
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]))
      _ = hessianVectorProduct(of: x.exp().sum(), withRespectTo: [x], vector: [])
    }
    #expect(said(count).contains("hessianVectorProduct: 0 vectors for 1 variables"))
  }

  @Test func `A flat vector of the wrong length traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [Parameter<Float>(.ones([2]))].assign(flat: .ones([3]))
    }
    #expect(said(result).contains("assign(flat:): the parameters have 2 elements together, the vector 3"))
  }

  @Test func `A store, a write and a sum to a shape that do not fit trap`() async {
    let store = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      tape.store(tape.input(.ones([2])), into: Parameter(.ones([3]), name: "mean"))
    }
    #expect(said(store).contains("store: a value of shape [2] does not fit the state 'mean' [3]"))
    let write = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tape<Float>().input(.ones([2]), name: "x")
      Program<Float>([x]).write(.ones([3]), into: x)
    }
    #expect(said(write).contains("write: 'x' [2] cannot hold the shape [3]"))
    let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tape<Float>().input(.ones([2])).sum(to: [3])
    }
    #expect(said(sum).contains("sum(to:): [3] does not broadcast to [2]"))
  }
}
