import Adjoint
import AdjointChecking
import Testing

/// What an operation declares, and what its rule must keep: each broken in one operation, which is found, and kept in
/// others, which are not.
@Suite struct DeclarationTests {
  /// The complaints about an operation that must be convicted.
  private func complaints(_ operation: any Adjoint.Operation.Type) -> [String] {
    let report = GradientCheck.verify(operation)
    #expect(report.verdict == .disagree, "\(report)")
    return report.operations.flatMap(\.complaints).map(\.description)
  }

  private func finds(_ operation: any Adjoint.Operation.Type, _ phrases: String..., line: Int = #line) {
    let all = complaints(operation)
    #expect(
      all.contains { complaint in phrases.allSatisfy { complaint.contains($0) } }, "line \(line): \(all)")
  }

  @Test func `Operations that keep what they declare agree`() {
    for operation in [
      Doubling.self, RowProduct.self, Bend.self, Lookup.self, Cubing.self, Total.self, Softening.self, Huber.self,
      Cancelling.self, Inverse.self, Steep.self, LogSquare.self, NaiveSoftplus.self,
    ] as [any Adjoint.Operation.Type] {
      let report = GradientCheck.verify(operation)
      #expect(report.agrees, "\(report)")
    }
  }

  // MARK: Elements

  @Test func `An operation that calls itself elementwise and is not is found, by moving one element`() {
    finds(ElementwiseRunningSum.self, "isElementwise is true, but element", "of y depends on element")
  }

  @Test func `One that is wrong when y stands in the memory of its input is found`() {
    finds(TwoPasses.self, "isElementwise is true, but with y in the memory of input 0")
  }

  @Test func `Entries that are not independent are found, by moving one and by cutting it in parts`() {
    finds(EntrywiseRunningSum.self, "entrywiseInputs is [true], but entry", "of y depends on entry 0")
    finds(ExtentOfItsOwn.self, "entrywiseInputs is [true, false]", "bands of the first axis")
  }

  @Test func `What no example is large enough for is not taken for tested`() {
    let report = GradientCheck.verify(LoneNumber.self)
    #expect(report.verdict == .cannotTell)
    #expect(report.description.contains("loneNumber: isElementwise was not tested: no example is large enough"))
  }

  @Test func `Flags that no program could use are told, not trapped on`() {
    finds(OneFlagShort.self, "entrywiseInputs has 1 flags for 2 inputs")
    finds(FlagOnAnotherAxis.self, "entrywiseInputs flags input 1", "the first axis of y [4, 3] has 4 entries")
  }

  @Test func `A local Jacobian of another structure is found`() {
    finds(RowsThatMix.self, "localJacobian(at:withRespectTo: 0) declares a Jacobian that is", "and it is another")
  }

  // MARK: Kinks

  @Test func `A kink without branches is found`() {
    finds(SilentBend.self, "has a kink at input 0 = 0", "branches is not given")
  }

  @Test func `A kink far from 0 is found as well`() {
    finds(SilentLimit.self, "has a kink at input 0 = 5.0", "branches is not given")
  }

  @Test func `A jump without branches is found`() {
    finds(SilentStep.self, "its value goes from", "branches is not given")
  }

  @Test func `A kink at another place than branches tells is found`() {
    finds(BendElsewhere.self, "has a kink at input 0 = 0", "branches does not tell of it")
  }

  @Test func `A kink that is declared and is not there is found`() {
    finds(ImaginedBend.self, "branches tells of a kink", "go on without a jump")
  }

  @Test func `Distances that do not lead to the kink are found`() {
    finds(WrongDistance.self, "another piece where its distance to the kink is")
    finds(TooFewSides.self, "branches gives 1 sides and 12 distances")
  }

  // MARK: Shapes

  @Test func `A forward pass that writes less than its shape says is found`() {
    finds(HalfWritten.self, "forward leaves elements of y as they were", "shape(of:) says [4, 3], so it must write 12")
  }

  @Test func `A shape function that refuses its own example is told, not trapped on`() {
    finds(Refusing.self, "shape(of:) refuses the example: refusing: takes matrices")
    finds(NarrowLookup.self, "the example gives indices below 4, but indexBound is 3")
    finds(UnannouncedIndices.self, "the example gives indices as input 1, but indexPosition is nil")
  }

  // MARK: Contributions

  @Test func `A rule that forgets the sum over a broadcast axis disagrees, with the place and what to do`() {
    finds(ForgottenSum.self, "its vjp returned [4, 3] for input 1, which is [3]", "sum(to:)")
  }

  @Test func `A rule with too few contributions disagrees`() {
    finds(ShortRule.self, "its vjp returned 1 contributions for 2 inputs", "nil where it does not depend on it")
  }

  @Test func `A rule that is wrong on empty shapes alone disagrees, and the shapes are named`() {
    let all = complaints(WrongWhenEmpty.self)
    #expect(all.allSatisfy { $0.contains("awkward shape wrongWhenEmpty") && $0.contains("0") }, "\(all)")
    #expect(all.contains { $0.contains("its vjp returned []") })
  }

  #if os(Linux)
    @Test func `What traps on empty shapes is told, and the process lives`() {
      let all = complaints(Largest.self)
      #expect(all.count == 2, "\(all)")
      for shape in ["[0, 3]", "[4, 0]"] {
        #expect(
          all.contains { complaint in
            ["awkward shape largest \(shape): this ends the process", "no element 0 among the 0", "ShapeError"]
              .allSatisfy {
                complaint.contains($0)
              }
          }, "\(all)")
      }
    }

    @Test func `What traps on every shape is told, and the process lives`() {
      finds(OutOfBounds.self, "this ends the process: forward: no element 12 among the 12 of [4, 3]")
      finds(DividingShape.self, "awkward shapes: shape(of:) ends the process")
      finds(WrongWithinItsRule.self, "this ends the process: broadcast: [3] does not broadcast to [5]")
    }
  #endif

  @Test func `A contribution kept from an earlier call is told, not trapped on`() {
    finds(KeepsItsContribution.self, "a variable of another tape")
  }

  @Test func `An operation that a rule records is held to the same`() {
    finds(RuleWithinRule.self, "its rule records shortRule", "its vjp returned 1 contributions for 2 inputs")
  }

  // MARK: Purity

  @Test func `A choice that a rule bakes in is stale`() { finds(BakedSign.self, "a stale value") }

  @Test func `A rule that is not linear in the cotangent is told`() {
    finds(ClampedCotangent.self, "is not linear in the cotangent")
    finds(ThresholdedCotangent.self, "is not linear in the cotangent")
  }

  @Test func `A value that is NaN somewhere convicts nobody`() {
    #expect(GradientCheck.verify(LogOfAnything.self).verdict != .disagree)
  }

  @Test func `A rule that records something else each time is impure`() {
    finds(RamblingRule.self, "impure", "its rule recorded first")
  }

  @Test func `A rule whose numbers change is impure`() { finds(DriftingRule.self, "impure", "its rule gave first") }

  @Test func `A forward pass whose numbers change is impure`() {
    finds(DriftingForward.self, "impure", "its forward gave")
  }

  // MARK: Domains

  @Test func `A rule that is right within 2 and wrong beyond is found`() {
    finds(WrongBeyondTwo.self, "numbers of 2.0 to 30.0", "input 0, element", "found", "expected")
  }

  @Test func `A value that is right within 2 and wrong beyond is found`() {
    finds(WrongValueBeyondTwo.self, "fast loops in Double", "the plain loops give")
  }

  @Test func `A rule that is wrong close to 0 is found`() { finds(WrongNearZero.self, "numbers of 1e-06 to 0.01") }

  @Test func `A range is kept to, and what overflows is skipped and said`() {
    let kept = GradientCheck.verify(RightWithinOne.self)
    #expect(kept.agrees, "\(kept)")
    let skipping = GradientCheck.verify(Exponential.self)
    #expect(skipping.agrees && skipping.operations[0].skipped > 0, "\(skipping)")
    #expect(skipping.description.contains("skipped: a value is not finite there"))
  }

  // MARK: Second order

  @Test func `A rule that stops its cotangent is found, and blamed`() {
    let all = complaints(StoppedCotangent.self)
    #expect(all.allSatisfy { $0.contains("order 2") }, "\(all)")
    #expect(
      all.contains {
        $0.contains("in the rule of stoppedCotangent") && $0.contains("right to first order, wrong to second")
      })
  }

  // MARK: Silence

  @Test func `An operation whose examples hold nothing to move is not silent`() {
    let report = GradientCheck.verify(OnlyPoints.self)
    #expect(report.verdict == .cannotTell)
    #expect(report.description.contains("no derivative was checked: in none of its 2 examples may a number move"))
  }
}

