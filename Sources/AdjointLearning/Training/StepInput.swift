import Adjoint

// What a step is fed: tensors by position, or a struct of them.

/// A struct of tensors that a step takes as one: `struct Text: StepInput { var tokens: Tensor<Int32>; var weights: Tensor<Float> }`.
///
/// The step's closure is given variables under the same names. Those that it reads are fed before each step; the others are
/// passed over.
///
/// ```swift
/// let step = TrainingStep(of: Text.self, optimizer: Adam()) { text in
///   (crossEntropy(logits: model(text.tokens), labels: text.tokens, reduction: .none) * text.weights).mean()
/// }
/// try step(Text(tokens: tokens, weights: weights))
/// ```
public protocol StepInput {
  /// The number of examples, by which micro-batches are weighted: the first axis of the first tensor, unless you say otherwise.
  var exampleCount: Int { get }
}

extension StepInput {
  public var exampleCount: Int {
    for child in Mirror(reflecting: self).children {
      if let part = child.value as? any StepTensor { return part.exampleCount }
      if let part = child.value as? any StepInput { return part.exampleCount }
    }
    return 1
  }
}

/// A value that a step takes by position: a tensor of its numbers, or class indices as a tensor or a list of any integers.
public protocol StepTensor {
  /// The first axis; 1 of a single number.
  var exampleCount: Int { get }
  /// This value as a step of this precision is fed it.
  /// - Throws: `FeedError` when an index does not fit into `Int32`, or the numbers are of another precision.
  func fed<S: Scalar>() throws -> FedValue<S>
}

extension Tensor: StepTensor {
  public var exampleCount: Int { shape.first ?? 1 }

  public func fed<S: Scalar>() throws -> FedValue<S> {
    if let numbers = self as? Tensor<S> { return FedValue(numbers) }
    if let indices = self as? Tensor<Int32> { return FedValue(indices) }
    if let integers = self as? any IndexConvertible { return FedValue(try integers.converted()) }
    throw FeedError(
      "TrainingStep: takes tensors of \(S.self) or of integers, was given one of \(Element.self); write Tensor<\(S.self)>(…), or "
        + "tensor.converted(to: \(S.self).self)")
  }
}

extension Array: StepTensor where Element: FixedWidthInteger {
  public var exampleCount: Int { count }
  public func fed<S: Scalar>() throws -> FedValue<S> {
    FedValue(try Tensor(map { Int(clamping: $0) }).asIndices())
  }
}

/// A tensor of integers of any width.
private protocol IndexConvertible {
  func converted() throws -> Tensor<Int32>
}

extension Tensor: IndexConvertible where Element: BinaryInteger {
  fileprivate func converted() throws -> Tensor<Int32> { try asIndices() }
}

/// A value for one input of a step: numbers, or indices.
public struct FedValue<S: Scalar> {
  enum Content {
    case numbers(Tensor<S>)
    case indices(Tensor<Int32>)
  }
  let content: Content

  init(_ numbers: Tensor<S>) { content = .numbers(numbers) }
  init(_ indices: Tensor<Int32>) { content = .indices(indices) }

  /// The value that a program was fed for an input.
  init(of x: Variable<S>, in program: Program<S>) {
    content = x.role == .index ? .indices(program.indices(at: x.index)) : .numbers(program.value(of: x))
  }

  var form: InputForm {
    switch content {
    case .numbers(let x): InputForm(shape: x.shape, isIndex: false)
    case .indices(let x): InputForm(shape: x.shape, isIndex: true)
    }
  }

  /// Some rows along the first axis.
  func rows(_ rows: Range<Int>) -> FedValue {
    switch content {
    case .numbers(let x): FedValue(x.rows(rows))
    case .indices(let x): FedValue(x.rows(rows))
    }
  }

  func leaf(on tape: Tape<S>, name: String) -> Variable<S> {
    switch content {
    case .numbers(let x): tape.input(x, name: name)
    case .indices(let x): tape.index(x, name: name)
    }
  }

  func feed(_ x: Variable<S>, of program: Program<S>) throws(FeedError) {
    switch content {
    case .numbers(let value): try program.feed(x, value)
    case .indices(let value): try program.feed(x, value)
    }
  }

  /// The values that a property holds: none where it is `nil`.
  static func all(of property: Any) -> [FedValue]? {
    switch property {
    case let x as Tensor<S>: [FedValue(x)]
    case let x as Tensor<Int32>: [FedValue(x)]
    case let list as [Tensor<S>]: list.map { FedValue($0) }
    case let list as [Tensor<Int32>]: list.map { FedValue($0) }
    default: nil
    }
  }
}

/// The properties of an input by which a recording is chosen.
struct InputForm: Equatable {
  let shape: Shape
  let isIndex: Bool
}

