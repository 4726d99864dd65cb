import Adjoint

// The numbers of nasty models: few simple sequences, so that others can write the same models from the list.

extension Tape {
  /// An input from + scale·[sin 1, sin 2, …].
  func wave(_ shape: Shape, from offset: Double = 0, times scale: Double = 1) -> Variable<S> {
    input(Tensor(shape: shape, elements: (0..<shape.elementCount).map { S(offset + scale * sine($0 + 1)) }))
  }

  /// An input scale·[1, 2, …].
  func count(_ count: Int, times scale: Double = 1) -> Variable<S> {
    leaf((0..<count).map { scale * Double($0 + 1) })
  }

  /// An input of these numbers.
  func leaf(_ elements: [Double], _ shape: Shape? = nil) -> Variable<S> {
    input(Tensor(shape: shape ?? [elements.count], elements: elements.map { S($0) }))
  }

  /// An input of a single number: one in `Double`, another in `Float`, where they differ.
  func number(_ double: Double, float: Double? = nil) -> Variable<S> {
    input(Tensor(scalar: S(S.self == Float.self ? float ?? double : double)))
  }

  /// An input of zeros.
  func zeros(_ shape: Shape) -> Variable<S> { input(.zeros(shape)) }

  /// A square input: a multiple of the identity, and a wave.
  func nearIdentity(_ size: Int, _ diagonal: Double = 1, from first: Int = 0, times scale: Double) -> Variable<S> {
    let elements = (0..<size * size).map { i in
      (i / size == i % size ? diagonal : 0) + scale * sine(first + i + 1)
    }
    return leaf(elements, [size, size])
  }

  /// A constant [cos 1, cos 2, …].
  func cosines(_ shape: Shape) -> Variable<S> {
    fixed((0..<shape.elementCount).map { cosine($0 + 1) }, shape)
  }

  /// A constant of these numbers.
  func fixed(_ elements: [Double], _ shape: Shape? = nil) -> Variable<S> {
    constant(Tensor(shape: shape ?? [elements.count], elements: elements.map { S($0) }))
  }

  /// The number for `Double`, or that for `Float`.
  func choice<T>(_ double: T, float: T) -> T { S.self == Float.self ? float : double }
}

func sine(_ i: Int) -> Double { Double.sine(Double(i)) }
func cosine(_ i: Int) -> Double { Double.cosine(Double(i)) }

/// A function applied n times.
func repeated<S: Scalar>(_ count: Int, _ x: Variable<S>, _ f: (Variable<S>) -> Variable<S>) -> Variable<S> {
  var y = x
  for _ in 0..<count { y = f(y) }
  return y
}

extension Variable {
  /// (x − mean) / √(variance + 10⁻⁵) over some axes.
  func normalized(over axes: [Int]) -> Variable {
    let centred = self - mean(axes: axes, keepingDimensions: true)
    return centred / (variance(axes: axes, keepingDimensions: true) + 1e-5).sqrt()
  }

  /// The sum of the products with [cos 1, cos 2, …]: a cotangent that is not all ones.
  func weighed() -> Variable { (self * tape.cosines(shape)).sum() }
}
