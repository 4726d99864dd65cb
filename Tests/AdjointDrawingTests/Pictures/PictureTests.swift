import Adjoint
import AdjointCharts
import AdjointDrawing
import AdjointLearning
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The numbers that the pictures draw are the recorded ones.
@Suite struct PictureTests {
  /// A loss of 3-4-2 on two examples, with its model.
  private func network() -> (model: MLP<Double>, loss: Variable<Double>) {
    var generator = Generator(seed: 1)
    let model = MLP<Double>([3, 4, 2], activation: .tanh, using: &generator)
    let x = Tape<Double>().input(Tensor([[0.5, -1, 2], [1, 0.25, -2]]), name: "x")
    return (model, crossEntropy(logits: model(x), labels: x.tape.index(Tensor([1, 0]))))
  }

  private func convolution() -> Variable<Double> {
    var generator = Generator(seed: 2)
    let model = CNN<Double>(height: 16, width: 16, classes: 3, filters: [2, 3], activation: .tanh, using: &generator)
    let pixels = (0..<512).map { sin(Double($0 * $0 % 97)) }
    let x = Tape<Double>().input(Tensor(shape: [2, 256], elements: pixels), name: "x")
    return crossEntropy(logits: model(x), labels: x.tape.index(Tensor([1, 0])))
  }

  private func attention(dropout: Double = 0) -> (loss: Variable<Double>, steps: Int) {
    var generator = Generator(seed: 3)
    let model = MultiHeadAttention<Double>(8, heads: 2, isCausal: true, dropout: dropout, using: &generator)
    let x = Tape<Double>().input(.normal([2, 5, 8], using: &generator), name: "x")
    return (model(x).square().mean(), 5)
  }

  /// The elements of a class of lines: their widths by what their titles say.
  private func lines(_ svg: String) -> [(title: String, value: Double, width: Double, sign: String, isDashed: Bool)] {
    let pattern =
      /<path class="(s[01])" fill="none" stroke-width="([0-9.]+)"[^>]*?( stroke-dasharray="7 3")?><title>([^<]*)[: ]([−0-9.×⁻¹²³⁴⁵⁶⁷⁸⁹]+)<\/title>/
    return svg.matches(of: pattern).compactMap { match in
      guard let value = Double(match.5.replacing("−", with: "-")), let width = Double(match.2) else { return nil }
      return (String(match.4), value, width, String(match.1), match.3 != nil)
    }
  }

  @Test func `an edge for each weight, as thick as it is large, with its sign`() throws {
    let (model, loss) = network()
    let drawn = lines(try NeuronDiagram(of: loss).svg())
    let weights = [model.parameters[0], model.parameters[2]].flatMap { $0.value.elements }
    #expect(drawn.count == weights.count)
    // To the three digits of the titles.
    for weight in weights { #expect(drawn.contains { abs($0.value - weight) <= 0.006 * max(abs(weight), 0.1) }) }
    for a in drawn {
      #expect((a.value < 0) == (a.sign == "s0") && (a.value < 0) == a.isDashed)
      for b in drawn where abs(a.value) < abs(b.value) { #expect(a.width <= b.width, "\(a) \(b)") }
    }
    #expect(Set(drawn.map(\.width)).count > drawn.count / 2)
  }

  @Test func `neurons hold the values of the example that was asked for`() throws {
    let (_, loss) = network()
    let first = try NeuronDiagram(of: loss).svg()
    let second = try NeuronDiagram(of: loss, example: 1).svg()
    for text in ["x, unit 1: 0.5", "x, unit 2: −1", "x, unit 3: 2"] { #expect(first.contains(text)) }
    for text in ["x, unit 1: 1", "x, unit 2: 0.25", "x, unit 3: −2"] { #expect(second.contains(text)) }
  }

  @Test func `weights are read in either orientation`() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[1, 2]]), name: "x")
    let w = Parameter(Tensor<Double>([[1, 2, 3], [4, 5, 6]]), name: "fc/weight")
    let loss = x.matmul(tape.parameter(w)).tanh().sum()
    let svg = try NeuronDiagram(of: loss).svg()
    #expect(svg.contains("from 1 to 3: 3<") && svg.contains("from 2 to 1: 4<"))
  }

  @Test func `what the inputs of a unit add is its recorded sum`() throws {
    let (model, loss) = network()
    let (w, b) = (model.parameters[0].value, model.parameters[1].value)
    let inputs = [1, 0.25, -2.0]
    for unit in 0..<4 {
      let picture = try UnitDiagram(of: loss, unit: unit, example: 1)
      let z = (0..<3).reduce(b.elements[unit]) { $0 + w.elements[unit * 3 + $1] * inputs[$1] }
      #expect(picture.summary.contains("tanh of it "))
      let text = picture.summary.firstMatch(of: /the sum is ([−0-9.]+),/)?.1.replacing("−", with: "-")
      #expect(abs(try #require(text.flatMap { Double($0) }) - z) <= 0.006 * max(abs(z), 0.1))
      #expect(picture.thickness(1) < picture.thickness(-2))
    }
    // Of 3 inputs one is drawn and the rest is one line, next to the bias.
    let few = try UnitDiagram(of: loss, most: 1)
    #expect(few.summary.contains("2 more adds"))
  }

