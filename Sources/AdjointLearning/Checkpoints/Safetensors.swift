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
  /// The element types that this library reads.
  package typealias ElementType = NumberType

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

  /// The element type of a tensor, or nil when there is none of that name, or it is of a type that is not read.
  package func elementType(of name: String) -> ElementType? { positions[name].flatMap { entries[$0].type } }
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

  /// Adds a tensor of integers, each of its own width: `UInt8` is stored as U8, `Int` as I64.
  /// - Throws: `FileError`: `.duplicateName` when the name is taken or is `__metadata__`; `.unsupportedType` for integers of
  ///   more than 64 bits. Nothing is added then.
  package mutating func add<I: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ name: String, _ tensor: Tensor<I>
  ) throws(FileError) {
    guard let type = NumberType(width: I.bitWidth, isSigned: I.isSigned) else {
      throw unstorable(I.self, name, expected: "a tensor of integers of at most 64 bits")
    }
    try add(name, type, tensor.shape, ByteOrder.littleEndian.bytes(of: tensor.elements))
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
    entries.append(Entry(name: name, typeName: type.rawValue, shape: shape, bytes: bytes))
  }

  private func unstorable(_ type: Any.Type, _ name: String, expected: String) -> FileError {
    FileError(
      .unsupportedType, file: source, at: .tensor(name), expected: expected, found: "one of \(type)",
      remedy: "Convert the tensor before you add it.")
  }
}

extension Safetensors {
  /// The tensor of numbers with this name, whatever their type in the file: half precision, integers, true and false too.
  ///
  /// F32 as `Float` and F64 as `Double` keep every bit, and what `S` can hold is exact. Other numbers are rounded once, to
  /// nearest, and beyond the range of `Float` to infinity. Any other scalar is made from the `Double`.
  /// - Throws: `FileError`: `.missingTensor`, or `.unsupportedType` for complex numbers, and for floats of 8 bits or fewer.
  public func tensor<S: Scalar>(_ name: String, as type: S.Type = S.self) throws(FileError) -> Tensor<S> {
    let (entry, kind) = try numbers(name)
    // The cast comes first: a signalling NaN would not survive the way through Double.
    if kind == .float32, S.self == Float.self {
      let words: [UInt32] = ByteOrder.littleEndian.words(of: entry.bytes)
      let floats = Tensor(shape: entry.shape, elements: words.map { Float(bitPattern: $0) })
      if let floats = floats as? Tensor<S> { return floats }
    }
    return Tensor(shape: entry.shape, elements: kind.numbers(of: entry.bytes) { S($0) })
  }

  /// The tensor of integers with this name, whatever their width in the file; true is 1.
  /// - Throws: `FileError`: `.missingTensor`, or `.mismatch` when it holds no integers or one that does not fit `I`.
  public func tensor<I: FixedWidthInteger & BitwiseCopyable & Sendable>(
    _ name: String, as type: I.Type = I.self
  ) throws(FileError) -> Tensor<I> {
    let (entry, kind) = try numbers(name)
    guard kind.isInteger else {
      throw FileError(
        .mismatch, file: source, at: .tensor(name), expected: "a tensor of integers",
        found: "one of type \(kind.rawValue)", remedy: "Read it as Float.self or Double.self.")
    }
    let (integers, misfit) = kind.integers(of: entry.bytes, as: I.self)
    if let misfit {
      throw FileError(
        .mismatch, file: source, at: .tensor(name), expected: "integers from \(I.min) to \(I.max)", found: misfit,
        remedy: "Read it as Int64.self.")
    }
    return Tensor(shape: entry.shape, elements: integers)
  }

  private func numbers(_ name: String) throws(FileError) -> (Entry, ElementType) {
    let entry = try entry(name)
    guard let type = entry.type else {
      throw FileError(
        .unsupportedType, file: source, at: .tensor(name),
        expected: "one of the types \(ElementType.allCases.map(\.rawValue).joined(separator: ", "))",
        found: "\(entry.typeName), which this library does not read",
        remedy: "Convert the tensor where it was made, to F32 for example, and save it again.")
    }
    return (entry, type)
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
    /// The type as the file spells it.
    let typeName: String
    let shape: Shape
    let bytes: [UInt8]

    /// The type of the elements; nil for one that is not read.
    var type: ElementType? { ElementType(rawValue: typeName) }
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
