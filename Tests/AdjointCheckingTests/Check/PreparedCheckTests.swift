import Adjoint
import AdjointChecking
import AdjointLearning
import Testing

struct PreparedCheckTests {
  /// y = tanh x with a rule that is right only to a thousandth.
  private struct SlightlyWrongTanh: Adjoint.Operation {
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      for i in y.indices { y[i] = S.hyperbolicTangent(x[0][i]) }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
      [p.to(0, 1.001 * g * (1 - p.y.square()))]
    }
  }

  private func loss<S: Scalar>(_ type: S.Type, wrong: Bool) -> Variable<S> {
    var generator = Generator(seed: 5)
    let first = Linear<S>(6, 5, name: "first", using: &generator)
    let second = Linear<S>(5, 3, name: "second", using: &generator)
    let tape = Tape<S>()
    let x = tape.input(Tensor(shape: [4, 6], elements: (0..<24).map { _ in S(generator.normal()) }))
    let hidden = wrong ? tape.record(SlightlyWrongTanh(), first(x)) : first(x).tanh()
    return crossEntropy(logits: second(hidden), labels: tape.index(Tensor<Int32>([0, 1, 2, 0])))
  }

  @Test func everyDirectionOfASoundModelAgrees() {
    for check in [
      PreparedCheck(of: loss(Double.self, wrong: false)), PreparedCheck(of: loss(Float.self, wrong: false)),
    ] {
      for direction in 0..<50 as Range<UInt64> {
        let judgment = check.judgment(alongDirection: direction)
        #expect(judgment.verdict == .agree, "\(judgment)")
      }
    }
  }

  @Test func everyDirectionConvictsARuleThatIsOffByAThousandth() {
    let check = PreparedCheck(of: loss(Double.self, wrong: true))
    for direction in 0..<50 as Range<UInt64> {
      let judgment = check.judgment(alongDirection: direction)
      #expect(judgment.verdict == .disagree, "\(judgment)")
    }
  }

  @Test func theSameDirectionGivesTheSameJudgmentAndAnotherOneAnother() {
    let check = PreparedCheck(of: loss(Double.self, wrong: false))
    let first = check.judgment(alongDirection: 1)
    #expect(check.judgment(alongDirection: 1) == first)
    #expect(check.judgment(alongDirection: 2).expected != first.expected)
  }
}
