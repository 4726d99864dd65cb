import Adjoint
import AdjointDrawing
import AdjointLearning
import Testing

@Suite struct GraphTests {
  @Test func aGraphHoldsWhatTheOutputNeedsAndNothingElse() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]), name: "x")
    let unused = tape.input(Tensor([1, 2]), name: "unused")
    _ = unused.exp()
    let y = (2 * x).tanh()
    let graph = Graph(of: y)
    #expect(graph.nodes.map(\.formula) == ["input", "2·x", "tanh(u₄)"])
    #expect(!graph.nodes.contains { $0.path == "unused" })
    #expect(graph.nodes.count == 3, "the number 2 stands in the formula")
    #expect(graph.nodes.last?.id == y.index && graph.outputs == [y.index])
  }

  @Test func formulasUseLabelsThatAreOneWordOfTheirOwn() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]), name: "x")
    let (a, b) = (x.exp().labeled("twin"), x.tanh().labeled("twin"))
    let y = a + b * x
    let graph = Graph(of: y)
    #expect(graph.nodes.last?.formula == "u₁ + u₃")
    #expect(try #require(graph.node(3)).formula == "u₂ ⊙ x")
  }

  @Test func theAdjointOfAValueUsedThreeTimesHasThreeTerms() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]), name: "x")
    let y = (x.exp() + x * x).sum()
    let backward = tape.backward(from: y)
    let graph = Graph(of: y, backward: backward)
    let adjoint = try #require(graph.node(x.index)?.adjoint)
    #expect(adjoint.formula.split(separator: " + ").count == 3, "\(adjoint.formula)")
    #expect(adjoint.position == backward.adjoint(of: x)?.index)
    #expect(graph.edges.count { $0.from == x.index && $0.contributes } == 3)
  }

  @Test func anAdjointThatWasNotComputedIsAbsentAndNotZero() throws {
    let graph = Scenes.digits(batch: 2)
    let absent = graph.nodes.filter { $0.adjoint == nil }.map(\.path)
    #expect(absent == ["images", "labels"])
    let layout = Layout(of: graph)
    for id in [0, 1] {
      let text = try #require(layout.box(.adjoint(of: id))).text
      #expect(text.style == .absent)
      #expect(text.lines == ["— not computed"])
      #expect(!layout.edges.contains { $0.to == .adjoint(of: id) || $0.from == .adjoint(of: id) })
    }
  }

  @Test func everyRecordedBackwardNodeBelongsToAnAdjoint() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 2], [3, -1]]), name: "x")
    let y = (x.matmul(x, transposeB: true).tanh() * x.sum()).mean()
    let graph = Graph(of: y, backward: tape.backward(from: y))
    let recorded = Set(graph.nodes.flatMap { $0.adjoint?.recorded ?? [] })
    #expect(recorded == Set(y.index + 1..<tape.count))
  }

  @Test func aWholeTapeShowsItsBackwardNodes() {
    let graph = Scenes.wholeTape()
    #expect(graph.nodes.contains { $0.kind == .backward })
    #expect(!graph.hasBackward)
    #expect(Set(graph.nodes.map(\.kind)) == [.input, .forward, .backward])
  }

  @Test func aLayerEnteredAgainIsALayerOfItsOwn() {
    let graph = Scenes.nested()
    let folded = Layout(of: graph, folding: .only(["block 1/inner/shared", "shared"]))
    let layers = folded.boxes.compactMap { box -> String? in
      if case .layer(let path) = box.place { path } else { nil }
    }
    #expect(layers.sorted() == ["block 1/inner/shared", "shared"])
    #expect(
      Set(folded.frames.map(\.path)) == [
        "block 1", "block 1/inner", "block 2", "block 2/inner", "block 2/inner/shared",
      ])
    #expect(Layout(of: graph, folding: .layers).frames.isEmpty)
  }

  @Test func `A variable that was truncated away is not drawn in the place of another`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Double>()
      let stale = tape.input(.ones([2])).sum()
      tape.truncate()
      _ = tape.input(.ones([2])).exp().square()
      _ = Graph(of: stale)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("%1 was truncated away"))
  }
}