  @Test func `feature maps are those of the recording, channel by channel`() throws {
    let loss = convolution()
    let picture = try FeatureMaps(of: loss, example: 1)
    #expect(picture.rows.map(\.count) == [1, 2, 2, 2, 3, 3, 3])
    let pixels = (256..<512).map { sin(Double($0 * $0 % 97)) }
    #expect(picture.rows[0].maps == [pixels])
    // tanh of a map of sums is the map below it.
    for (sums, activations) in zip(picture.rows[1].maps, picture.rows[2].maps) {
      for (z, a) in zip(sums, activations) { #expect(abs(tanh(z) - a) < 1e-14) }
    }
  }

  @Test(arguments: [0, 0.25]) func `rows of attention sum to 1, and a causal head sees no later step`(dropout: Double)
    throws
  {
    let (loss, steps) = attention(dropout: dropout)
    let picture = try AttentionMaps(of: loss, example: 1)
    #expect(picture.maps.map(\.name) == ["layer 1, head 1", "layer 1, head 2"])
    for map in picture.maps {
      #expect(map.weights.count == steps)
      for (row, weights) in map.weights.enumerated() {
        #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
        #expect(weights[(row + 1)...].allSatisfy { $0 == 0 } && weights[row] > 0)
      }
    }
    #expect(picture.maps[0].weights != picture.maps[1].weights)
  }

  @Test func `the softmax of a loss is no attention`() {
    #expect(throws: PictureError.self) { try AttentionMaps(of: network().loss) }
  }

  @Test func `the surface holds the loss at moved parameters, along directions as long as each unit's weights`() throws
  {
    let (model, loss) = network()
    let before = model.parameters.map(\.value)
    let picture = try LossSurface(of: loss, radius: 0.5, points: 5, seed: 4)
    #expect(model.parameters.map(\.value) == before)
    #expect(picture.losses[12] == loss.scalar)
    for direction in picture.directions {
      for (d, parameter) in zip(direction, before) {
        let width = parameter.shape.rank > 1 ? parameter.shape[1] : parameter.shape[0]
        for start in stride(from: 0, to: d.elements.count, by: width) {
          func length(_ t: Tensor<Double>) -> Double {
            t.elements[start..<start + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
          }
          #expect(abs(length(d) - (parameter.shape.rank > 1 ? length(parameter) : 0)) < 1e-12)
        }
      }
    }
    // The corner α = 0.5, β = −0.5, by the model itself.
    for (place, parameter) in model.parameters.enumerated() {
      parameter.value = before[place] + 0.5 * picture.directions[0][place] - 0.5 * picture.directions[1][place]
    }
    let x = Tape<Double>().input(Tensor([[0.5, -1, 2], [1, 0.25, -2]]))
    let moved = crossEntropy(logits: model(x), labels: x.tape.index(Tensor([1, 0]))).scalar
    #expect(abs(picture.losses[4] - moved) < 1e-12)
    for (place, parameter) in model.parameters.enumerated() { parameter.value = before[place] }
  }

  @Test func `the flow holds the adjoints of the sweep, and leaves the tape as it was`() throws {
    let (model, loss) = network()
    let count = loss.tape.count
    let picture = try GradientFlow(of: loss)
    #expect(loss.tape.count == count)
    let backward = loss.tape.backward(from: loss)
    for (part, parameter) in zip(picture.parts, [model.parameters[0], model.parameters[2]]) {
      let leaf = try #require(loss.tape.trainableParameters.first { $0.parameter === parameter }).leaf
      let g = try #require(backward.adjoint(of: leaf)).value.elements
      let size = (g.reduce(0) { $0 + $1 * $1 } / Double(g.count)).squareRoot()
      #expect(part.weight == size && part.sum != nil)
    }
    #expect(
      picture.thickness(picture.parts[0].weight, of: \.weight)
        != picture.thickness(picture.parts[1].weight, of: \.weight))
    let largest = try #require(picture.parts.compactMap(\.sum).max())
    #expect(picture.thickness(largest / 2, of: \.sum) == picture.thickness(largest, of: \.sum) / 2)
  }

  @Test func `what a recording does not have is refused in a sentence`() {
    let (_, loss) = network()
    let bare = Tape<Double>().input(Tensor([1.0, 2])).sum()
    func sentence(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return ""
    }
    #expect(sentence { _ = try NeuronDiagram(of: bare) }.contains("found no product with a parameter"))
    #expect(sentence { _ = try NeuronDiagram(of: convolution()) }.contains("found layer ⁽¹⁾ with [2, 1, 5, 5]"))
    #expect(
      sentence { _ = try NeuronDiagram(of: loss, example: 2) }.contains("expected an example from 0 to 1; found 2"))
    #expect(sentence { _ = try UnitDiagram(of: loss, layer: 2) }.contains("layers with 4, 2 units; found layer 2"))
    #expect(sentence { _ = try FeatureMaps(of: loss) }.contains("expected a convolution"))
    #expect(sentence { _ = try FeatureMaps(of: convolution(), example: -1) }.contains("found -1"))
    #expect(sentence { _ = try LossSurface(of: bare) }.contains("found none"))
    #expect(sentence { _ = try LossSurface(of: loss.tape[0]) }.contains("expected a single number"))
    #expect(sentence { _ = try LossSurface(of: loss, radius: 0) }.contains("a radius above 0"))
    #expect(sentence { _ = try GradientFlow(of: bare) }.contains("expected layers with weights"))
  }

  @Test func `every picture is well-formed and says what it shows`() throws {
    let (_, loss) = network()
    let charts: [any Chart] = [
      try NeuronDiagram(of: loss), try NeuronDiagram(of: loss, most: 2), try UnitDiagram(of: loss),
      try UnitDiagram(of: loss, layer: 1),
      try FeatureMaps(of: convolution()), try AttentionMaps(of: attention().loss), try LossSurface(of: loss, points: 5),
      try GradientFlow(of: convolution()),
    ]
    for chart in charts {
      #expect(!chart.summary.isEmpty)
      let parser = XMLParser(data: Data(chart.svg().utf8))
      #expect(parser.parse(), "\(chart.title)")
    }
  }
}
