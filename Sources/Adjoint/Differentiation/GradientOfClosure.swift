// Gradients of plain closures. One function holds the work for each number of arguments: value, gradient and what stands
// beside them.

/// ∇f(x) of a function written as a closure of variables. The result is a tensor where x is one:
///
///     let g = gradient(at: Tensor([1, 2, 3])) { x in (x * x).sum() }     // [2, 4, 6]
///
/// Where x is a variable, the gradient is recorded on its tape. So gradients nest to any order:
///
///     let h = gradient(at: Tensor([1, 2, 3])) { x in
///       gradient(at: x) { x in (x * x * x).sum() }.sum()
///     }                                                                  // 6x = [6, 12, 18]
///
/// An array of tensors has an array of gradients, and several arguments a tuple of them. What was recorded on a tape of your
/// own is differentiated by `gradients(of:withRespectTo:)`, which this calls.
///
/// - Parameter mode: reverse, or forward by a pass for each element of x. Modes nest in one another, in any order.
/// - Complexity: a small constant times the cost of f, whatever the number of elements of x; forward, times that number.
/// - Precondition: f returns a single number, computed from its argument. Sum what is none.
public func gradient<A: GradientArgument>(
  at a: A, mode: JacobianMode = .reverse, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded) throws -> Variable<A.S>
) rethrows -> A {
  try valueAndGradient(at: a, mode: mode, file: file, line: line, of: f).gradient
}

/// The gradients of f(a, b) with respect to both arguments.
/// - Precondition: f returns a single number.
public func gradient<A: GradientArgument, B: GradientArgument>(
  at a: A, _ b: B, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded, B.Recorded) throws -> Variable<A.S>
) rethrows -> (A, B)
where B.S == A.S, B.Value == A.Value {
  try valueAndGradient(at: a, b, file: file, line: line, of: f).gradient
}

/// The gradients of f(a, b, c) with respect to each argument.
/// - Precondition: f returns a single number.
public func gradient<A: GradientArgument, B: GradientArgument, C: GradientArgument>(
  at a: A, _ b: B, _ c: C, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded, B.Recorded, C.Recorded) throws -> Variable<A.S>
) rethrows -> (A, B, C)
where B.S == A.S, B.Value == A.Value, C.S == A.S, C.Value == A.Value {
  try valueAndGradient(at: a, b, c, file: file, line: line, of: f).gradient
}

/// f(x) and ∇f(x), computed once: `let (value, gradient) = valueAndGradient(at: x) { x in (x * x).sum() }`.
/// - Precondition: f returns a single number.
public func valueAndGradient<A: GradientArgument>(
  at a: A, mode: JacobianMode = .reverse, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded) throws -> Variable<A.S>
) rethrows -> (value: A.Value, gradient: A) {
  var recording = GradientRecording<A.S>()
  let y = try f(a.recorded(in: &recording))
  recording.differentiate(y, mode: mode, file: file, line: line)
  return (A.value(of: y), a.gradient(in: &recording))
}

/// f(a, b) and its gradients with respect to both arguments.
/// - Precondition: f returns a single number.
public func valueAndGradient<A: GradientArgument, B: GradientArgument>(
  at a: A, _ b: B, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded, B.Recorded) throws -> Variable<A.S>
) rethrows -> (value: A.Value, gradient: (A, B))
where B.S == A.S, B.Value == A.Value {
  let (value, gradient, _) = try valueAndGradient(at: a, b, file: file, line: line) { (try f($0, $1), ()) }
  return (value, gradient)
}

/// f(a, b, c) and its gradients with respect to each argument.
/// - Precondition: f returns a single number.
public func valueAndGradient<A: GradientArgument, B: GradientArgument, C: GradientArgument>(
  at a: A, _ b: B, _ c: C, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded, B.Recorded, C.Recorded) throws -> Variable<A.S>
) rethrows -> (value: A.Value, gradient: (A, B, C))
where B.S == A.S, B.Value == A.Value, C.S == A.S, C.Value == A.Value {
  let (value, gradient, _) = try valueAndGradient(at: a, b, c, file: file, line: line) { (try f($0, $1, $2), ()) }
  return (value, gradient)
}

/// f(x), ∇f(x), and whatever f returns beside its value, such as predictions:
///
///     let (loss, gradient, output) = valueAndGradient(at: w) { w in
///       let output = (w * 2).tanh()
///       return (output.square().sum(), output.value)
///     }
///
/// - Precondition: the value is a single number. What stands beside it is not differentiated.
public func valueAndGradient<A: GradientArgument, Aux>(
  at a: A, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded) throws -> (Variable<A.S>, Aux)
) rethrows -> (value: A.Value, gradient: A, aux: Aux) {
  var recording = GradientRecording<A.S>()
  let (y, aux) = try f(a.recorded(in: &recording))
  recording.differentiate(y, file: file, line: line)
  return (A.value(of: y), a.gradient(in: &recording), aux)
}

/// f(a, b) with its gradients, and whatever f returns beside its value.
/// - Precondition: the value is a single number.
public func valueAndGradient<A: GradientArgument, B: GradientArgument, Aux>(
  at a: A, _ b: B, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded, B.Recorded) throws -> (Variable<A.S>, Aux)
) rethrows -> (value: A.Value, gradient: (A, B), aux: Aux)
where B.S == A.S, B.Value == A.Value {
  var recording = GradientRecording<A.S>()
  let (y, aux) = try f(a.recorded(in: &recording), b.recorded(in: &recording))
  recording.differentiate(y, file: file, line: line)
  return (A.value(of: y), (a.gradient(in: &recording), b.gradient(in: &recording)), aux)
}

/// f(a, b, c) with its gradients, and whatever f returns beside its value.
/// - Precondition: the value is a single number.
public func valueAndGradient<A: GradientArgument, B: GradientArgument, C: GradientArgument, Aux>(
  at a: A, _ b: B, _ c: C, file: StaticString = #fileID, line: UInt = #line,
  of f: (A.Recorded, B.Recorded, C.Recorded) throws -> (Variable<A.S>, Aux)
) rethrows -> (value: A.Value, gradient: (A, B, C), aux: Aux)
where B.S == A.S, B.Value == A.Value, C.S == A.S, C.Value == A.Value {
  var recording = GradientRecording<A.S>()
  let (y, aux) = try f(a.recorded(in: &recording), b.recorded(in: &recording), c.recorded(in: &recording))
  recording.differentiate(y, file: file, line: line)
  return (A.value(of: y), (a.gradient(in: &recording), b.gradient(in: &recording), c.gradient(in: &recording)), aux)
}
