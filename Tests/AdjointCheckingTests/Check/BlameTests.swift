import Adjoint
import AdjointChecking
import AdjointLearning
import Testing

/// A wrong operation inside a four-layer model is convicted by name, with the right guess.
@Suite struct BlameTests {
  private func conviction(_ loss: Variable<Double>, order: Int = 1) throws -> Finding {
    let report = GradientCheck(of: loss, order: order).run()
    #expect(report.verdict == .disagree, "\(report)")
    #expect(report.findings.count == 1, "\(report)")
    return try #require(report.findings.first)
  }

  @Test(
    "Sign, factor, a small error, one row, a stale value",
    arguments: [
      (Ripple.Fault.sign, Hypothesis.sign), (.factorTwo, .factor(2)), (.stale, .staleValue), (.oneRow, .wrongRow(1)),
      (.nothing, .droppedEdge),
    ])
  func ripple(fault: Ripple.Fault, hypothesis: Hypothesis) throws {
    let finding = try conviction(fourLayers(Double.self) { $0.tape.record(Ripple(fault: fault), $0) })
    #expect(finding.operation == "ripple")
    #expect(finding.input == 0)
    #expect(finding.mechanism == .rule)
    #expect(finding.hypothesis == hypothesis, "\(finding.text)")
  }

  @Test("A relative error of 1e-4 everywhere is found, and so named")
  func slightly() throws {
    let finding = try conviction(fourLayers(Double.self) { $0.tape.record(Ripple(fault: .slightly), $0) })
    guard case .relativeError(let error) = finding.hypothesis else {
      Issue.record("\(finding.text)")
      return
    }
    #expect(abs(error - 1e-4) < 1e-7)
  }

  @Test("A forgotten 1/N is named with its N")
  func mean() throws {
    let loss = fourLayers(Double.self) { z in
      let mean = z.tape.record(ForgetfulMean(), z)
      return z - mean.broadcast(to: z.shape)
    }
    let finding = try conviction(loss)
    #expect(finding.operation == "forgetfulMean")
    #expect(finding.hypothesis == .missingMean(8), "\(finding.text)")
  }

  @Test("A wrong branch at a kink is named")
  func branch() throws {
    let finding = try conviction(fourLayers(Double.self) { $0.tape.record(Rectify(fault: .wrongBranch), $0) })
    #expect(finding.operation == "rectify")
  }

  @Test("Of two wrong operations, the one nearest to the output is named first")
  func two() {
    let loss = fourLayers(Double.self) { z in
      z.tape.record(Ripple(fault: .sign), z.tape.record(Rectify(fault: .factorTwo), z + 0.3))
    }
    let report = GradientCheck(of: loss).run()
    #expect(report.findings.first?.operation == "ripple", "\(report)")
    #expect(report.findings.first?.hypothesis == .sign, "\(report)")
    #expect(report.findings.map(\.operation) == ["ripple", "rectify"], "\(report)")
  }

  @Test("The operations that are right are counted")
  func others() {
    let loss = fourLayers(Double.self) { $0.tape.record(Ripple(fault: .sign), $0) }
    let report = GradientCheck(of: loss).run()
    let operations = (0...loss.index).count { loss.tape[$0].operation != nil }
    #expect(report.verifiedOperations == operations - 1)
  }
}