/// The inputs of a recording: their leaves by position, and for a struct the properties that they stand for.
final class RecordedInputs<S: Scalar> {
  /// A property of a struct that the closure has read.
  struct Field {
    let path: AnyKeyPath
    let range: Range<Int>
    let isMissing: Bool
  }

  let tape: Tape<S>
  private(set) var leaves: [Variable<S>] = []
  private(set) var fields: [Field] = []
  private var isIndex: [Bool] = []
  /// The values of a property that is read for the first time.
  private let read: (AnyKeyPath) -> [FedValue<S>]?

  init(on tape: Tape<S>, reading read: @escaping (AnyKeyPath) -> [FedValue<S>]? = { _ in nil }) {
    (self.tape, self.read) = (tape, read)
  }

  /// Inputs by position, with the names that errors and listings give them.
  convenience init(_ values: [FedValue<S>], on tape: Tape<S>) {
    self.init(on: tape)
    for (position, value) in values.enumerated() {
      let name =
        switch position {
        case 0: "inputs"
        case 1: value.form.isIndex ? "labels" : "targets"
        default: "input \(position + 1)"
        }
      append(value.leaf(on: tape, name: name))
    }
  }

  func form(of position: Int) -> InputForm {
    InputForm(shape: leaves[position].shape, isIndex: isIndex[position])
  }

  private func append(_ leaf: Variable<S>) {
    leaves.append(leaf)
    isIndex.append(leaf.role == .index)
  }

  /// The same inputs on another tape, with the values that a program was fed.
  func copied(to other: Tape<S>, from program: Program<S>) -> RecordedInputs {
    func values(_ range: Range<Int>) -> [FedValue<S>] { leaves[range].map { FedValue(of: $0, in: program) } }
    guard !fields.isEmpty else {
      let copy = RecordedInputs(on: other)
      for (leaf, value) in zip(leaves, values(leaves.indices)) { copy.append(value.leaf(on: other, name: leaf.path)) }
      return copy
    }
    return RecordedInputs(on: other) { [fields] path in
      fields.first { $0.path == path && !$0.isMissing }.map { values($0.range) }
    }
  }

  /// The variables of a property; none where it is `nil`.
  func variables(at path: AnyKeyPath) -> [Variable<S>]? {
    if let field = fields.first(where: { $0.path == path }) {
      return field.isMissing ? nil : Array(leaves[field.range])
    }
    let values = read(path)
    let (start, name) = (leaves.count, "\(path)".split(separator: ".").last.map(String.init) ?? "input")
    for (position, value) in (values ?? []).enumerated() {
      append(value.leaf(on: tape, name: values?.count == 1 ? name : "\(name)\(position + 1)"))
    }
    fields.append(Field(path: path, range: start..<leaves.count, isMissing: values == nil))
    return values == nil ? nil : Array(leaves[start...])
  }
}

/// A struct in a step's closure: its tensors as variables, under their own names.
@dynamicMemberLookup
public struct StepVariables<Input, S: Scalar> {
  let inputs: RecordedInputs<S>
  let path: AnyKeyPath

  private func variables(_ step: AnyKeyPath) -> [Variable<S>]? {
    path.appending(path: step).flatMap { inputs.variables(at: $0) }
  }

  private func one(_ step: AnyKeyPath) -> Variable<S> {
    guard let found = variables(step)?.first else {
      fatalError("TrainingStep: \(step) has no value at this step, and had one when it was recorded first")
    }
    return found
  }

  /// The variable of a tensor of numbers.
  public subscript(dynamicMember step: KeyPath<Input, Tensor<S>>) -> Variable<S> { one(step) }
  /// The index leaf of a tensor of indices.
  public subscript(dynamicMember step: KeyPath<Input, Tensor<Int32>>) -> Variable<S> { one(step) }
  /// The variable of a tensor that may be missing.
  public subscript(dynamicMember step: KeyPath<Input, Tensor<S>?>) -> Variable<S>? { variables(step)?.first }
  /// The index leaf of a tensor that may be missing.
  public subscript(dynamicMember step: KeyPath<Input, Tensor<Int32>?>) -> Variable<S>? { variables(step)?.first }
  /// The variables of a list of tensors.
  public subscript(dynamicMember step: KeyPath<Input, [Tensor<S>]>) -> [Variable<S>] { variables(step) ?? [] }
  /// The index leaves of a list of tensors.
  public subscript(dynamicMember step: KeyPath<Input, [Tensor<Int32>]>) -> [Variable<S>] { variables(step) ?? [] }
  /// A struct inside the struct.
  public subscript<Inner: StepInput>(dynamicMember step: KeyPath<Input, Inner>) -> StepVariables<Inner, S> {
    guard let path = path.appending(path: step) else {
      fatalError("TrainingStep: \(step) is no property of \(Input.self)")
    }
    return StepVariables<Inner, S>(inputs: inputs, path: path)
  }
}
