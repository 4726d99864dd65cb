import Adjoint

/// A rule that writes one element behind its result: the fault that the address sanitizer must find inside an arena.
enum Overrun {
  /// The identity, but for an input that begins with 7.
  private struct OneTooMany: Operation {
    let name = "oneTooMany"
    func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
    func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
      guard let first = y.elements.baseAddress else { return }
      let excess = x[0].elements[0].primal == 7 ? 1 : 0
      for i in 0..<y.count + excess { first[i] = x[0].elements[min(i, y.count - 1)] }
    }
    func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [g] }
  }

  /// Overruns a value of a tape or of a program. It comes to its end where nothing watches.
  static func run(in place: String) throws {
    let sevens = Tensor<Float>(repeating: 7, shape: [16, 16])
    let x = Tape<Float>().input(place == "tape" ? sevens : .ones([16, 16]))
    let y = x.tape.record(OneTooMany(), x)
    let program = Program<Float>([y, x, y + x.exp()])
    try program.feed(x, sevens)
    say("recorded")
    program.run()
    say("the overrun was not seen")
  }
}
