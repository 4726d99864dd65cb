/// A differentiable operation y = f(x₀, x₁, …): shape rule, forward value and vector-Jacobian product, side by side.
///
/// An operation is precision-free data. Its stored properties are attributes (`Int`, `Double`, `Bool`, lists of `Int`),
/// and the same recorded operation runs in `Float`, `Double` or dual numbers. An operation of your own needs the first
/// three members; one of the library conforms to `LibraryOperation` and has a line in `OperationCatalog`.
///
/// ```swift
/// struct Cube: Operation {                                     // y = x³
///   func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
///   func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
///     for i in y.indices { y[i] = x[0][i] * x[0][i] * x[0][i] }
///   }
///   func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
///     [p.to(0, 3 * g * p.x[0] * p.x[0])]                       // x̄ = ȳ ⊙ 3x²
///   }
/// }
/// let y = tape.record(Cube(), x)
/// ```
public protocol Operation: Sendable {
  /// The shape of y. Nothing is computed or recorded.
  /// - Throws: `ShapeError` with a sentence that names the operation when the inputs do not fit.
  func shape(of inputs: [Shape]) throws(ShapeError) -> Shape

  /// Writes y = f(x), every element of it.
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>)

  /// The contributions x̄ᵢ = (∂y/∂xᵢ)ᵀ·g to the cotangent of each input, **in recorded operations**: the backward pass
  /// is more tape. There is one entry an input, `nil` where f does not depend on it differentiably. Each is written
  /// `p.to(i, …)`, so that a contribution that nobody wants is not recorded.
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?]

  /// The name in listings, messages and files: unless given, the type's name with a small first letter.
  var name: String { get }

  /// The properties that distinguish this operation from others of its name, such as axes or a slope.
  var attributes: [Attribute] { get }

  /// The notation of y = f(x).
  func notation(_ x: [Notation]) -> Notation

  /// True when element i of y depends on element i of same-shaped inputs alone, so that y may overwrite one of them.
  var isElementwise: Bool { get }

  /// A flag for each input: true when entry i along the first axis of y depends on entry i of that input alone, false
  /// when it depends on all of it. Threads then take bands of the axis. `nil` when y cannot be cut that way.
  func entrywiseInputs(_ x: [Shape]) -> [Bool]?

  /// The piece that each element takes, and its distance to a kink; `nil` for a smooth operation.
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>?

  /// ∂vec(y)/∂vec(xᵢ) in the form of its structure (`LocalJacobian.elementwise(at:_:)`, `moves`, `reduces`, `blocks`,
  /// …); `nil` when any entry may differ from 0. `Variable.localJacobian(withRespectTo:)` fills that in.
  func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian?

  /// The position of the input that holds indices (Int32, never differentiated), or `nil`.
  var indexPosition: Int? { get }

  /// The bound of the indices, 0 ..< bound. It is asked only when `indexPosition` is not `nil`.
  func indexBound(for inputs: [Shape]) -> Int

  /// The results of a batch of entries, recorded from operands of which some have the batch as their first axis; `nil`, as it is
  /// unless said otherwise, where this operation has to run entry by entry. `vmap` asks for it.
  ///
  /// ```swift
  /// func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { x.tape.record(Cube(), x[0]) }
  /// ```
  func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>?

  /// The bound of the indices that y holds, 0 ..< bound; `nil` when y holds numbers. `forward` writes them into
  /// `y.indexElements`, and each run checks them. No derivative flows through them: every entry of `vjp` is `nil`.
  func resultIndexBound(for inputs: [Shape]) -> Int?

  /// True unless said otherwise: `forward` also runs in symbols, once for given shapes and properties. Where every element of y
  /// is the same formula of the elements beside it, the library computes it with its own loops. `false` is for a `forward` that
  /// is fast by itself in some scalars.
  static var mayBeFormula: Bool { get }

  /// Shapes and safe domains, on which tests, documentation and checks run the operation. Empty for an operation that
  /// is not in the catalogue.
  static var examples: [Example] { get }
}

extension Operation {
  public var name: String {
    let type = "\(Self.self)"
    return type.prefix(1).lowercased() + type.dropFirst()
  }
  public var attributes: [Attribute] { [] }
  public func notation(_ x: [Notation]) -> Notation { .call(name, x) }
  public var isElementwise: Bool { false }
  public func entrywiseInputs(_ x: [Shape]) -> [Bool]? {
    isElementwise && x.allSatisfy { $0 == x[0] } ? x.map { _ in true } : nil
  }
  public func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { nil }
  public func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    isElementwise && p.x[i].shape == p.y.shape ? .elementwise(at: p, i) : nil
  }
  public var indexPosition: Int? { nil }
  public func indexBound(for inputs: [Shape]) -> Int { 0 }
  public func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? { nil }
  public func resultIndexBound(for inputs: [Shape]) -> Int? { nil }
  public static var mayBeFormula: Bool { true }
  public static var examples: [Example] { [] }
}

