import Adjoint
import Testing

/// A rule reads a parameter where it stands. One that changed after it was recorded would give the gradient of another point
/// than the value's, so the sweep refuses it.
@Suite struct ChangedParameterTests {
  private func said(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }
  private let sentence = "backward: 'w' [] was changed after %1 [] = w"

  @Test func `A parameter that was set between recording and gradient is refused`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Float>(Tensor(scalar: 3), name: "w")
      let leaf = Tape<Float>().parameter(w)
      let y = leaf.square()
      w.value = Tensor(scalar: 100)
      print(gradient(of: y, withRespectTo: leaf).scalar)
    }
    #expect(said(result).contains(sentence))
    #expect(said(result).contains("Take the gradient before the change, or record anew after it."))
  }

  @Test func `Every way to change a parameter counts`() async {
    let inPlace = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Float>(Tensor(scalar: 3), name: "w")
      let leaf = Tape<Float>().parameter(w)
      let y = leaf * leaf
      w.withElements { $0[0] = 100 }
      _ = gradient(of: y, withRespectTo: leaf)
    }
    #expect(said(inPlace).contains(sentence))
    let byProgram = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let w = Parameter<Float>(Tensor(scalar: 3), name: "w")
      let leaf = Tape<Float>().parameter(w)
      let y = leaf * leaf
      Program<Float>([y]).write(Tensor(scalar: 100), into: leaf)
      _ = gradient(of: y, withRespectTo: leaf)
    }
    #expect(said(byProgram).contains(sentence))
    let byStore = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (tape, state) = (Tape<Float>(), Parameter<Float>(Tensor(scalar: 3), name: "w"))
      let leaf = tape.state(state)
      let x = tape.input(Tensor(scalar: 2))
      let y = tape.record(Binary.multiply, leaf, x)
      tape.store(x, into: state)
      Program<Float>([y]).run()
      _ = gradient(of: y, withRespectTo: x)
    }
    #expect(said(byStore).contains("backward: 'w' [] was changed after %2 []"))
    let byCommit = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (tape, state) = (Tape<Float>(), Parameter<Float>(Tensor(scalar: 3), name: "w"))
      let x = tape.input(Tensor(scalar: 2))
      let y = tape.state(state) * x
      tape.store(x, into: state)
      tape.commitStores()
      _ = gradient(of: y, withRespectTo: x)
    }
    #expect(said(byCommit).contains("backward: 'w' [] was changed after %2 []"))
  }

  @Test func `A change before the first use, or of what no rule reads, leaves the gradient alone`() {
    let (tape, w) = (Tape<Double>(), Parameter<Double>(Tensor(scalar: 3)))
    let (leaf, x) = (tape.parameter(w), tape.input(Tensor(scalar: 2)))
    w.value = Tensor(scalar: 5)
    let y = leaf.square() * x
    #expect(gradient(of: y, withRespectTo: leaf).scalar == 20)
    w.value = Tensor(scalar: 7)
    #expect(gradient(of: y, withRespectTo: x).scalar == 25)  // reads w², which was recorded
  }

  @Test func `A running statistic that is stored before the gradient leaves it alone`() {
    let (tape, state) = (Tape<Double>(), Parameter<Double>(Tensor(scalar: 0)))
    let x = tape.input(Tensor([1, 2, 6]))
    let mean = x.mean()
    let running = tape.state(state)
    tape.store(running + 0.1 * (mean - running), into: state)
    let y = (x - mean).square().sum()
    tape.commitStores()
    #expect(state.value.elements[0] == 0.1 * 3)
    #expect(gradient(of: y, withRespectTo: x).value == Tensor([-4, -2, 6]))
  }

  @Test(arguments: [false, true])
  func `A leaf that outlives truncations is read as it then is`(changesBeforeTruncation: Bool) {
    let (tape, w) = (Tape<Double>(), Parameter<Double>(Tensor(scalar: 1)))
    let (leaf, x) = (tape.parameter(w), tape.input(Tensor(scalar: 2)))
    let fixed = x.square()
    let mark = tape.count
    for round in 1...4 {
      let y = leaf.square() * fixed
      #expect(gradient(of: y, withRespectTo: leaf).scalar == 8 * Double(round))
      if changesBeforeTruncation { w.value = Tensor(scalar: Double(round + 1)) }
      tape.truncate(to: mark)
      if !changesBeforeTruncation { w.value = Tensor(scalar: Double(round + 1)) }
    }
  }

  @Test func `Of two recordings on one leaf only the one before the change is refused`() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardOutputContent, \.standardErrorContent]
    ) {
      let w = Parameter<Double>(Tensor(scalar: 3), name: "w")
      let leaf = Tape<Double>().parameter(w)
      let before = leaf.square()
      w.value = Tensor(scalar: 4)
      let after = leaf.square()
      guard gradient(of: after, withRespectTo: leaf).scalar == 8 else { return }
      _ = gradient(of: before, withRespectTo: leaf)
    }
    #expect(said(result).contains(sentence))
  }
}
