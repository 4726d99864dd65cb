import AdjointFiles

/// A setting of a node: a name and a value of one of a few types.
///
/// Source: `AttributeProto` of `onnx.proto`, whose field numbers are stated here as facts.
package struct ONNXAttribute: WireMessage {
  /// The value.
  package enum Value: Sendable {
    case float(Float)
    case int(Int)
    case string(String)
    case tensor(ONNXTensor)
    case graph(ONNXGraph)
    case sparse(ONNXSparseTensor)
    case type(ONNXType)
    case floats([Float])
    case ints([Int])
    case strings([String])
    case tensors([ONNXTensor])
    case graphs([ONNXGraph])
    /// The attribute of this name of the function in whose body the node stands.
    case reference(String)
    /// Nothing that this reader knows.
    case missing
  }

  package var name = ""
  package var value = Value.missing
  package var documentation = ""
  /// The type that the file states; for a list it says which one an empty list is.
  private var type = 0

  package init() {}

  package init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }

  package mutating func take(_ field: WireField, of reader: WireReader) throws(FileError) {
    switch field.number {
    case 1: name = try reader.string(field)
    case 2: try put(.float(reader.float(field)), 1)
    case 3: try put(.int(reader.integer(field)), 2)
    case 4: try put(.string(reader.string(field)), 3)
    case 5: try put(.tensor(reader.message(field)), 4)
    case 6: try put(.graph(reader.message(field)), 5)
    case 7:
      var list: [Float] = []
      if case .floats(let earlier) = value { list = earlier }
      value = .missing
      try reader.append(field, to: &list)
      put(.floats(list), 6)
    case 8:
      var list: [Int] = []
      if case .ints(let earlier) = value { list = earlier }
      value = .missing
      try reader.append(field, to: &list)
      put(.ints(list), 7)
    case 9:
      if case .strings(let earlier) = value {
        try put(.strings(earlier + [reader.string(field)]), 8)
      } else {
        try put(.strings([reader.string(field)]), 8)
      }
    case 10:
      if case .tensors(let earlier) = value {
        try put(.tensors(earlier + [reader.message(field)]), 9)
      } else {
        try put(.tensors([reader.message(field)]), 9)
      }
    case 11:
      if case .graphs(let earlier) = value {
        try put(.graphs(earlier + [reader.message(field)]), 10)
      } else {
        try put(.graphs([reader.message(field)]), 10)
      }
    case 13: documentation = try reader.string(field)
    case 14: try put(.type(reader.message(field)), 13)
    case 20:
      type = try reader.integer(field)
      if case .missing = value { value = ONNXAttribute.empty(type) }
    case 21: value = .reference(try reader.string(field))
    case 22: try put(.sparse(reader.message(field)), 11)
    default: break
    }
  }

  /// Takes a value of a type, unless the file stated another type: some writers fill in every field.
  private mutating func put(_ new: Value, _ number: Int) {
    if case .reference = value { return }
    if type == 0 || type == number { value = new }
  }

  /// The value of a type of which the file gives no field: fields that are zero or empty may be left out.
  private static func empty(_ type: Int) -> Value {
    switch type {
    case 1: .float(0)
    case 2: .int(0)
    case 3: .string("")
    case 6: .floats([])
    case 7: .ints([])
    case 8: .strings([])
    case 9: .tensors([])
    case 10: .graphs([])
    default: .missing
    }
  }

  package func write(to writer: inout WireWriter) {
    writer.string(1, name)
    writer.string(13, documentation)
    let type: Int
    switch value {
    case .float(let value):
      writer.float(2, value)
      type = 1
    case .int(let value):
      writer.integer(3, value)
      type = 2
    case .string(let value):
      writer.raw(4, value.utf8)
      type = 3
    case .tensor(let value):
      writer.message(5, value)
      type = 4
    case .graph(let value):
      writer.message(6, value)
      type = 5
    case .floats(let values):
      for value in values { writer.float(7, value) }
      type = 6
    case .ints(let values):
      for value in values { writer.integer(8, value) }
      type = 7
    case .strings(let values):
      writer.strings(9, values)
      type = 8
    case .tensors(let values):
      writer.messages(10, values)
      type = 9
    case .graphs(let values):
      writer.messages(11, values)
      type = 10
    case .type(let value):
      writer.message(14, value)
      type = 13
    case .sparse(let value):
      writer.message(22, value)
      type = 11
    case .reference(let name):
      writer.string(21, name)
      type = self.type
    case .missing: type = self.type
    }
    if type != 0 { writer.integer(20, type) }
  }
}
