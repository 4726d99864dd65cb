import Adjoint
import AdjointDatasets
import AdjointDrawing
import AdjointLearning
import Foundation
import Testing

/// Gradient descent on the page's own tape, under Node.js, against the library's in `Double`.
@Suite(.enabled(if: Tool.node != nil, "Node.js is not installed"))
struct ExplanationLearningTests {
  private static let rate = 0.05

  /// What a page does in 100 steps: the losses, and the parameters after them by their leaves.
  private struct Outcome: Decodable {
    let losses: [Double]
    let parameters: [String: [Double]]
  }

  @Test("100 gradient steps in the page are the library's, on twelve models")
  func descent() throws {
    let models = Pages.learning
    #expect(models.count >= 12)
    for (model, outcome) in zip(models, try descend(models.map { Explanation(of: $0.record().loss) })) {
      let losses = model.descend(steps: 100, rate: ExplanationLearningTests.rate) { last in
        #expect(outcome.parameters.count == last.tape.trainableParameters.count, "\(model.name)")
        for (leaf, parameter) in last.tape.trainableParameters {
          let found = outcome.parameters["\(leaf.index)"] ?? []
          #expect(parameter.value.elements.distance(to: found) <= 1e-9, "\(model.name), \(leaf.path)")
        }
      }
      #expect(losses.distance(to: outcome.losses) <= 1e-9, "\(model.name)")
      #expect(losses[100] < losses[0], "\(model.name) learns")
    }
  }

  @Test("100 gradient steps of the scalar X-ray are those of the tensors")
  func xRay() throws {
    let model = Pages.xor(seed: 3)
    let xRay = try ScalarXRay(of: model.record().loss)
    let outcome = try #require(try descend([Explanation(of: xRay.loss)]).first)
    let losses = model.descend(steps: 100, rate: ExplanationLearningTests.rate) { last in
      for (leaf, parameter) in last.tape.trainableParameters {
        let found = xRay.elements[leaf.index].flatMap { outcome.parameters["\($0.index)"] ?? [] }
        #expect(parameter.value.elements.distance(to: found) <= 1e-9, "\(leaf.path)")
      }
    }
    #expect(losses.distance(to: outcome.losses) <= 1e-9)
  }

  @Test("The page's answers at other points are the model's, and its tape is left as it was")
  func answers() throws {
    let model = Pages.xor(seed: 1)
    let loss = model.record().loss
    var page = Explanation(of: loss)
    page.predictions = model.predictions?(loss.tape)
    let points = [[0.2, 0.7], [-1, 3], [0.5, 0.5], [2, -0.25], [0, 1]]
    let output = try run(
      [page],
      """
      const predictions = new Predictions(engine, data.predictions), before = engine.objective();
      const answers = predictions.at(\(points)).flat();
      console.log(JSON.stringify([...answers, engine.objective() - before]));
      """)
    let found = try JSONDecoder().decode([Double].self, from: Data(output[0].utf8))
    let tape = Tape<Double>()
    let weights = model.parameters.map { tape.constant($0.value) }
    let x = tape.input(Tensor(points))
    let hidden = x.matmul(weights[0], transposeB: true).addBias(weights[1]).tanh()
    let expected = hidden.matmul(weights[2], transposeB: true).addBias(weights[3]).sigmoid().value.elements + [0]
    #expect(expected.distance(to: found) <= 1e-12)
  }

  @Test("A page does not learn through an operation that it has no rule for")
  func foreign() throws {
    let tape = Tape<Double>()
    let w = tape.parameter(Parameter(Tensor([1, 2]), name: "w"))
    let loss = tape.record(Fourth(), w).sum()
    let output = try run(
      [Explanation(of: loss)], "console.log(new Descent(engine, data).parameters.length);")
    #expect(output == ["0"])
  }

  private func descend(_ pages: [Explanation]) throws -> [Outcome] {
    let pages = pages.map {
      var page = $0
      page.learningRate = ExplanationLearningTests.rate
      return page
    }
    let lines = try run(
      pages,
      """
      const descent = new Descent(engine, data);
      for (let k = 0; k < 100; k++) descent.step();
      const parameters = Object.fromEntries(descent.parameters.map(i => [i, Array.from(engine.values[i])]));
      console.log(JSON.stringify({ losses: descent.losses, parameters }));
      """)
    return try lines.map { try JSONDecoder().decode(Outcome.self, from: Data($0.utf8)) }
  }

