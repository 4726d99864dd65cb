/// y = x, and no x̄: everything before y counts as a constant.
package struct StopGradient: LibraryOperation {
  package init() {}
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    y.map(x[0]) { $0.detached }
  }
  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [nil] }
  package func shape(of x: [Shape]) throws(ShapeError) -> Shape { try x.only(1, for: name)[0] }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? { .zero(at: p, i) }
  package var isElementwise: Bool { true }
  package var ownForm: OperationForm { .stopGradient }
  package func swiftCode(_ x: [String], _ shapes: [Shape]) -> String { methodCall(name, x) }
  package func range(_ x: [ValueRange], _ shapes: [Shape]) -> ValueRange { x[0] }
  package func expanded(_ x: [ScalarOperand], shape: Shape, on tape: Tape<Double>) -> [Variable<Double>]? {
    elementwise(x, shape: shape, on: tape)
  }
  package static var examples: [Example] { ElementwiseExamples.shapes.map { Example(StopGradient(), .numbers($0)) } }
}

extension Variable {
  /// This value as a constant: nothing is differentiated through it.
  public func stopGradient(file: StaticString = #fileID, line: UInt = #line) -> Variable {
    tape.record(StopGradient(), self, file: file, line: line)
  }
}
