import Adjoint
import AdjointDrawing
import AdjointFiles
import AdjointGrading
import AdjointLearning
import Foundation
import Testing

/// A value has one symbol, whoever shows it, and so has its adjoint.
@Suite struct SymbolTests {
  /// Ten models: what they are made of, and their losses.
  private static let models: [(name: String, record: @Sendable (Tape<Double>) -> Variable<Double>)] = [
    ("classifier", { tape in crossEntropy(logits: mlp([4, 3, 2])(x(tape, [5, 4])), labels: labels(tape, 5)) }),
    (
      "one output",
      { tape in
        binaryCrossEntropy(logits: mlp([2, 4, 1])(x(tape, [3, 2])), targets: tape.input(.ones([3, 1]), name: "y"))
      }
    ),
    ("deep", { tape in crossEntropy(logits: mlp([4, 5, 4, 3, 2])(x(tape, [2, 4])), labels: labels(tape, 2)) }),
    (
      "regression",
      { tape in meanSquaredError(mlp([3, 4, 2])(x(tape, [4, 3])), tape.input(.zeros([4, 2]), name: "targets")) }
    ),
    (
      "convolution",
      { tape in
        var generator = Generator(seed: 1)
        let net = CNN<Double>(height: 12, width: 12, classes: 2, filters: [2], hidden: [3], using: &generator)
        return crossEntropy(logits: net(x(tape, [2, 12, 12, 1])), labels: labels(tape, 2))
      }
    ),
    (
      "gate",
      { tape in
        var generator = Generator(seed: 1)
        let input = x(tape, [2, 3])
        let left = Linear<Double>(3, 4, name: "left", using: &generator)(input).tanh()
        let gate = Linear<Double>(3, 4, name: "gate", using: &generator)(input).sigmoid()
        return Linear<Double>(4, 3, name: "head", using: &generator)(left * gate).square().mean().labeled("loss")
      }
    ),
    (
      "residual",
      { tape in
        var generator = Generator(seed: 1)
        var h = x(tape, [2, 4])
        for i in 1...3 {
          h = tape.scoped("block \(i)") { Linear<Double>(4, 4, name: "fc\(i)", using: &generator)(h).relu() + h }
        }
        return h.softmax().log().mean()
      }
    ),
    (
      "attention",
      { tape in
        var generator = Generator(seed: 1)
        let input = x(tape, [5, 4])
        let parts = ["query", "key", "value"].map { Linear<Double>(4, 4, name: $0, using: &generator)(input) }
        let weights = (parts[0].matmul(parts[1], transposeB: true) * 0.5).softmax()
        return weights.matmul(parts[2]).square().sum()
      }
    ),
    (
      "norm and dropout",
      { tape in
        var generator = Generator(seed: 1)
        let h = Linear<Double>(3, 4, name: "fc1", using: &generator)(x(tape, [4, 3]))
        let n = LayerNorm<Double>(4, name: "norm")(h).gelu()
        return Linear<Double>(4, 2, name: "fc2", using: &generator)(n).logSoftmax().mean()
      }
    ),
    (
      "no layer",
      { tape in
        let w = tape.parameter(Parameter<Double>(Tensor([[0.5, -1], [2, 0.1]]), name: "w"))
        let h = (x(tape, [3, 2]).matmul(w) + 1).tanh().labeled("h")
        return (h * h.exp()).sum() + w.square().sum()
      }
    ),
  ]