  /// Runs a script with `data` and `engine` of each page, and gives a line of output for each.
  private func run(_ pages: [Explanation], _ body: String) throws -> [String] {
    let folder = try Folder()
    let input = try folder.file("pages.json", "[" + pages.map(\.data).joined(separator: ",\n") + "]")
    let script = try folder.file(
      "run.js",
      """
      "use strict";
      \(PageInterpreter.script)
      for (const data of JSON.parse(require("fs").readFileSync("\(input.path)", "utf8"))) {
        const engine = new Engine(data);
        \(body)
      }
      """)
    let (output, errors) = try #require(Tool.node).run([script.path], in: folder)
    let lines = output.split(separator: "\n").map(String.init)
    try #require(lines.count == pages.count, "\(errors)")
    return lines
  }
}

/// An operation of a test's own. y = x⁴
private struct Fourth: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, 4 * g * p.x[0] * p.x[0] * p.x[0])]
  }
}

extension Pages {
  /// Models of many kinds, small enough for 100 steps in a moment.
  static var learning: [PageModel] {
    let points = Tensor<Double>(shape: [6, 3], elements: (0..<18).map { sin(Double($0) * 1.3) })
    let classes = Tensor<Int32>([0, 1, 2, 0, 1, 2])
    let targets = Tensor<Double>(shape: [6, 1], elements: (0..<6).map { Double($0 % 2) })
    var generator = Generator(seed: 8)
    func perceptron(_ sizes: [Int], _ activation: Activation) -> MLP<Double> {
      MLP(sizes, activation: activation, using: &generator)
    }
    func classifier(_ name: String, _ model: MLP<Double>) -> PageModel {
      PageModel(name: name, parameters: model.parameters) { tape in
        crossEntropy(logits: model(tape.input(points)), labels: tape.index(classes))
      }
    }
    func regression(_ name: String, _ model: MLP<Double>, _ x: Tensor<Double>, _ y: Tensor<Double>) -> PageModel {
      PageModel(name: name, parameters: model.parameters) { tape in
        (model(tape.input(x)) - tape.constant(y)).square().mean()
      }
    }
    let line = Tensor<Double>(shape: [9, 1], elements: (-3...5).map { Double($0) / 4 })
    let wave = Tensor<Double>(shape: [9, 1], elements: line.elements.map { sin(3 * $0) })
    let logistic = perceptron([3, 1], .tanh)
    let normed = (perceptron([3, 5], .tanh), LayerNorm<Double>(5, name: "norm"), perceptron([5, 3], .tanh))
    let lone = Parameter(Tensor<Double>([0.4, -0.7, 1.1]), name: "w")
    return [
      xor(seed: 0), images(.drawnDigits), gated(), convolution(), attention(),
      classifier("softmax regression", perceptron([3, 3], .tanh)),
      classifier("three layers, sigmoid", perceptron([3, 4, 4, 3], .sigmoid)),
      classifier("gelu", perceptron([3, 6, 3], .gelu)), classifier("softplus", perceptron([3, 6, 3], .softplus)),
      regression("a curve", perceptron([1, 8, 1], .tanh), line, wave),
      regression("silu", perceptron([3, 5, 1], .silu), points, targets),
      PageModel(name: "logistic regression", parameters: logistic.parameters) { tape in
        binaryCrossEntropy(logits: logistic(tape.input(points)), targets: tape.constant(targets))
      },
      PageModel(
        name: "layer norm", parameters: normed.0.parameters + [normed.1.scale, normed.1.shift] + normed.2.parameters
      ) { tape in
        crossEntropy(logits: normed.2(normed.1(normed.0(tape.input(points)))), labels: tape.index(classes))
      },
      PageModel(name: "a parameter that is used three times", parameters: [lone]) { tape in
        let w = tape.parameter(lone)
        return ((w * w).exp() * w.sigmoid()).sum() + 0.5 * w.square().sum()
      },
    ]
  }
}
