import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

@Suite("Weights of other programs")
struct OtherWeightsTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A file of one tensor of two elements for each type, with these bytes.
  private func file(_ tensors: [(type: String, bytes: [UInt8])]) throws -> Safetensors {
    var (header, data): ([String], [UInt8]) = ([], [])
    for (type, bytes) in tensors {
      header.append(
        "\"\(type)\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}"
      )
      data += bytes
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    return try Safetensors(contentsOf: folder.file("t", safetensorsBytes(header: text) + data))
  }

  @Test("every type of number is converted on request, and one that is not read spoils itself alone")
  func types() throws {
    let file = try file([
      ("F16", [0, 0x3E, 0, 0xFC]), ("BF16", [0xC0, 0x3F, 1, 0]), ("BOOL", [0, 1]), ("I8", [0xFF, 2]),
      ("U8", [0xFF, 2]), ("I16", [0xFE, 0xFF, 0, 1]), ("U16", [0xFE, 0xFF, 0, 1]),
      ("U32", [255, 255, 255, 255, 1, 0, 0, 0]), ("U64", [UInt8](repeating: 255, count: 8) + [1, 0, 0, 0, 0, 0, 0, 0]),
      ("F8_E4M3", [1, 2]), ("C64", [UInt8](repeating: 0, count: 16)), ("F4", [1]),
    ])
    func numbers(_ name: String) throws -> [Double] { try file.tensor(name, as: Double.self).elements }
    #expect(try numbers("F16") == [1.5, -.infinity])
    #expect(try numbers("BF16") == [1.5, 0x1p-133])
    #expect(try numbers("BOOL") == [0, 1])
    #expect(try numbers("I8") == [-1, 2])
    #expect(try numbers("U8") == [255, 2])
    #expect(try numbers("I16") == [-2, 256])
    #expect(try numbers("U16") == [65_534, 256])
    #expect(try numbers("U32") == [4_294_967_295, 1])
    #expect(try numbers("U64") == [0x1p64, 1])
    #expect(try file.tensor("U64", as: UInt64.self).elements == [.max, 1])
    #expect(try fileError { try file.tensor("U64", as: Int.self) }.found == "18446744073709551615 at position 0")
    for name in ["F8_E4M3", "C64", "F4"] {
      let error = try fileError { try file.tensor(name, as: Float.self) }
      #expect(error.reason == .unsupportedType && error.found.contains("\(name), which this library does not read"))
    }
    let url = folder.url.appendingPathComponent("again")
    try file.write(to: url)
    #expect(try Safetensors(contentsOf: url).tensor("F16", as: Double.self).elements == [1.5, -.infinity])
  }

  @Test("every half precision number is what its bits say")
  func halves() {
    for bits in UInt16.min...UInt16.max {
      let ours = NumberType.float16.numbers(of: [UInt8(bits & 0xFF), UInt8(bits >> 8)]) { $0 }[0]
      // By the sum of its digits.
      let exponent = Int(bits >> 10) & 31
      let fraction = (0..<10).reduce(0.0) {
        $0 + (bits >> UInt16($1) & 1 == 1 ? Double(sign: .plus, exponent: $1 - 10, significand: 1) : 0)
      }
      let size =
        exponent == 31
        ? (fraction == 0 ? Double.infinity : .nan)
        : Double(sign: .plus, exponent: max(exponent, 1) - 15, significand: 1) * (fraction + (exponent > 0 ? 1 : 0))
      #expect(ours == (bits < 0x8000 ? size : -size) || ours.isNaN && size.isNaN, "\(bits)")
      #expect(ours.isNaN || (ours.sign == .minus) == (bits >= 0x8000))
    }
  }

  // MARK: - Names

  private struct Network: Module {
    var words: Embedding<Float>
    var block: TransformerBlock<Float>
    var lstm: LSTM<Float>
    var norm: BatchNorm<Float>
    var attention: MultiHeadAttention<Float>
    var output: Linear<Float>
    static var parts: [PartialKeyPath<Self>] { [\.words, \.block, \.lstm, \.norm, \.attention, \.output] }

    init(seed: UInt64) {
      var generator = Generator(seed: seed)
      words = Embedding(5, 4, name: "words", using: &generator)
      block = TransformerBlock(4, heads: 2, hidden: 6, name: "block", using: &generator)
      lstm = LSTM(4, 3, name: "lstm", using: &generator)
      norm = BatchNorm(3, name: "norm")
      attention = MultiHeadAttention(4, heads: 2, name: "attend", using: &generator)
      output = Linear(3, 2, name: "output", using: &generator)
    }
  }

  @Test("a model is written under PyTorch's names, and read from them")
  func pyTorchNames() throws {
    let (model, other) = (Network(seed: 1), Network(seed: 2))
    let url = folder.url.appendingPathComponent("p.safetensors")
    try model.save(to: url, names: .pytorch)
    let file = try Safetensors(contentsOf: url)
    #expect(
      Set(file.names).isSuperset(of: [
        "words.weight", "block.self_attn.in_proj_weight", "block.self_attn.in_proj_bias",
        "block.self_attn.out_proj.weight", "block.linear1.weight", "block.linear2.bias", "block.norm1.weight",
        "block.norm2.bias", "lstm.weight_ih_l0", "lstm.bias_hh_l0", "norm.weight", "norm.bias", "norm.running_mean",
        "norm.running_var", "attend.in_proj_weight", "attend.out_proj.bias", "output.weight", "output.bias",
      ]))
    #expect(file.names.allSatisfy { !$0.contains("/") && !$0.contains("query") })
    #expect(file.shape(of: "attend.in_proj_weight") == [12, 4])
    let report = try other.load(from: url)
    #expect(report.missing.isEmpty && report.surplus.isEmpty)
    let (ours, theirs) = (folder.url.appendingPathComponent("a"), folder.url.appendingPathComponent("b"))
    try model.save(to: ours)
    try other.save(to: theirs)
    #expect(try Data(contentsOf: ours) == Data(contentsOf: theirs))
  }

  @Test("fewer heads of keys than of queries have no matrix in common, and are read back too")
  func groupedHeads() throws {
    var generator = Generator(seed: 1)
    func attention() -> MultiHeadAttention<Float> {
      MultiHeadAttention(8, heads: 4, keyValueHeads: 2, name: "a", using: &generator)
    }
    let (model, other) = (attention(), attention())
    let url = folder.url.appendingPathComponent("g")
    try model.save(to: url, names: .pytorch)
    #expect(try Safetensors(contentsOf: url).names.contains("a.key.weight"))
    try other.load(from: url)
  }

  private func perceptron(_ seed: UInt64) -> MLP<Float> {
    var generator = Generator(seed: seed)
    return MLP<Float>([3, 4, 2], using: &generator)
  }

  @Test("layers are renamed on request, counters are passed over, and a report names what did not meet")
  func renaming() throws {
    let (model, other) = (perceptron(1), perceptron(2))
    var file = Safetensors()
    for (layer, parameters) in zip(["net.1", "net.3"], [model.parameters[..<2], model.parameters[2...]]) {
      for (name, parameter) in zip(["weight", "bias"], parameters) { try file.add("\(layer).\(name)", parameter.value) }
    }
    try file.add("norm.num_batches_tracked", Tensor<Int64>(scalar: 7))
    let url = folder.url.appendingPathComponent("r")
    try file.write(to: url)
    let before = other.parameters.map(\.value)
    #expect(try fileError { try other.load(from: url) }.place == .tensor("net.1.weight"))
    #expect(other.parameters.map(\.value) == before)
    let part = try other.load(from: url, renaming: ["net.1": "fc1"], strict: false)
    #expect(part.missing == ["fc2/weight", "fc2/bias"] && part.surplus == ["net.3.weight", "net.3.bias"])
    #expect(other.parameters[0].value == model.parameters[0].value && other.parameters[2].value == before[2])
    #expect("\(part)".contains("2 missing: 'fc2/weight'"))
    try other.load(from: url, renaming: ["net": "", "net.1": "fc1", "net.3": "fc2"])
    #expect(other.parameters.map(\.value) == model.parameters.map(\.value))
    let twice = try fileError { try other.load(from: url, renaming: ["net.1": "fc1", "net.3": "fc1"]) }
    #expect(twice.reason == .duplicateName)
  }

  @Test("integers are no weights, and another shape is refused also where names need not fit")
  func refused() throws {
    let model = perceptron(1)
    let url = folder.url.appendingPathComponent("q")
    var file = Safetensors()
    try file.add("fc1.weight", Tensor<Int8>(shape: [4, 3], elements: Array(0..<12)))
    try file.write(to: url)
    #expect(try fileError { try model.load(from: url, strict: false) }.found == "integers of type I8")
    file = Safetensors()
    try file.add("fc1.weight", Tensor<Float>.zeros([3, 4]))
    try file.write(to: url)
    #expect(try fileError { try model.load(from: url, strict: false) }.found == "[3, 4]")
  }

  // MARK: - Several files, and arrays

  @Test("weights that are divided among files are read by their index, and refused where it is wrong")
  func shards() throws {
    let model = perceptron(1)
    let values = model.parameters.map(\.value)
    var (a, b) = (Safetensors(), Safetensors())
    try a.add("fc1.weight", values[0])
    try a.add("fc1.bias", values[1])
    try b.add("fc2.weight", values[2])
    try b.add("fc2.bias", values[3])
    try a.write(to: folder.url.appendingPathComponent("1.safetensors"))
    try b.write(to: folder.url.appendingPathComponent("2.safetensors"))
    func index(_ map: [String: String]) throws -> URL {
      let entries = map.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \"\($0.value)\"" }
      return try folder.file("m.json", "{\"metadata\": {}, \"weight_map\": {\(entries.joined(separator: ", "))}}")
    }
    let map = [
      "fc1.weight": "1.safetensors", "fc1.bias": "1.safetensors", "fc2.weight": "2.safetensors",
      "fc2.bias": "2.safetensors",
    ]
    let other = perceptron(2)
    try other.load(from: index(map))
    #expect(other.parameters.map(\.value) == values)
    for (change, words) in [
      (["fc3.bias": "2.safetensors"], "'fc3.bias'"), (["fc1.bias": "../1.safetensors"], "beside the index"),
      (["fc1.weight": "m.json", "fc1.bias": "m.json"], "of another kind"),
      (["x": "nowhere"], "expected a file, found none"),
      (["fc1.bias": "2.safetensors"], "every tensor in '1.safetensors'"),
    ] {
      let error = try fileError { try other.load(from: index(map.merging(change) { $1 })) }
      #expect(error.description.contains(words), "\(error)")
    }
    #expect(try fileError { try other.load(from: folder.file("j", "{\"a\": 1, \"b\": 2}")) }.found == "other JSON")
  }

  @Test("weights go into NumPy's archive and come back")
  func archive() throws {
    let (model, other) = (perceptron(1), perceptron(2))
    let (url, place) = (folder.url.appendingPathComponent("m"), folder.url.appendingPathComponent("m.npz"))
    try model.save(to: url)
    try Safetensors(contentsOf: url).write(npz: place, compressing: true)
    #expect(try NPZFile(contentsOf: place).names == ["fc1/weight", "fc1/bias", "fc2/weight", "fc2/bias"])
    try other.load(from: place)
    #expect(other.parameters.map(\.value) == model.parameters.map(\.value))
  }
}