/// A named, precision-free property of an operation.
public struct Attribute: Hashable, Sendable, CustomStringConvertible {
  /// The value of a property: one number, one choice, or a list.
  public enum Value: Hashable, Sendable {
    /// A whole number, such as an axis.
    case int(Int)
    /// A real number, such as a slope.
    case real(Double)
    /// A choice, such as a transposed operand.
    case flag(Bool)
    /// Whole numbers in order, such as axes or a shape.
    case list([Int])
  }
  /// The name, as listings print it.
  public let name: String
  /// The value.
  public let value: Value

  /// A property with a name and a value.
  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }

  public var description: String {
    switch value {
    case .int(let value): "\(name): \(value)"
    case .real(let value): "\(name): \(value)"
    case .flag(let value): "\(name): \(value)"
    case .list(let value): "\(name): \(value)"
    }
  }
}

/// The point at which a VJP is taken: the recorded inputs x and output y of one node.
public struct Point<S: Scalar> {
  /// The tape on which the contributions are recorded.
  public let tape: Tape<S>
  let node: Int
  let wanted: WantedInputs

  /// The point of a recorded result. `wanted` is true for the inputs whose contributions are asked for.
  package init(of y: Variable<S>, wanted: @escaping (Int) -> Bool = { _ in true }) {
    self.init(tape: y.tape, node: y.tape.index(of: y), wanted: wanted)
  }

  init(tape: Tape<S>, node: Int, wanted: (Int) -> Bool) {
    self.init(tape: tape, node: node, wanted: WantedInputs(count: tape.nodes[node].inputs.count, wanted))
  }

  init(tape: Tape<S>, node: Int, wanted: WantedInputs) {
    (self.tape, self.node, self.wanted) = (tape, node, wanted)
  }

  /// The inputs, in order.
  public var x: Inputs { Inputs(point: self) }
  /// The output.
  public var y: Variable<S> { tape.handle(node) }

  /// The contribution to input `position`. It is not evaluated, and so not recorded, when nobody wants it.
  @inline(__always)
  public func to(_ position: Int, _ contribution: @autoclosure () -> Variable<S>) -> Variable<S>? {
    wanted.contains(position) ? contribution() : nil
  }

  /// The inputs of the node at hand.
  public struct Inputs {
    let point: Point
    /// The input at a position, counted from 0. A position that the node lacks traps.
    public subscript(position: Int, file: StaticString = #fileID, line: UInt = #line) -> Variable<S> {
      let inputs = point.tape.nodes[point.node].inputs
      guard position >= 0, position < inputs.count else {
        fatalError(
          "vjp: there is no input \(position) among the \(inputs.count) of \(point.tape.describe(point.node))",
          file: file,
          line: line)
      }
      return point.tape.handle(inputs[position])
    }
    /// The number of inputs.
    public var count: Int { point.tape.nodes[point.node].inputs.count }
  }
}

/// A set of input positions. The first 64 are bits, so that most sets allocate nothing.
struct WantedInputs {
  private var bits: UInt64 = 0
  private var others: [Bool] = []

  /// The inputs among the needed nodes.
  @inline(__always)
  init(_ inputs: NodeList, _ needed: [Bool]) { self.init(count: inputs.count) { needed[inputs[$0]] } }

  @inline(__always)
  init(count: Int, _ isWanted: (Int) -> Bool) {
    for position in 0..<Swift.min(count, 64) where isWanted(position) { bits |= 1 << UInt64(position) }
    if count > 64 { others = (64..<count).map(isWanted) }
  }

  @inline(__always)
  func contains(_ position: Int) -> Bool {
    position < 64 ? bits >> UInt64(position) & 1 == 1 : position - 64 < others.count && others[position - 64]
  }
}