/// A leaky ReLU whose rule keeps the signs of the first recording.
private struct BakedSign: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] > 0 ? x[0][i] : S(0.1) * x[0][i] }
  }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? {
    let elements = Array(x[0].elements)
    return Branches(sides: elements.map { $0 > 0 ? 1 : 0 }, distances: elements)
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * p.tape.constant(p.x[0].value.map { $0 > 0 ? 1 : S(0.1) }))]
  }
  static var examples: [Example] { [Example(BakedSign(), .numbers([4, 3], avoiding: [0]))] }
}

/// sin, with a cotangent that is cut.
private struct ClampedCotangent: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = S.sine(x[0][i]) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g.clamp(-40, 40) * p.x[0].cos())]
  }
  static var examples: [Example] { [Example(ClampedCotangent(), .numbers([4, 3]))] }
}

/// sin, with small cotangents left out.
private struct ThresholdedCotangent: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = S.sine(x[0][i]) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    [p.to(0, g * (g.abs() .> 1e-4) * p.x[0].cos())]
  }
  static var examples: [Example] { [Example(ThresholdedCotangent(), .numbers([4, 3]))] }
}

/// log, drawn also where it is NaN.
private struct LogOfAnything: Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { for i in y.indices { y[i] = S.logarithm(x[0][i]) } }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g / p.x[0])] }
  static var examples: [Example] { [Example(LogOfAnything(), .numbers([4, 3]))] }
}
