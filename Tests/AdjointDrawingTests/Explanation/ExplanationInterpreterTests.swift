import Adjoint
import AdjointChecking
import AdjointDrawing
import AdjointGrading
import Foundation
import Testing

/// The page's rules, in JavaScript, against the library in `Double`. Skipped where Node.js is not installed; the page in a browser
/// is tested by `ExplanationBrowserTests`.
@Suite struct ExplanationInterpreterTests {
  @Test("The page has a rule for every operation of the catalogue", arguments: OperationCatalog.names)
  func rule(name: String) throws {
    // `rules.name = …`, or in a list of rules `name: …` or the `name` of a function.
    let entry = try Regex("rules\\.\(name) =|[{, \"]\(name)\"?[:,]")
    #expect(PageInterpreter.script.contains(entry), "no rule '\(name)' in Explanation/Page/Assets")
  }

  @Test(
    "Every example of the catalogue has the library's value and adjoints in the page",
    .enabled(if: Tool.node != nil, "Node.js is not installed"))
  func catalogue() throws {
    var generator = Generator(seed: 5)
    var cases: [InterpreterCase] = []
    for example in OperationCatalog.examples {
      let tape = Tape<Double>()
      let inputs = example.inputs.map { draw($0, on: tape, &generator) }
      let y = tape.record(example.operation, inputs: inputs)
      let name = "\(example.operation.name) \(example.inputs.map(\.shape))"
      cases.append(InterpreterCase(name, y, cotangent: cotangent(y.shape, &generator)))
    }
    #expect(cases.count > 300)
    try InterpreterCase.expectEqual(cases)
  }

  @Test(
    "100 random tapes have the library's value and gradients in the page",
    .enabled(if: Tool.node != nil, "Node.js is not installed"))
  func randomTapes() throws {
    let cases = (0..<100).map { (seed: UInt64) in
      let program = RandomProgram(seed: seed)
      return InterpreterCase(
        "seed \(seed)", program.record(on: Tape<Double>()).output, cotangent: program.cotangent)
    }
    try InterpreterCase.expectEqual(cases)
  }

  @Test("An operation without a rule keeps its recorded value, and stops the slider", .enabled(if: Tool.node != nil))
  func foreign() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]))
    let cube = tape.record(Cube(), x)
    let loss = (cube + x).sum()
    let script = """
      \(PageInterpreter.script)
      const engine = new Engine(\(Explanation(of: loss).data));
      engine.write(\(x.index), 0, 5);
      console.log(JSON.stringify([...engine.reach(0).stops, ...engine.values[\(cube.index)], engine.objective()]));
      """
    let folder = try Folder()
    let node = try #require(Tool.node)
    let (output, errors) = try node.run([folder.file("run.js", script).path], in: folder)
    #expect(output == "[1,1,8,16]\n", "\(errors)")
  }

  private func draw(_ input: Example.Input, on tape: Tape<Double>, _ generator: inout Generator) -> Variable<Double> {
    switch input {
    case .indices(let shape, let below):
      let indices = (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(below)) }
      return tape.index(Tensor(shape: shape, elements: indices))
    case .numbers(let shape, let range, let kinks):
      let elements = (0..<shape.elementCount).map { _ in
        let x = generator.uniform(range.lowerBound, range.upperBound)
        return kinks.contains { abs($0 - x) < 0.05 } ? x + 0.1 : x
      }
      return tape.input(Tensor(shape: shape, elements: elements))
    case .wellConditioned(let shape): return tape.input(.wellConditioned(shape) { generator.uniform() })
    }
  }

  private func cotangent(_ shape: Shape, _ generator: inout Generator) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in generator.uniform(-1.5, 1.5) })
  }
}

/// A recording as the page holds it, and what the library computes for it.
struct InterpreterCase {
  let name: String
  let data: String
  let output: Int
  let expected: [(node: Int, values: [Double])]
  /// The largest contribution in the backward pass.
  let summands: Double

  init(_ name: String, _ y: Variable<Double>, cotangent: Tensor<Double>) {
    self.name = name
    data = Explanation(of: y, cotangent: cotangent).data
    output = y.index
    let leaves = y.tape.differentiableVariables
    let value = y.value.elements
    let backward = y.tape.backward(from: y, cotangent: y.tape.constant(cotangent))
    summands = backward.edges.reduce(0) { max($0, $1.contribution.value.elements.largest) }
    expected =
      [(-1, value)]
      + leaves.compactMap { leaf in backward.adjoint(of: leaf).map { (leaf.index, $0.value.elements) } }
  }

  /// Runs the page's engine on all cases, and compares at 1e-12 of the largest element of each tensor.
  static func expectEqual(_ cases: [InterpreterCase]) throws {
    let node = try #require(Tool.node)
    let folder = try Folder()
    let list = cases.map {
      "{\"data\":\($0.data),\"nodes\":[\($0.expected.map { "\($0.node)" }.joined(separator: ","))]}"
    }
    let input = try folder.file("cases.json", "[" + list.joined(separator: ",\n") + "]")
    let script = try folder.file(
      "run.js",
      """
      "use strict";
      \(PageInterpreter.script)
      for (const { data, nodes } of JSON.parse(require("fs").readFileSync(\(quoted(input.path)), "utf8"))) {
        const engine = new Engine(data);
        console.log(JSON.stringify(nodes.map(i => {
          const place = i < 0 ? data.output : data.adjoints[i];
          return place === undefined ? null : Array.from(engine.values[place]);
        })));
      }
      """)
    let (output, errors) = try node.run([script.path], in: folder)
    let lines = output.split(separator: "\n")
    try #require(lines.count == cases.count, "\(errors)")
    for (line, item) in zip(lines, cases) {
      let values = try JSONDecoder().decode([[Double?]?].self, from: Data(line.utf8))
      for (found, (node, expected)) in zip(values, item.expected) {
        let numbers = try #require(found, "\(item.name): no adjoint of %\(node)").map { $0 ?? .nan }
        #expect(expected.distance(to: numbers, summands: item.summands) <= 1e-12, "\(item.name), node \(node)")
      }
    }
  }

  private static func quoted(_ path: String) -> String { "\"" + path.replacing("\\", with: "\\\\") + "\"" }
}

/// An operation of a test's own, under the name of one of the library's. y = x³
private struct Cube: Adjoint.Operation {
  var name: String { "square" }
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 3 * g * p.x[0] * p.x[0])] }
}