/// One use of an operation: an instance, and the kinds of its inputs.
public struct Example: Sendable {
  /// The kind of one input.
  public enum Input: Sendable {
    /// Numbers uniform in a range, away from some points (kinks, poles). Without a range the operation takes any number:
    /// most draws then lie in −2 … 2, and some far from 0 and close to it. With one it is run there alone.
    case numbers(Shape, in: ClosedRange<Double> = Example.anyNumber, avoiding: [Double] = [])
    /// Indices in 0 ..< below.
    case indices(Shape, below: Int)
    /// Square matrices in the last two axes, on which factorisations are well behaved: the diagonal lies in 1 … 2 and
    /// exceeds the sum of the others of its row and of its column in magnitude, so the symmetric part is positive definite.
    case wellConditioned(Shape)

    package var shape: Shape {
      switch self {
      case .numbers(let shape, _, _): shape
      case .indices(let shape, _): shape
      case .wellConditioned(let shape): shape
      }
    }
  }

  /// The range −2 … 2, which stands for that of any number.
  public static let anyNumber: ClosedRange<Double> = -2...2

  /// The operation, with its parameters.
  public let operation: any Operation
  /// The inputs, in the operation's order.
  public let inputs: [Input]

  /// An operation with its inputs.
  public init(_ operation: any Operation, _ inputs: Input...) {
    self.operation = operation
    self.inputs = inputs
  }

  /// An operation with a list of inputs.
  public init(_ operation: any Operation, _ inputs: [Input]) {
    self.operation = operation
    self.inputs = inputs
  }
}

/// An operation of one operand that treats each entry of the first axis by itself.
package protocol BatchwiseOperation: LibraryOperation {}

extension BatchwiseOperation {
  package func entrywiseInputs(_ x: [Shape]) -> [Bool]? { [true] }
  /// A batch of batches is a longer one.
  package func batched<S: Scalar>(_ x: BatchedOperands<S>) -> Variable<S>? {
    let rows = Shape([x.count * x.shapes[0][0]] + x.shapes[0].dropFirst())
    return x.tape.record(self, x[0].reshape(to: rows)).reshape(to: x.shape.batched(x.count))
  }
  package func localJacobian<S: Scalar>(at p: Point<S>, withRespectTo i: Int) -> LocalJacobian? {
    .blocks(at: p, i, count: p.x[i].shape[0])
  }
}

/// The pieces that the elements of a piecewise operation took, and their distances to the others.
public struct Branches<S: Scalar> {
  /// The piece that each element took, as a number.
  public let sides: [Int32]
  /// The signed distance of each element's argument to the nearest kink. Its derivative part, where S has one, tells a
  /// moving element from one at rest.
  public let distances: [S]

  /// The pieces and distances of an operation's elements, in row-major order.
  public init(sides: [Int32], distances: [S]) {
    (self.sides, self.distances) = (sides, distances)
  }

  /// The pieces of a function of one argument with kinks at these points.
  init(of x: View<S>, kinks: [Double]) {
    sides = x.elements.map { value in Int32(kinks.count { value.primal > $0 }) }
    distances = x.elements.map { value in
      let nearest = kinks.min { Swift.abs(value.primal - $0) < Swift.abs(value.primal - $1) } ?? 0
      return value - S(nearest)
    }
  }

  /// The pieces of a function of two arguments that changes where they are equal.
  init(between a: View<S>, _ b: View<S>) {
    guard let shape = try? Shape.broadcast(a.shape, b.shape, in: "branches") else {
      fatalError("branches: shapes differ")
    }
    let difference = Tensor<S>(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      Output<S>(shape: shape, address: UnsafeMutableRawPointer(base)).zip(.binary(.subtract), a, b)
    }
    distances = difference.elements
    sides = distances.map { $0.primal > 0 ? 1 : $0.primal < 0 ? -1 : 0 }
  }

  /// The pieces of an extremum over groups of elements: the first best element, and the distance of the second to it.
  ///
  /// The best one is the first NaN where there is one, as the extremum itself is NaN then; its distance is NaN.
  init(bestOf groups: [[S]], largest: Bool) {
    func isBetter(_ a: S, _ b: S) -> Bool { largest ? b.isExceeded(by: a) : (-b).isExceeded(by: -a) }
    var (sides, distances): ([Int32], [S]) = ([], [])
    for group in groups {
      var (best, second) = (0, Int?.none)
      for place in group.indices.dropFirst() {
        if isBetter(group[place], group[best]) {
          (best, second) = (place, best)
        } else if second.map({ isBetter(group[place], group[$0]) }) ?? true {
          second = place
        }
      }
      sides.append(Int32(best))
      distances.append(second.map { group[best] - group[$0] } ?? S(Double.infinity))
    }
    (self.sides, self.distances) = (sides, distances)
  }
}
