import Adjoint
import AdjointFiles
import Foundation

/// Named tensors and some text: the content of a safetensors file.
///
/// A safetensors file is the length of its header (8 bytes, little-endian), a JSON header that says for every name the
/// element type, the shape and the place of its data, and the data, without a gap. Nothing in it is ever executed, and
/// everything in it can be checked before a byte of data is read.
///
/// Numbers keep their bits: −0, infinities and the payloads of NaNs come back as they went in. Names keep their order.
/// Two values are equal when they hold the same metadata and the same bits under the same names in the same order.
///
/// Source: the format description of https://github.com/huggingface/safetensors.
public struct Safetensors: Sendable {
  /// The element types that this library reads and writes.
  package enum ElementType: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float64 = "F64"
    case int32 = "I32"
    case int64 = "I64"
    case uint8 = "U8"

    /// The size of one element in bytes.
    package var byteCount: Int {
      switch self {
      case .uint8: 1
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }
  }

  /// Free text under keys: the `__metadata__` entry of the header.
  public var metadata: [String: String] = [:]
  private(set) var entries: [Entry] = []
  private var positions: [String: Int] = [:]
  /// The path of the file that this was read from, for the sentences of errors.
  private let source: String

  /// No tensors and no metadata.
  public init() { source = "new checkpoint" }

