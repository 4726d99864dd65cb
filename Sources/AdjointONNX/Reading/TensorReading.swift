import Adjoint
import AdjointFiles
import Foundation

/// The numbers of a tensor in a file, checked before memory is taken.
package enum TensorContent {
  case fractions([Double])
  case whole([Int])
  case texts([String])
}

extension ONNXTensor {
  /// The most elements that a tensor of a file may have: what a shape holds.
  private static let mostElements = 1 << 31

  /// The type and the numbers of the tensor; `url` is the model's file, beside which others may stand.
  /// - Throws: `FileError` with the tensor's name where type, dimensions and numbers contradict each other.
  package func content(beside url: URL) throws(FileError) -> (type: ONNXElement, dims: [Int], content: TensorContent) {
    func error(_ reason: FileError.Reason, _ expected: String, _ found: String) -> FileError {
      FileError(
        reason, file: url.path, at: .tensor(name), expected: expected, found: found,
        remedy: "The file is damaged, or of a kind that is not read; export the model again.")
    }
    guard let type = ONNXElement(rawValue: elementType), type != .complex64, type != .complex128 else {
      throw error(
        .unsupportedType, "whole numbers, truth values, float, double, float16 or bfloat16",
        ONNXElement.name(of: elementType))
    }
    var count = 1
    for dim in dims {
      let (product, overflow) = count.multipliedReportingOverflow(by: dim)
      guard dim >= 0, !overflow, product <= ONNXTensor.mostElements else {
        throw error(.badShape, "dimensions of at most \(ONNXTensor.mostElements) elements", "\(dims)")
      }
      count = product
    }
    guard dims.count <= 8 else { throw error(.badShape, "at most 8 dimensions", "\(dims.count)") }
    func check(_ found: Int, _ unit: String = "numbers", each: Int = 1) throws(FileError) {
      guard found == count * each else { throw error(.mismatch, "\(count * each) \(unit) for \(dims)", "\(found)") }
    }
    let bytes = isExternal ? try externalBytes(count * type.size, beside: url) : raw
    if let bytes {
      try check(bytes.count, "bytes", each: type.size)
      return (type, dims, type.decoded(Array(bytes)))
    }
    switch type {
    case .float:
      try check(floats.count)
      return (type, dims, .fractions(floats.map(Double.init)))
    case .double:
      try check(doubles.count)
      return (type, dims, .fractions(doubles))
    case .float16, .bfloat16:
      try check(int32s.count)
      return (type, dims, .fractions(int32s.map { type.half(UInt16(truncatingIfNeeded: $0)) }))
    case .string:
      try check(strings.count, "texts")
      return (type, dims, .texts(strings))
    case .int64:
      try check(int64s.count)
      return (type, dims, .whole(int64s))
    case .uint32, .uint64:
      try check(uint64s.count)
      return (type, dims, .whole(uint64s))
    case .uint8, .int8, .uint16, .int16, .int32, .bool:
      try check(int32s.count)
      return (type, dims, .whole(int32s.map(type.wrapped)))
    case .complex64, .complex128: throw error(.unsupportedType, "numbers", type.name)
    }
  }

  /// The bytes that stand in another file, which lies in the folder of the model or below it.
  private func externalBytes(_ count: Int, beside url: URL) throws(FileError) -> ArraySlice<UInt8> {
    func error(_ expected: String, _ found: String) -> FileError {
      FileError(
        .badOffsets, file: url.path, at: .tensor(name), expected: expected, found: found,
        remedy: "Keep the files of a model together, as they were exported.")
    }
    let entries = Dictionary(external.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    guard let location = entries["location"], !location.isEmpty else {
      throw error("the location of the numbers", "none")
    }
    let folder = url.deletingLastPathComponent()
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.hasPrefix("/"), !location.contains("\\"), !parts.contains(".."), !location.contains("\0") else {
      throw error("a file in the folder of the model", quoted(location))
    }
    let place = folder.appendingPathComponent(location)
    let root = folder.resolvingSymlinksInPath().path
    guard place.resolvingSymlinksInPath().path.hasPrefix(root == "/" ? root : root + "/") else {
      throw error("a file in the folder of the model", "\(quoted(location)), a link out of it")
    }
    func number(_ key: String) throws(FileError) -> Int? {
      guard let text = entries[key] else { return nil }
      guard let value = Int(text), value >= 0 else { throw error("a whole number as \(key)", quoted(text)) }
      return value
    }
    let offset = try number("offset") ?? 0
    let file = try InputFile(place)
    let length = try number("length") ?? count
    guard length == count, offset <= file.size, count <= file.size - offset else {
      throw error("\(count) bytes from byte \(offset) of \(quoted(location))", "\(length) in a file of \(file.size)")
    }
    return try file.bytes(offset..<offset + count)[...]
  }
}

extension ONNXElement {
  /// The name of a type by its number in the format, also of one that is not read.
  ///
  /// Source: `TensorProto.DataType` of `onnx.proto`.
  package static func name(of number: Int) -> String {
    let others = [
      17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4",
      23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
    ]
    return ONNXElement(rawValue: number)?.name ?? others[number] ?? "element type \(number)"
  }

  /// The numbers that little-endian bytes make.
  fileprivate func decoded(_ bytes: [UInt8]) -> TensorContent {
    let order = ByteOrder.littleEndian
    return switch self {
    case .float: .fractions(order.words(of: bytes, as: UInt32.self).map { Double(Float(bitPattern: $0)) })
    case .double: .fractions(order.words(of: bytes, as: UInt64.self).map(Double.init(bitPattern:)))
    case .float16, .bfloat16: .fractions(order.words(of: bytes, as: UInt16.self).map(half))
    case .uint8, .bool: .whole(bytes.map { wrapped(Int($0)) })
    case .int8: .whole(bytes.map { Int(Int8(bitPattern: $0)) })
    case .uint16: .whole(order.words(of: bytes, as: UInt16.self).map { Int($0) })
    case .int16: .whole(order.words(of: bytes, as: Int16.self).map { Int($0) })
    case .int32: .whole(order.words(of: bytes, as: Int32.self).map { Int($0) })
    case .uint32: .whole(order.words(of: bytes, as: UInt32.self).map { Int($0) })
    case .int64: .whole(order.words(of: bytes, as: Int64.self).map { Int($0) })
    case .uint64: .whole(order.words(of: bytes, as: UInt64.self).map { Int(truncatingIfNeeded: $0) })
    case .string, .complex64, .complex128: .texts([])
    }
  }

  /// The number that these bits make as a half precision, IEEE's binary16 or the upper half of a Float.
  fileprivate func half(_ bits: UInt16) -> Double {
    if self == .bfloat16 { return Double(Float(bitPattern: UInt32(bits) << 16)) }
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let magnitude =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? Double.infinity : Double.nan
      default: (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
      }
    return bits >> 15 == 0 ? magnitude : -magnitude
  }
}
