/// The nodes and tensors of an ONNX model: an oracle that reads each message into a list of its fields.
struct StrictONNX {
  private(set) var operations: [String] = []
  /// The operands and results of each node.
  private(set) var names: [[String]] = []
  private(set) var tensors: [String] = []
  private(set) var dims: [[Int]] = []

  private struct Field {
    let number: Int
    let value: UInt64
    let content: [UInt8]?
    var text: String { String(decoding: content ?? [], as: UTF8.self) }
  }

  init?(_ bytes: [UInt8]) {
    guard let model = StrictONNX.fields(bytes) else { return nil }
    // The last graph counts.
    guard let graph = StrictONNX.fields(model.last { $0.number == 7 }?.content ?? []) else { return nil }
    for field in graph where field.number == 1 || field.number == 5 {
      guard let parts = StrictONNX.fields(field.content ?? []) else { return nil }
      if field.number == 1 {
        operations.append(parts.last { $0.number == 4 }?.text ?? "")
        names.append(parts.filter { $0.number == 1 }.map(\.text) + parts.filter { $0.number == 2 }.map(\.text))
        continue
      }
      tensors.append(parts.last { $0.number == 8 }?.text ?? "")
      var extents: [Int] = []
      for part in parts where part.number == 1 {
        guard var rest = part.content?[...] else {
          extents.append(Int(truncatingIfNeeded: part.value))
          continue
        }
        while !rest.isEmpty {
          guard let number = StrictONNX.number(&rest) else { return nil }
          extents.append(Int(truncatingIfNeeded: number))
        }
      }
      dims.append(extents)
    }
  }

  private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    let end = rest.prefix(10).firstIndex { $0 < 128 }
    guard let end else { return nil }
    let digits = rest[...end]
    rest = rest[(end + 1)...]
    guard digits.count < 10 || digits[end] <= 1 else { return nil }
    return digits.reversed().reduce(0) { $0 << 7 | UInt64($1 & 127) }
  }

  private static func fields(_ bytes: [UInt8]) -> [Field]? {
    var rest = bytes[...]
    var fields: [Field] = []
    while !rest.isEmpty {
      guard let key = number(&rest), (1..<1 << 29).contains(key / 8) else { return nil }
      var (value, content): (UInt64, [UInt8]?) = (0, nil)
      var length: UInt64 = 0
      switch key % 8 {
      case 0:
        guard let found = number(&rest) else { return nil }
        value = found
      case 1: length = 8
      case 2:
        guard let found = number(&rest) else { return nil }
        length = found
      case 5: length = 4
      case _: return nil
      }
      guard length <= UInt64(rest.count) else { return nil }
      if key % 8 == 2 { content = Array(rest.prefix(Int(length))) }
      rest = rest.dropFirst(Int(length))
      fields.append(Field(number: Int(key / 8), value: value, content: content))
    }
    return fields
  }
}
