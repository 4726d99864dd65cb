import Adjoint
import AdjointFiles
import Foundation

extension Model {
  /// Writes the model with the values that its parameters have now, under the names and in the types of the file that was read.
  /// - Throws: `FileError` when the file cannot be written; one that is there stays as it was.
  public func save(onnx url: URL) throws {
    var model = onnx
    for place in model.graph.initializers.indices {
      let tensor = model.graph.initializers[place]
      guard let type = ONNXElement(rawValue: tensor.elementType) else { continue }
      var numbers: [Double]?
      if let parameter = held.first(where: { $0.name == tensor.name }) {
        numbers = parameter.value.elements.map(\.primal)
      } else if tensor.isExternal, case (_, _, .fractions(let constants)) = try tensor.content(beside: self.url) {
        numbers = constants
      }
      guard let numbers else { continue }
      guard let bytes = type.encoded(numbers) else {
        throw FileError(
          .unsupportedType, file: url.path, at: .tensor(tensor.name), expected: "parameters of float or double",
          found: type.name, remedy: "Convert the model to float before it is read.")
      }
      var new = ONNXTensor(tensor.name, dims: tensor.dims, type: type, raw: bytes)
      new.documentation = tensor.documentation
      model.graph.initializers[place] = new
    }
    if let external = model.graph.initializers.first(where: \.isExternal) {
      throw FileError(
        .unsupportedType, file: url.path, at: .tensor(external.name), expected: "whole numbers within the file",
        found: "a tensor in another file", remedy: "Export the model as one file.")
    }
    try model.write(to: url)
  }
}

extension ONNXElement {
  /// The little-endian bytes of numbers, or nil for a type to which they would be rounded.
  fileprivate func encoded(_ numbers: [Double]) -> [UInt8]? {
    switch self {
    case .float: ByteOrder.littleEndian.bytes(of: numbers.map { Float($0).bitPattern })
    case .double: ByteOrder.littleEndian.bytes(of: numbers.map(\.bitPattern))
    case .uint8, .int8, .uint16, .int16, .int32, .int64, .string, .bool, .float16, .uint32, .uint64: nil
    case .complex64, .complex128, .bfloat16: nil
    }
  }
}
