import Adjoint

/// A rule that writes one element behind its result: the fault that the address sanitizer must find inside an arena.
enum Overrun {
  private struct OneTooMany: Operation {
    let name = "oneTooMany"
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      guard let first = y.elements.baseAddress else { return }
      for i in 0...y.count { first[i] = x[0].elements[min(i, y.count - 1)] }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [g] }
  }

  /// Ends normally where nothing watches.
  static func run() {
    let x = Tape<Float>().input(.ones([16, 16]))
    // Recording runs the operation too; a program is where the neighbours of a value are others' values.
    let y = x.tape.record(OneTooMany(), x.exp())
    print("recorded")
    let program = Program<Float>([y, x.exp() * 2])
    program.run()
    print("the overrun was not seen: \(program.value(of: y)[0, 0])")
  }
}