  private static func x(_ tape: Tape<Double>, _ shape: Shape) -> Variable<Double> {
    var generator = Generator(seed: 7)
    return tape.input(
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform(-1, 1) }), name: "x")
  }
  private static func labels(_ tape: Tape<Double>, _ count: Int) -> Variable<Double> {
    tape.index(Tensor((0..<count).map { Int32($0 % 2) }))
  }
  private static func mlp(_ sizes: [Int]) -> MLP<Double> {
    var generator = Generator(seed: 1)
    return MLP<Double>(sizes, activation: .tanh, using: &generator)
  }

  /// The symbols of a loss's values and adjoints by node, as one view shows them.
  private struct Shown {
    var values: [Int: String] = [:]
    var adjoints: [Int: String] = [:]
  }

  private func listing(_ tape: Tape<Double>) throws -> Shown {
    var shown = Shown()
    for line in "\(tape)".split(separator: "\n") where line.hasPrefix("%") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      shown.values[try #require(Int(words[0].dropFirst().dropLast()))] = String(words[1])
    }
    return shown
  }

  /// The values that have an equation, and the equations of each node that holds adjoints, with the values that it belongs to.
  private func derivation(
    _ loss: Variable<Double>, _ notation: AdjointNotation
  ) -> (Shown, [(name: String, values: [Int])]) {
    let derivation = Derivation(of: loss, notation: notation, unfolded: true)
    var (shown, adjoints) = (Shown(), [(name: String, values: [Int])]())
    for equation in derivation.equations {
      if equation.isBackward {
        // A node may be the adjoint of several values, such as z and the product in it.
        let values = (0...loss.index).filter {
          derivation.backward.adjoint(of: loss.tape[$0])?.index == equation.node
        }
        adjoints.append((equation.name, values))
      } else if equation.node <= loss.index {
        shown.values[equation.node] = equation.name
      }
    }
    return (shown, adjoints)
  }

  private func page(_ loss: Variable<Double>, _ notation: AdjointNotation) throws -> Shown {
    let data = Explanation(of: loss, notation: notation).data
    let json = try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    var shown = Shown()
    for (node, entry) in try #require(json["nodes"] as? [Any]).enumerated() where node <= loss.index {
      guard let fields = entry as? [String: Any] else { continue }
      shown.values[node] = fields["symbol"] as? String
      shown.adjoints[node] = fields["adjointSymbol"] as? String
    }
    return shown
  }

  private func worksheet(_ loss: Variable<Double>, _ notation: AdjointNotation, _ graph: Graph) -> Shown {
    let exercise = Exercise(on: loss, notation: notation)
    let rows = exercise.worksheet.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map {
      $0.split(separator: "|")[0].trimmingCharacters(in: .whitespaces)
    }
    var shown = Shown()
    for (node, symbol) in zip(graph.nodes.map(\.id), rows) { shown.values[node] = symbol }
    let asked = exercise.worksheet.split(separator: "\n").filter { $0.contains(", used in ") }.map {
      String($0.prefix { $0 != " " && $0 != "," })
    }
    #expect(asked.count == exercise.questions.count && !asked.isEmpty)
    for (question, symbol) in zip(exercise.questions, asked) { shown.adjoints[question.node] = symbol }
    return shown
  }

  @Test("Every view shows a value in one symbol", arguments: AdjointNotation.allCases)
  func oneNotation(notation: AdjointNotation) throws {
    var compared = 0
    for model in Self.models {
      let tape = Tape<Double>()
      let loss = model.record(tape)
      let listing = try listing(tape)
      let backward = tape.backward(from: loss)
      let graph = Graph(of: loss, backward: backward, notation: notation, unfolded: true)
      let boxes = Layout(of: graph).boxes
      let (derived, derivedAdjoints) = derivation(loss, notation)
      let page = try page(loss, notation)
      let sheet = worksheet(loss, notation, graph)
      #expect(sheet.values.count == graph.nodes.count, "\(model.name)")
      for node in graph.nodes {
        let place = "\(model.name), %\(node.id), \(node.symbol)"
        #expect(listing.values[node.id] == node.symbol, "\(place): listing")
        #expect(page.values[node.id] == node.symbol && page.adjoints[node.id] == node.adjointSymbol, "\(place): page")
        #expect(sheet.values[node.id] == node.symbol, "\(place): worksheet")
        if let name = derived.values[node.id] { #expect(name == node.symbol, "\(place): derivation") }
        if let asked = sheet.adjoints[node.id] {
          #expect(asked == node.adjointSymbol, "\(place): worksheet's question")
        }
        let titles = boxes.filter { $0.place == .node(node.id) || $0.place == .adjoint(of: node.id) }.map(\.text.title)
        #expect(titles.contains { $0 == node.symbol || $0.hasPrefix(node.symbol + " ") }, "\(place): \(titles)")
        #expect(titles.contains(node.adjointSymbol), "\(place): \(titles)")
        compared += 1
      }
      for (name, values) in derivedAdjoints {
        let symbols = values.compactMap { graph.node($0)?.adjointSymbol }
        #expect(symbols.contains(name), "\(model.name): the derivation names \(name) what is \(symbols)")
        compared += 1
      }
      let shownAgain = graph.nodes.map(\.symbol)
      #expect(Set(shownAgain).count == shownAgain.count, "\(model.name): a symbol stands for two values")
      for text in [
        Derivation(of: loss, notation: notation).text, Drawing(of: graph).text,
        Drawing(of: loss, backward: backward, notation: notation).text,
        Exercise(on: loss, notation: notation).key, Exercise(on: loss, notation: notation).page.text(.embedded),
        Explanation(of: loss, notation: notation).data,
      ] {
        #expect(!text.contains("%"), "\(model.name): a position where a symbol should stand")
      }
    }
    #expect(compared >= 200)
  }

  @Test("In prints, profiles and traces a position stands before its symbol, and in no formula")
  func positions() throws {
    for model in Self.models {
      let tape = Tape<Double>()
      let loss = model.record(tape)
      let symbols = Symbols(of: tape)
      let program = Program<Double>([loss])
      let profile = program.profile { program.run() }
      for node in 0..<tape.count where tape[node].path.isEmpty || tape[node].label == nil {
        // A number of the tape says as much as u₁₂, c₁₂ or m₁₂.
        let plain = ["u", "c", "m", "p"].map { $0 + Notation.lowered(node) }
        let place = plain.contains(symbols[node]) || node == loss.index ? "%\(node)" : "%\(node) \(symbols[node])"
        #expect("\(tape[node])".hasPrefix(place + " ["), "\(model.name): \(tape[node])")
      }
      for text in (0..<tape.count).map({ "\(tape[$0])" }) + profile.passes.map(\.formula) {
        let formula = text.split(separator: " = ", maxSplits: 1).dropFirst().joined()
        #expect(!formula.contains("%"), "\(model.name): \(text)")
      }
    }
  }

  @Test("Outside of prints a position stands in traps alone: every other message takes it with its symbol")
  func messages() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var read = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      if file.path.contains("/Adjoint/Presentation/") { continue }
      read += 1
      for (number, line) in try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n").enumerated()
      where line.contains("%\\(") {
        let isTrap = ["fatalError(", "fault(", "was truncated away"].contains { line.contains($0) }
        #expect(isTrap, "\(file.lastPathComponent):\(number + 1) writes a position by itself: \(line)")
      }
    }
    #expect(read > 500)
  }

  @Test func `The names of layers become symbols`() {
    let tape = Tape<Double>()
    let loss = Self.models[0].record(tape)
    let symbols = Symbols(of: loss, notation: .delta)
    let names = (0...loss.index).map { symbols[$0] }
    for name in ["x", "t", "W⁽¹⁾", "b⁽¹⁾", "z⁽¹⁾", "a⁽¹⁾", "W⁽²⁾", "b⁽²⁾", "z⁽²⁾", "L"] {
      #expect(names.contains(name))
    }
    #expect(names.firstIndex(of: "z⁽²⁾").map { symbols.adjoint(of: $0) } == "δ⁽²⁾")
    #expect(names.firstIndex(of: "a⁽¹⁾").map { symbols.adjoint(of: $0) } == "∂L/∂a⁽¹⁾")
    #expect(names.firstIndex(of: "W⁽¹⁾").map { Symbols(of: loss).adjoint(of: $0) } == "W⁽¹⁾".barred)
  }

  @Test func `Single numbers have the symbol of their tensor with a place below`() throws {
    let tape = Tape<Double>()
    let xRay = try ScalarXRay(of: Self.models[1].record(tape))
    let symbols = Symbols(of: xRay.loss)
    let names = Set((0...xRay.loss.index).map { symbols[$0] })
    for name in ["x₀₁", "W⁽¹⁾₃₁", "b⁽²⁾₀", "z⁽¹⁾₂₃", "a⁽¹⁾₀₀", "L"] {
      #expect(names.contains(name), "\(name): \(names)")
    }
    #expect(Notation.symbol("W⁽¹⁾₁₂,₃").latex == "W_{12,3}^{(1)}")
  }
}
