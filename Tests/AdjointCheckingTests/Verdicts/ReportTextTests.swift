import Adjoint
import AdjointChecking
import AdjointGrading
import AdjointLearning
import Foundation
import Testing

/// Reports as people read them.
@Suite struct ReportTextTests {
  private func report(_ fault: Ripple.Fault) -> GradientReport {
    GradientCheck(
      of: fourLayers(Double.self) { z in z.tape.scoped("ripple") { z.tape.record(Ripple(fault: fault), z) } }
    ).run()
  }

  private func lines(_ text: some CustomStringConvertible) -> [String] {
    "\(text)".split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  // MARK: The sentence

  @Test func `The first line is one sentence that tells the verdict, the operation, the place and the guess`() {
    #expect(lines(report(.sign))[0] == report(.sign).summary)
    #expect(
      report(.sign).summary.range(
        of: #"^The gradient of crossEntropy is wrong: in the rule of ripple at ripple \(%\d+\), the sign is wrong\.$"#,
        options: .regularExpression) != nil, "\(report(.sign).summary)")
  }

  @Test func `What agrees tells what was tried`() {
    let right = report(.none)
    #expect(right.summary.hasPrefix("The gradient of crossEntropy agrees: "), "\(right)")
    #expect(
      right.summary.contains("3 random directions") && right.summary.contains("15 operations one by one"), "\(right)")
    var generator = Generator(seed: 3)
    let layer = Linear<Double>(2, 2, using: &generator)
    let y = layer(Tape<Double>().input(.ones([1, 2]))).tanh().sum()
    let full = GradientCheck(of: y, mode: .full).run()
    #expect(full.summary.contains("\(full.coordinates) coordinates"), "\(full)")
  }

  @Test func `What cannot be told says why, with the place`() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, 0]), name: "x")
    let kink = GradientCheck(of: x.relu().labeled("act").sum().labeled("y")).run()
    #expect(
      kink.summary
        == "Cannot tell whether the gradient of y is right: exactly at a kink of relu at act (%1), element 1.")
    // The symbol of a value that a layer gives one stands beside its number.
    let w = tape.parameter(Parameter(Tensor([[1, 1], [1, 0]]), name: "fc1/weight"))
    let layer = GradientCheck(
      of: tape.constant(Tensor([[0, 1]])).matmul(w, transposeB: true).relu().sum().labeled("y2")
    ).run()
    #expect(layer.summary.contains(#/a kink of relu \(%\d+ a⁽¹⁾\), element 1/#), "\(layer)")
    let bad = GradientCheck(of: (x - 1).log().labeled("log").sum().labeled("y")).run()
    #expect(bad.summary.contains("log at log (%"), "\(bad)")
    #expect(bad.summary.contains("is not finite"), "\(bad)")
  }

  // MARK: The fault

  @Test func `A fault is told with both numbers below each other, and with the line to change`() throws {
    let text = lines(report(.sign))
    let found = try #require(text.first { $0.hasPrefix("  found ") })
    let expected = try #require(text.first { $0.hasPrefix("  expected ") })
    let numbers = [found, expected].map { $0.split(separator: " ").last ?? "" }
    #expect(numbers[0].trimmingPrefix("-") == numbers[1].trimmingPrefix("-"), "\(numbers)")
    #expect(found.count == expected.count, "their digits stand below each other")
    #expect(text.contains { $0.contains("change") && $0.contains("multiply the contribution by -1: p.to(0, -(…))") })
    #expect(report(.factorTwo).description.contains("divide the contribution by 2"))
  }

  @Test(arguments: [
    (Columns.Fault.mean, "divide the contribution by N = 4: p.to(0, (…) / 4)"),
    (.half, "multiply the contribution by 2: p.to(0, (…) * 2)"),
    (.transposed, "transpose the contribution: p.to(0, (…).transpose())"),
    (
      .firstRow,
      "sum the contribution over axis 0, along which the input is repeated: p.to(1, (…).sum(to: p.x[1].shape))"
    ),
    (.forgotten, "return the contribution, where nil or 0 stands: p.to(1, …)"),
  ])
  func `A change is written for the input at fault`(fault: Columns.Fault, change: String) throws {
    var generator = Generator(seed: 4)
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [4, 4], elements: (0..<16).map { _ in generator.normal() }))
    let w = tape.input(Tensor(shape: [4], elements: (0..<4).map { _ in generator.normal() }))
    let report = GradientCheck(of: tape.record(Columns(fault: fault), x, w)).run()
    let finding = try #require(report.findings.first, "\(report)")
    #expect(finding.change == change, "\(report)")
    #expect(report.description.contains("  change      \(change)"), "\(report)")
  }

  @Test(arguments: [
    (-4.70814988, 1.33669795, false, "-4.70815", "1.33670"), (1.0, 1.0000000123, false, "1.000000000", "1.000000012"),
    (2, 1, false, "2", "1"), (0.5, 0.5 + 1e-17, true, "0.5", "0.5"),
    (1e-30, -1e-30, false, "1.00000e-30", "-1.00000e-30"),
    (0, 0.25, false, "0", "0.25"), (1e-12, 0.25, false, "1.00e-12", "0.25"), (.nan, 1, false, "NaN", "1"),
    (.infinity, -.infinity, false, "∞", "-∞"), (0, 0, true, "0", "0"),
    (1_234_567, 1_234_568, false, "1234567", "1234568"),
  ])
  func `Two numbers are rounded until they can be compared`(
    found: Double, expected: Double, agree: Bool, left: String, right: String
  ) {
    let pair = ComparedNumbers(found, expected, agree: agree)
    #expect(pair.found == left && pair.expected == right, "\(pair.found) and \(pair.expected)")
  }

  // MARK: The evidence

  @Test func `Rows that say the same are folded, the worst of them shown`() {
    let text = lines(report(.none))
    #expect(text.contains { $0.contains("judged by") && $0.contains("of the bound") })
    #expect(text.count { $0.hasPrefix("  dual numbers") } == 1)
    #expect(text.contains { $0.contains("worst slope of 3 random directions") })
    #expect(
      text.dropFirst().allSatisfy { !$0.contains("tooSlow") && !$0.contains("secondOrderDual") && $0.count <= 130 },
      "\(text)")
  }

  @Test func `What agrees beyond its bound says why`() throws {
    var generator = Generator(seed: 1)
    let x = Tape<Double>().input(Tensor(shape: [3, 4], elements: (0..<12).map { _ in 1e8 + generator.normal() }))
    let report = GradientCheck(of: x.variance(axes: [1]).log().mean()).run()
    let beyond = report.judgments.filter { $0.verdict == .agree && $0.severity > 1 && $0.oracle != .taylor }
    #expect(!beyond.isEmpty && report.agrees, "\(report)")
    for name in Set(beyond.map(\.oracle.words.name)) {
      let rows = lines(report).filter { $0.hasPrefix("  \(name)  ") && $0.hasSuffix("agree") }
      #expect(rows.contains { $0.contains("digits") || $0.contains("no operation confirms this") }, "\(report)")
    }
    #expect(!report.description.contains("truncation"))
  }

  @Test func `The legend is printed on request, and explains every judge and every heading`() {
    let right = report(.none)
    for judge in Set(right.judgments.map(\.oracle.words.name)) {
      #expect(right.legend.contains("  \(judge)  ") && !right.legend.isEmpty, "\(judge)")
    }
    for word in ["by the rules", "by the judge", "of the bound", "slope", "agree", "%n"] {
      #expect(right.legend.contains("  \(word)  "), "\(word)")
    }
    #expect(!right.legend.contains("kink"), "a word that the report does not use")
    #expect(!right.description.contains("The words"))
    #expect(right.legend.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test func `Colours stand where they are asked for, and nowhere else`() {
    let wrong = report(.sign)
    #expect(!wrong.description.contains("\u{1B}"))
    #expect(wrong.text(colored: true).hasPrefix("\u{1B}[31;1mThe gradient of crossEntropy is wrong"))
  }

  @Test func `JSON keeps every digit, the verdict and the sentence`() throws {
    let wrong = report(.sign)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(wrong.json.utf8)) as? [String: Any])
    #expect(object["verdict"] as? String == "disagree" && object["summary"] as? String == wrong.summary)
    for judgment in wrong.judgments { #expect(wrong.json.contains("\(judgment.found)")) }
    #expect((object["judgments"] as? [Any])?.count == wrong.judgments.count)
  }

  // MARK: Operations

  @Test func `One operation is told in a sentence, several in a line each`() {
    let one = GradientCheck.verify(Softening.self)
    #expect(lines(one).count == 1 && one.description.hasPrefix("softening agrees in "), "\(one)")
    let several = GradientCheck.verifyCatalogue([Sum.self, AddBias.self])
    #expect(lines(several)[0].hasPrefix("All \(several.operations.count) operations agree"), "\(several)")
    for operation in several.operations { #expect(lines(several).count { $0.hasPrefix("  \(operation.name) ") } == 1) }
  }

  @Test func `Complaints of the same kind are told once, with the checks that made them`() {
    let wrong = GradientCheck.verify(Hardening.self)
    #expect(wrong.operations[0].complaints.count == 1, "\(wrong)")
    #expect(lines(wrong)[0].hasPrefix("hardening is wrong in "), "\(wrong)")
    #expect(wrong.description.count("right to first order, wrong to second") == 2, "\(wrong)")
    #expect(wrong.description.contains("order 2; "), "\(wrong)")
  }

  // MARK: The U

  @Test func `The curve of steps is a U with both slopes, along a report's direction too`() throws {
    let curves = [UCurve(of: { exp(1 + $0) }), try #require(report(.none).uCurve)]
    for curve in curves {
      let bottom = try #require(curve.bottom)
      let least = bottom.truncation + bottom.roundOff
      let (first, last) = (try #require(curve.points.first), try #require(curve.points.last))
      #expect(first.step > 100 * bottom.step && first.truncation > 1e3 * least, "truncation falls: \(curve)")
      #expect(last.step < bottom.step / 100 && last.roundOff > 1e3 * least, "round-off rises: \(curve)")
      #expect(last.error > 10 * bottom.error, "and the error with it: \(curve)")
    }
  }

  // MARK: Everything else

  /// Struct and enumeration with payload, public or of the package, whose text would be that of the compiler.
  @Test func `No type of the checker is printed as a raw struct`() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/AdjointChecking")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var lines: [Substring] = []
    for case let file as URL in files where file.pathExtension == "swift" {
      lines += try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    }
    let described = Set(
      lines.compactMap { $0.firstMatch(of: /extension (?:\w+\.)*(\w+): .*CustomStringConvertible/)?.1 })
    var count = 0
    for (number, line) in lines.enumerated() {
      guard let type = line.firstMatch(of: /^( *)(?:public|package) (struct|enum) (\w+)/) else { continue }
      let body = lines[(number + 1)...].prefix { $0 != "\(type.1)}" }
      // A namespace and a plain choice print well by themselves.
      let member = type.2 == "enum" ? /case \w+\(.*/ : /(?:\w+(?:\(\w+\))? )?(?:let|var) .*/
      let isCompound = body.contains {
        $0.hasPrefix("\(type.1)  ") && $0.dropFirst(type.1.count + 2).wholeMatch(of: member) != nil
      }
      guard isCompound else { continue }
      count += 1
      #expect(
        described.contains(type.3) || line.contains("CustomStringConvertible") || line.contains("Error, "),
        "\(type.3) has no description")
    }
    #expect(count > 30)
  }
}

/// y = x ⊙ w, with w repeated over the rows, and a rule that is wrong in a chosen way.
struct Columns: Adjoint.Operation {
  enum Fault: String, Sendable { case mean, half, transposed, firstRow, forgotten }
  let fault: Fault

  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] * x[1][i % x[1].shape[0]] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let (first, second) = (g * p.x[1], g * p.x[0])
    return switch fault {
    case .mean: [p.to(0, first * 4), p.to(1, second.sum(axes: [0]))]
    case .half: [p.to(0, first * 0.5), p.to(1, second.sum(axes: [0]))]
    case .transposed: [p.to(0, first.transpose()), p.to(1, second.sum(axes: [0]))]
    case .firstRow: [p.to(0, first), p.to(1, second.slice(0..<1).reshape(to: p.x[1].shape))]
    case .forgotten: [p.to(0, first), nil]
    }
  }
}

extension String {
  /// The number of times that a part stands here.
  fileprivate func count(_ part: String) -> Int { components(separatedBy: part).count - 1 }
}
