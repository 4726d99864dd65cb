import Adjoint
import AdjointChecking
import AdjointLearning
import Foundation
import Testing

@Suite struct GradientCheckTests {
  @Test("Sound models agree at both orders", arguments: [1, 2])
  func sound(order: Int) {
    let report = GradientCheck(of: fourLayers(Double.self), order: order).run()
    #expect(report.agrees, "\(report)")
    #expect(Set(report.judgments.map(\.order)) == Set(1...order))
  }

  @Test("A model in Float agrees, and its own precision is judged")
  func float() {
    let report = GradientCheck(of: fourLayers(Float.self), order: 2).run()
    #expect(report.agrees, "\(report)")
    #expect(report.worst(.precision) != nil)
  }

  @Test("Every coordinate of a sound model agrees")
  func full() {
    let report = GradientCheck(of: fourLayers(Double.self), mode: .full).run()
    #expect(report.agrees, "\(report)")
    #expect(report.coordinates == 30 + 6 * 9 + 9 + 9 * 8 + 8 + 8 * 7 + 7 + 7 * 3 + 3)
  }

  @Test("A tensor has a gradient too: under a random cotangent")
  func tensor() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor(shape: [2, 3], elements: [0.1, -2, 0.4, 1, 3, -0.2]), name: "x")
    let report = GradientCheck(of: x.softmax(), order: 2).run()
    #expect(report.agrees, "\(report)")
  }

  @Test("Chosen leaves are checked, and no others")
  func chosen() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, 1.2]), name: "x")
    let y = tape.input(Tensor([0.7, -1]), name: "y")
    // Wrong in y alone, so a check of x must not see it.
    let loss = (x.sin() * tape.record(Ripple(fault: .sign), y)).sum()
    #expect(GradientCheck(of: loss, withRespectTo: [x]).run().agrees)
    #expect(GradientCheck(of: loss, withRespectTo: [y]).run().verdict == .disagree)
  }

  @Test("Leaves that the output does not depend on have no say: one of a dead branch, one recorded later")
  func unreached() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([[0.3, 1.2], [-0.7, 2]]), name: "x")
    let dead = tape.input(Tensor([[1, 2], [3, 4]]), name: "dead")
    _ = x.matmul(dead)
    let loss = x.sin().sum()
    let later = tape.input(Tensor([1, 2]), name: "later")
    let report = GradientCheck(of: loss, withRespectTo: [x, dead, later], mode: .full, order: 2).run()
    #expect(report.agrees, "\(report)")
    #expect(PreparedCheck(of: loss, withRespectTo: [later, x]).judgment(alongDirection: 0).verdict == .agree)
    #expect(GradientCheck(of: loss, withRespectTo: [later]).run().verdict == .cannotTell)
  }

  @Test("Dropout's mask is held")
  func randomLeaves() {
    let report = GradientCheck(of: fourLayers(Double.self, dropout: 0.5), order: 2).run()
    #expect(report.agrees, "\(report)")
  }

  @Test("What stands before stopGradient is held")
  func stopGradient() {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([0.3, 1.2, -0.4]), name: "x")
    let report = GradientCheck(of: (x.exp().stopGradient() * x.sin()).sum(), order: 2).run()
    #expect(report.agrees, "\(report)")
  }

  @Test("Frozen parameters are not checked; with nothing left to check, nothing can be told")
  func frozen() {
    let tape = Tape<Double>()
    let w = Parameter<Double>(Tensor([0.5, 2]), name: "w")
    let frozen = Parameter<Double>(Tensor([1, 2]), name: "frozen")
    frozen.isFrozen = true
    let wrong = tape.record(Ripple(fault: .sign), tape.parameter(frozen))
    #expect(GradientCheck(of: (wrong * tape.parameter(w)).sum()).run().agrees)
    let other = Tape<Double>()
    let report = GradientCheck(of: other.parameter(frozen).sum()).run()
    #expect(report.verdict == .cannotTell)
    #expect(report.exitCode == 2)
  }

  @Test("A check leaves tape and parameters bit for bit as they were", arguments: [Ripple.Fault.none, .sign])
  func nothingChanges(fault: Ripple.Fault) {
    let loss = fourLayers(Double.self, dropout: 0.3) { $0.tape.record(Ripple(fault: fault), $0) }
    func state() -> [[UInt64]] {
      loss.tape.namedParameters.map { $0.parameter.value.elements.map(\.bitPattern) }
        + (0...loss.index).compactMap { node in
          loss.tape[node].holdsIndices ? nil : loss.tape[node].value.elements.map(\.bitPattern)
        }
    }
    let (before, count, printed) = (state(), loss.tape.count, "\(loss.tape)")
    _ = GradientCheck(of: loss, mode: .full, order: 2).run()
    #expect(state() == before)
    #expect(loss.tape.count == count)
    #expect("\(loss.tape)" == printed)
  }

  @Test("The same seed gives the same report")
  func repeatable() {
    func judged() -> [Judgment] { GradientCheck(of: fourLayers(Double.self), order: 2, seed: 3).run().judgments }
    #expect(judged() == judged())
  }

  // MARK: Kinks

  @Test("Exactly at a kink nothing can be told, and node and element are named")
  func kink() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, -2, 0, 3]), name: "x")
    let y = x.relu().labeled("hinge")
    let report = GradientCheck(of: y.square().sum() + y.sum()).run()
    #expect(report.verdict == .cannotTell, "\(report)")
    let place = try #require(report.singularities.first)
    #expect(place.operation == "relu" && place.element == 2 && place.path == "hinge" && place.node == y.index)
    #expect(place.distance == 0)
    #expect(report.findings.isEmpty)
  }

  @Test("A check in Float sees the operation that computed an index, with the index that Float chose")
  func computedIndices() throws {
    // 0.1 + 0.2 and 0.3 tie in Float, and do not in Double.
    let tape = Tape<Float>()
    let x = tape.input(Tensor([0.1, 0.3]), name: "x")
    let y = concatenate([x[0..<1] + 0.2, x[1..<2]])
    let index = y.argSort(descending: true, count: 1)
    let loss = y.gather(index, axis: 0).sum()
    let double = DoubleRecording(loss, [x])
    let twin = double.output.tape[index.index]
    #expect(twin.operation?.name == "argSort" && twin.indexValue == index.indexValue)
    let anew = double.output.tape[y.index].argSort(descending: true, count: 1)
    #expect(anew.indexValue != index.indexValue)
    #expect(GradientCheck(of: loss).run().verdict == .agree)
  }

  @Test("At a kink a value between the slopes of both sides is let pass, and one outside is not")
  func subgradient() {
    func report(_ fault: Rectify.Fault) -> GradientReport {
      let tape = Tape<Double>()
      let x = tape.input(Tensor([0]), name: "x")
      return GradientCheck(of: tape.record(Rectify(fault: fault), x).sum()).run()
    }
    #expect(report(.none).verdict == .cannotTell)
    let steep = report(.steepAtZero)
    #expect(steep.verdict == .disagree, "\(steep)")
  }

  // MARK: Values that are not finite

  @Test("A value that is not finite is located: node, element and operands")
  func nonFinite() throws {
    let tape = Tape<Double>()
    let x = tape.input(Tensor([1, -1, 2]), name: "x")
    let report = GradientCheck(of: (x.log().labeled("log x") * x).sum()).run()
    #expect(report.verdict == .cannotTell)
    let place = try #require(report.singularities.first)
    #expect(place.operation == "log" && place.element == 1 && place.operands == [-1] && place.distance == nil)
    #expect("\(report)".contains("log at log x (%1), element 1, is not finite; its operands are [-1.0]"), "\(report)")
  }

  // MARK: Reports

  @Test("A report is JSON, with infinities and NaN as words, and an exit code")
  func json() throws {
    let reports = [Ripple.Fault.none, .sign].map { fault in
      GradientCheck(of: fourLayers(Double.self) { $0.tape.record(Ripple(fault: fault), $0) }).run()
    }
    for report in reports {
      let data = Data(report.json.utf8)
      let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect((object["judgments"] as? [Any])?.count == report.judgments.count)
    }
    #expect(reports.map(\.exitCode) == [0, 1])
  }

  @Test("The text of a failure tells operation, place, shapes, element, both numbers and a guess")
  func text() {
    let report = GradientCheck(
      of: fourLayers(Double.self) { z in z.tape.scoped("ripple") { z.tape.record(Ripple(fault: .sign), z) } }
    ).run()
    let text = "\(report)"
    for part in [
      "DISAGREE", "ripple at ripple", "[5, 8]", "input 0", "element", "found", "expected", "the sign is wrong",
      "other operations checked",
    ] { #expect(text.contains(part), "\(part) is not in \(text)") }
  }

  @Test func `A variable that was truncated away is not checked in the place of another`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let tape = Tape<Float>()
      let stale = tape.input(.ones([2]))
      tape.truncate()
      _ = GradientCheck(of: tape.input(.ones([2])).exp().sum(), withRespectTo: [stale]).run()
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("%0 was truncated away"))
  }
}
