/// An argument of a function that `gradient(at:of:)` differentiates: a tensor, a variable, a number, or an array of them.
///
/// The function is given a variable in place of a tensor, on a tape that lasts as long as the call. In place of a variable it
/// is given another one on the same tape, with the same value: so the gradient counts what the function does with its
/// argument, not what it does with a variable that it captures.
public protocol GradientArgument {
  /// The type of its numbers.
  associatedtype S: Scalar
  /// The type that the function is given: a variable, or an array of them.
  associatedtype Recorded
  /// The type of a function's value: a number for tensors, a variable for variables.
  associatedtype Value

  /// The variables that the function is given.
  func recorded(in recording: inout GradientRecording<S>) -> Recorded
  /// The gradient with respect to this argument, in its own form. Arguments ask in the order in which they were recorded.
  func gradient(in recording: inout GradientRecording<S>) -> Self
  /// The value of a function of such arguments.
  static func value(of y: Variable<S>) -> Value
}

extension Tensor: GradientArgument where Element: Scalar {
  /// An input with this value.
  public func recorded(in recording: inout GradientRecording<Element>) -> Variable<Element> { recording.input(self) }
  /// The values of the gradient.
  public func gradient(in recording: inout GradientRecording<Element>) -> Tensor { recording.next().value }
  /// The number that the function returned.
  public static func value(of y: Variable<Element>) -> Element { y.scalar }
}

extension Variable: GradientArgument {
  /// A node of its own with this value.
  public func recorded(in recording: inout GradientRecording<S>) -> Variable { recording.copy(self) }
  /// The recorded gradient.
  public func gradient(in recording: inout GradientRecording<S>) -> Variable { recording.next() }
  /// The variable that the function returned.
  public static func value(of y: Variable) -> Variable { y }
}

// A plain number: `gradient(at: 3.0) { x in x * x }` is 6.

extension Double: GradientArgument {
  /// An input with this value, of shape [].
  public func recorded(in recording: inout GradientRecording<Double>) -> Variable<Double> {
    recording.input(Tensor(scalar: self))
  }
  /// The derivative.
  public func gradient(in recording: inout GradientRecording<Double>) -> Double { recording.next().scalar }
  /// The number that the function returned.
  public static func value(of y: Variable<Double>) -> Double { y.scalar }
}

extension Float: GradientArgument {
  /// An input with this value, of shape [].
  public func recorded(in recording: inout GradientRecording<Float>) -> Variable<Float> {
    recording.input(Tensor<Float>(scalar: self))
  }
  /// The derivative.
  public func gradient(in recording: inout GradientRecording<Float>) -> Float { recording.next().scalar }
  /// The number that the function returned.
  public static func value(of y: Variable<Float>) -> Float { y.scalar }
}

extension Array: GradientArgument where Element: GradientArgument {
  /// The variables for each entry.
  public func recorded(in recording: inout GradientRecording<Element.S>) -> [Element.Recorded] {
    map { $0.recorded(in: &recording) }
  }
  /// The gradient with respect to each entry.
  public func gradient(in recording: inout GradientRecording<Element.S>) -> [Element] {
    map { $0.gradient(in: &recording) }
  }
  /// The value in the form that the entries have.
  public static func value(of y: Variable<Element.S>) -> Element.Value { Element.value(of: y) }
}

/// The recording of a function of arguments, and then the gradients with respect to them.
public struct GradientRecording<S: Scalar> {
  private var tape: Tape<S>?
  /// The variables that the function is given.
  private var variables: [Variable<S>] = []
  private var gradients: ArraySlice<Variable<S>> = []

  init() {}

  /// A tensor as an input of the tape.
  mutating func input(_ x: Tensor<S>) -> Variable<S> {
    let tape = self.tape ?? Tape<S>()
    self.tape = tape
    variables.append(tape.input(x))
    return variables[variables.count - 1]
  }

  /// A node of its own with the value of a variable. Reshaping to the same shape moves nothing, and has every derivative.
  mutating func copy(_ x: Variable<S>) -> Variable<S> {
    let tape = self.tape ?? x.tape
    self.tape = tape
    variables.append(tape.record(Reshape(to: x.shape), x))
    return variables[variables.count - 1]
  }

  /// Records the derivatives of what the function returned.
  mutating func differentiate(_ y: Variable<S>, mode: JacobianMode = .reverse, file: StaticString, line: UInt) {
    guard tape == nil || y.tape === tape else {
      fatalError(
        "gradient(at:of:): the function returned a variable of another tape than that of its arguments; compute the "
          + "result from the arguments",
        file: file, line: line)
    }
    guard y.shape.elementCount == 1 else {
      fatalError(
        "gradient(at:of:): the function returned a value of shape \(y.shape); only a single number has a gradient. Sum it, "
          + "as in { x in (x * x).sum() }, or take jacobian(at:of:)",
        file: file, line: line)
    }
    // Of a single number, one backward pass is never more than the forward ones.
    gradients =
      switch mode {
      case .reverse, .automatic: Adjoint.gradients(of: y, withRespectTo: variables)[...]
      case .forward: forwardGradients(of: y, withRespectTo: variables)[...]
      }
  }

  /// The next gradient, in the order of recording.
  mutating func next() -> Variable<S> { gradients.removeFirst() }
}
