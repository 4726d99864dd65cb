import Adjoint
import AdjointDatasets
import AdjointDrawing
import AdjointLearning
import Foundation
import Testing

/// What the page is made of, without running it.
@Suite struct ExplanationPageTests {
  @Test("A page names no other place than itself: it loads nothing, and its policy refuses what would")
  func selfContained() {
    let page = Explanation(of: Pages.xor(seed: 0).record().loss).html
    // The only address is the name of the SVG namespace, which nobody fetches.
    let text = page.replacing("http://www.w3.org/2000/svg", with: "")
    for word in ["http:", "https:", "src=", "@import", "url(", "fetch(", "import("] { #expect(!text.contains(word)) }
    #expect(page.contains("default-src 'none'"))
  }

  @Test("A label, a title or an operation's name that looks like markup stays text")
  func escaped() {
    let nasty = "</script><b onclick=\"alert(1)\">&amp;"
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]), name: nasty)
    let loss = tape.record(Nasty(), x.tanh()).sum().labeled(nasty + "<!--")
    let page = Explanation(of: loss, title: nasty, subtitle: nasty).html
    #expect(!page.contains("<b onclick"))
    #expect(!page.contains("<!--"))
    #expect(page.components(separatedBy: "</script>").count == 3)
  }

  @Test("784-30-10 on four images stays under 2 MB and holds every weight exactly")
  func size() throws {
    let model = Pages.images(.drawnDigits)
    let (loss, parameters) = model.record()
    let page = Explanation(of: loss, imageSize: (28, 28)).html
    #expect(page.utf8.count < 2_000_000)
    // Eight bytes a weight at most, four thirds of that in base 64, and a pixel in one byte; script and style are 90 KB.
    let weights = parameters.reduce(0) { $0 + $1.value.elements.count }
    #expect(page.utf8.count < weights * 11 + 4 * 784 * 2 + 130_000)
  }

  @Test("Every operation says why a contribution to each of its inputs has its form, in whole sentences")
  func reasons() throws {
    for example in OperationCatalog.examples {
      let shapes = example.inputs.map(\.shape)
      let y = try example.operation.shape(of: shapes)
      for position in shapes.indices {
        let reason = example.operation.reason(forInput: position, of: shapes, into: y)
        #expect(reason.count > 20 && reason.hasSuffix("."), "\(example.operation.name), input \(position): \(reason)")
      }
    }
    let product = MatMul(transposeA: false, transposeB: true)
    #expect(product.reason(forInput: 1, of: [[4, 2], [3, 2]], into: [4, 3]).contains("a sum of 4 outer products"))
    #expect(AddBias().reason(forInput: 1, of: [[4, 2], [2]], into: [4, 2]).contains("4 rows"))
    #expect(AddBias().reason(forInput: 1, of: [[1, 2], [2]], into: [1, 2]).contains("identity"))
  }

  @Test("The structure of a large Jacobian is drawn whole, with rows and columns alike")
  func patterns() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor((0..<96).map { Double($0) / 50 }), name: "x")
    let data = try #require(
      JSONSerialization.jsonObject(with: Data(Explanation(of: x.tanh().sum()).data.utf8)) as? [String: Any])
    let edges = try #require(data["edges"] as? [[String: Any]])
    let diagonal = try #require(edges.first { $0["jacobian"] as? String == "diagonal" })
    let pattern = try #require(diagonal["pattern"] as? [String: Any])
    #expect(pattern["width"] as? Int == 24)
    #expect(pattern["rows"] as? [Int] == (0..<24).map { 1 << (23 - $0) })
  }

  @Test("A lesson's text, exercise and script stand in their places, and are absent where there is none")
  func slots() {
    var page = Explanation(of: Pages.xor(seed: 0).record().loss, title: "One neuron")
    #expect(!page.html.contains("id=\"lesson\"") && !page.html.contains("id=\"exercise\""))
    page.slots = .init(lesson: "<p>First.</p>", exercise: "<p>Then.</p>", script: "const own = steps.length;")
    let html = page.html
    let places = ["<p>First.</p>", "id=\"detail\"", "<p>Then.</p>", "const own = steps.length;", "selfTest("].map {
      html.range(of: $0)?.lowerBound
    }
    #expect(places.allSatisfy { $0 != nil } && places.compactMap { $0 } == places.compactMap { $0 }.sorted())
  }

  @Test("The tape that is explained is left as it was, and its adjoints need not have been recorded")
  func untouched() {
    let loss = Pages.gated().record().loss
    let before = loss.tape.count
    _ = Explanation(of: loss).html
    #expect(loss.tape.count == before)
  }

  @Test("A recording in Float is replayed in Double: the page's leaves are the recorded ones, exactly")
  func precision() throws {
    let tape = Tape<Float>()
    let w = tape.parameter(Parameter(Tensor((0..<40).map { Float($0) / 7 }), name: "w"))
    let data = Explanation(of: (w * w).sum()).data
    #expect(data.contains("\"type\":\"f32\""))
    let exact = Tape<Double>()
    let v = exact.input(Tensor((0..<40).map { Double($0) / 7 }))
    #expect(Explanation(of: (v * v).sum()).data.contains("\"type\":\"f64\""))
    let pixels = exact.input(Tensor((0..<40).map { Double(Float(Double($0) / 255)) }))
    #expect(Explanation(of: (pixels * pixels).sum()).data.contains("\"type\":\"u8\""))
  }

  @Test("A node without an adjoint has none in the data: absent, not zero")
  func absent() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 2]))
    let loss = (x * tape.constant(Tensor([3, 4]))).sum()
    let data = try #require(
      JSONSerialization.jsonObject(with: Data(Explanation(of: loss).data.utf8)) as? [String: Any])
    let adjoints = try #require(data["adjoints"] as? [String: Int])
    #expect(Set(adjoints.keys) == ["0", "2", "3"])
  }
}

/// An operation of a test's own: the page has no rule for it. y = x³
private struct Nasty: Adjoint.Operation {
  var name: String { "<b onclick=\"alert(2)\">" }
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, 3 * g * p.x[0] * p.x[0])] }
}
