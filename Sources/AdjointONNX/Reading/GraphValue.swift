import Adjoint

/// Whole numbers, also truth values, that are known while a graph is recorded: shapes, axes, positions.
package struct WholeNumbers: Equatable, Sendable {
  package var dims: [Int]
  package var values: [Int]

  package init(_ values: [Int], dims: [Int]? = nil) {
    self.values = values
    self.dims = dims ?? [values.count]
  }
}

/// A value of a graph while it is recorded.
package struct GraphValue<S: Scalar> {
  /// The forms that a value takes.
  package enum Content {
    /// Numbers on the tape: every type with a fraction, and whole numbers that were computed of such.
    case numbers(Variable<S>)
    /// Whole numbers that are known, and computed beside the tape.
    case whole(WholeNumbers)
    case texts([String], dims: [Int])
    case sequence([GraphValue])
    /// An optional value that is absent.
    case absent
  }

  /// The type of the elements, as the graph has it; a tape computes in one precision.
  package var type: ONNXElement
  package var content: Content
  /// The inputs and parameters whose values, beyond their shapes, made this; none for what every run has in common.
  package var origins: Set<String>
  /// The same positions as indices of the tape.
  package var index: Variable<S>?

  package init(_ x: Variable<S>, _ type: ONNXElement = .float, origins: Set<String> = []) {
    (self.type, content, self.origins) = (type, .numbers(x), origins)
  }

  package init(_ x: WholeNumbers, _ type: ONNXElement = .int64, origins: Set<String> = []) {
    (self.type, content, self.origins) = (type, .whole(x), origins)
  }

  package init(sequence: [GraphValue], type: ONNXElement) {
    (self.type, content) = (type, .sequence(sequence))
    origins = sequence.reduce(into: []) { $0.formUnion($1.origins) }
  }

  package init(texts: [String], dims: [Int]) { (type, content, origins) = (.string, .texts(texts, dims: dims), []) }

  private init() { (type, content, origins) = (.float, .absent, []) }

  /// The origin of random numbers.
  package static var chance: String { "a random number" }

  /// An optional value that is absent.
  package static var absent: GraphValue { GraphValue() }

  /// The dimensions, where the value is a tensor.
  package var dims: [Int]? {
    switch content {
    case .numbers(let x): Array(x.shape)
    case .whole(let x): x.dims
    case .texts(_, let dims): dims
    case .sequence, .absent: nil
    }
  }
}

extension ONNXElement {
  /// True for types of whole numbers and for truth values, which are computed beside the tape where they are known.
  package var isWhole: Bool {
    switch self {
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32, .uint64: true
    case .float, .string, .float16, .double, .complex64, .complex128, .bfloat16: false
    }
  }

  /// True for types of one number with a fraction.
  package var isFractional: Bool {
    switch self {
    case .float, .float16, .double, .bfloat16: true
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .bool, .uint32, .uint64: false
    case .string, .complex64, .complex128: false
    }
  }

  /// The bytes of an element; 0 for texts.
  package var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float, .int32, .uint32: 4
    case .int64, .double, .uint64, .complex64: 8
    case .complex128: 16
    case .string: 0
    }
  }

  /// The name in sentences.
  package var name: String { String(describing: self) }

  /// A whole number as this type holds it: its lowest bits.
  package func wrapped(_ value: Int) -> Int {
    switch self {
    case .uint8: Int(UInt8(truncatingIfNeeded: value))
    case .int8: Int(Int8(truncatingIfNeeded: value))
    case .uint16: Int(UInt16(truncatingIfNeeded: value))
    case .int16: Int(Int16(truncatingIfNeeded: value))
    case .int32: Int(Int32(truncatingIfNeeded: value))
    case .uint32: Int(UInt32(truncatingIfNeeded: value))
    case .bool: value == 0 ? 0 : 1
    case .int64, .uint64, .float, .string, .float16, .double, .complex64, .complex128, .bfloat16: value
    }
  }
}
