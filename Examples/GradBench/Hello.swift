import Adjoint

/// x² and its derivative: a trial of the protocol.
enum Hello {
  static var functions: [Function] {
    [
      Function("square") { (x: Double, _) in { x * x } },
      Function("double") { (x: Double, _) in { gradient(at: x) { x in x * x } } },
    ]
  }
}