  /// The content of a file, its names known to be different.
  init(metadata: [String: String], entries: [Entry], source: String) {
    self.metadata = metadata
    self.entries = entries
    self.source = source
    positions = Dictionary(entries.indices.map { (entries[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The names of the tensors, in the order in which they were added or stand in the header.
  public var names: [String] { entries.map(\.name) }

  /// The shape of a tensor, or nil when there is none of that name.
  package func shape(of name: String) -> Shape? { positions[name].map { entries[$0].shape } }

  /// The element type of a tensor, or nil when there is none of that name.
  package func elementType(of name: String) -> ElementType? { positions[name].map { entries[$0].type } }
}

extension Safetensors {
  /// Adds a tensor of numbers: `Float` is stored as F32, `Double` as F64, bit for bit.
  /// - Throws: `FileError`: `.duplicateName` when the name is taken or is `__metadata__`; `.unsupportedType` for any
  ///   other scalar, whose derivative parts a file could not hold. Nothing is added then.
  public mutating func add<S: Scalar>(_ name: String, _ tensor: Tensor<S>) throws(FileError) {
    if let floats = tensor as? Tensor<Float> {
      try add(name, .float32, tensor.shape, ByteOrder.littleEndian.bytes(of: floats.elements.lazy.map(\.bitPattern)))
    } else if let doubles = tensor as? Tensor<Double> {
      try add(name, .float64, tensor.shape, ByteOrder.littleEndian.bytes(of: doubles.elements.lazy.map(\.bitPattern)))
    } else {
      throw unstorable(S.self, name, expected: "a tensor of Float or Double")
    }
  }

  /// Adds a tensor of integers: `UInt8` is stored as U8, `Int32` as I32, `Int64` and `Int` as I64.
  /// - Throws: `FileError`: `.duplicateName` when the name is taken or is `__metadata__`; `.unsupportedType` for any
  ///   other integer. Nothing is added then.
  package mutating func add<I: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ name: String, _ tensor: Tensor<I>
  ) throws(FileError) {
    if let bytes = tensor as? Tensor<UInt8> {
      try add(name, .uint8, tensor.shape, bytes.elements)
    } else if I.self == Int32.self {
      let words = tensor.elements.lazy.map { Int32(truncatingIfNeeded: $0) }
      try add(name, .int32, tensor.shape, ByteOrder.littleEndian.bytes(of: words))
    } else if I.self == Int64.self || I.self == Int.self {
      let words = tensor.elements.lazy.map { Int64(truncatingIfNeeded: $0) }
      try add(name, .int64, tensor.shape, ByteOrder.littleEndian.bytes(of: words))
    } else {
      throw unstorable(I.self, name, expected: "a tensor of UInt8, Int32, Int64 or Int")
    }
  }

  /// The one place where a tensor comes in.
  private mutating func add(
    _ name: String, _ type: ElementType, _ shape: Shape, _ bytes: [UInt8]
  ) throws(FileError) {
    guard name != SafetensorsHeader.metadataKey, positions[name] == nil else {
      throw FileError(
        .duplicateName, file: source, at: .tensor(name), expected: "a name that is still free",
        found: name == SafetensorsHeader.metadataKey ? "the reserved name of the metadata" : "a tensor of this name",
        remedy: "Give one of the two another name.")
    }
    positions[name] = entries.count
    entries.append(Entry(name: name, type: type, shape: shape, bytes: bytes))
  }

  private func unstorable(_ type: Any.Type, _ name: String, expected: String) -> FileError {
    FileError(
      .unsupportedType, file: source, at: .tensor(name), expected: expected, found: "one of \(type)",
      remedy: "Convert the tensor before you add it.")
  }
}

extension Safetensors {
  /// The tensor of numbers with this name.
  ///
  /// F32 as `Float` and F64 as `Double` keep every bit. F32 is widened exactly; F64 as `Float` is rounded once, to
  /// nearest, and beyond the range of `Float` to infinity. Any other scalar is made from the `Double`.
  /// - Throws: `FileError`: `.missingTensor`, or `.mismatch` when it holds integers.
  public func tensor<S: Scalar>(_ name: String, as type: S.Type = S.self) throws(FileError) -> Tensor<S> {
    let entry = try entry(name)
    switch entry.type {
    case .float32:
      let words: [UInt32] = ByteOrder.littleEndian.words(of: entry.bytes)
      let floats = Tensor(shape: entry.shape, elements: words.map { Float(bitPattern: $0) })
      // The cast comes first: a signalling NaN would not survive the way through Double.
      return floats as? Tensor<S> ?? floats.map { S(Double($0)) }
    case .float64:
      let words: [UInt64] = ByteOrder.littleEndian.words(of: entry.bytes)
      let doubles = Tensor(shape: entry.shape, elements: words.map { Double(bitPattern: $0) })
      return doubles as? Tensor<S> ?? doubles.map { S($0) }
    case .int32, .int64, .uint8:
      throw FileError(
        .mismatch, file: source, at: .tensor(name), expected: "a tensor of type F32 or F64",
        found: "one of type \(entry.type.rawValue)", remedy: "Read it as Int64.self, and convert the integers.")
    }
  }

  /// The tensor of integers with this name, whatever their width in the file.
  /// - Throws: `FileError`: `.missingTensor`, or `.mismatch` when it holds no integers or one that does not fit `I`.
  package func tensor<I: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ name: String, as type: I.Type = I.self
  ) throws(FileError) -> Tensor<I> {
    let entry = try entry(name)
    let wide: [Int64]
    switch entry.type {
    case .uint8: wide = entry.bytes.map(Int64.init)
    case .int32: wide = ByteOrder.littleEndian.words(of: entry.bytes, as: Int32.self).map(Int64.init)
    case .int64: wide = ByteOrder.littleEndian.words(of: entry.bytes)
    case .float32, .float64:
      throw FileError(
        .mismatch, file: source, at: .tensor(name), expected: "a tensor of type U8, I32 or I64",
        found: "one of type \(entry.type.rawValue)", remedy: "Read it as Float.self or Double.self.")
    }
    var narrow: [I] = []
    narrow.reserveCapacity(wide.count)
    for (position, value) in wide.enumerated() {
      guard let exact = I(exactly: value) else {
        throw FileError(
          .mismatch, file: source, at: .tensor(name), expected: "integers from \(I.min) to \(I.max)",
          found: "\(value) at position \(position)", remedy: "Read it as Int64.self.")
      }
      narrow.append(exact)
    }
    return Tensor(shape: entry.shape, elements: narrow)
  }

  /// The first of these names, in quotation marks, and the number of the others.
  static func listed(_ names: [String]) -> String {
    names.prefix(6).map(quoted).joined(separator: ", ") + (names.count > 6 ? " and \(names.count - 6) more" : "")
  }

  /// True for a file that begins as safetensors do, however damaged, and for an empty one.
  package static func isLikely(_ url: URL) -> Bool {
    guard let file = try? InputFile(url), let start = try? file.prefix(9) else { return false }
    let length = ByteOrder.littleEndian.words(of: Array(start.prefix(8)), as: UInt64.self).first ?? 0
    return file.size == 0
      || start.count == 9 && length <= UInt64(SafetensorsHeader.maximumLength) && start[8] == UInt8(ascii: "{")
  }

  private func entry(_ name: String) throws(FileError) -> Entry {
    if let position = positions[name] { return entries[position] }
    throw FileError(
      .missingTensor, file: source, at: .wholeFile, expected: "a tensor \(quoted(name))",
      found: entries.isEmpty ? "no tensors" : Safetensors.listed(names),
      remedy: "Check the name, and that the file belongs to this model.")
  }
}

extension Safetensors: Equatable {
  public static func == (a: Safetensors, b: Safetensors) -> Bool {
    a.metadata == b.metadata && a.entries == b.entries
  }
}

extension Safetensors {
  /// One named tensor, its data little-endian: `bytes.count` is `shape.elementCount` times the size of an element.
  struct Entry: Equatable, Sendable {
    let name: String
    let type: ElementType
    let shape: Shape
    let bytes: [UInt8]
  }
}

extension Safetensors: CustomStringConvertible {
  /// The number of tensors, their bytes, and the first of them with their shapes.
  public var description: String { "Safetensors: \(summary)" }

  /// The same without the type.
  var summary: String {
    let most = 8
    let listed = entries.prefix(most).map { "\($0.name.prefix(60)) \($0.shape)" }.joined(separator: ", ")
    let bytes = entries.reduce(0) { $0 + $1.bytes.count }
    return "\(entries.count) tensors, \(byteText(bytes))" + (entries.isEmpty ? "" : ": \(listed)")
      + (entries.count > most ? " and \(entries.count - most) more" : "")
  }
}
