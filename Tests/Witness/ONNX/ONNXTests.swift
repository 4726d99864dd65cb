import Adjoint
import AdjointFiles
import AdjointONNX
import Foundation

/// Runs the tests of ONNX, whose folders stand in standard input, and prints an outcome a line.
func runONNXTests() {
  while let folder = readLine() {
    let outcome = ONNXTest(folder: URL(fileURLWithPath: folder)).run()
    print(
      JSON.object([("test", .string(folder)), ("outcome", .string(outcome.word)), ("reason", .string(outcome.reason))])
        .text)
    // A line at a time: what traps has a name then.
    fflush(nil)
  }
}

/// The outcome of a test.
enum ONNXOutcome {
  case passes(String)
  case wrong(String)
  case refused(String)

  var word: String {
    switch self {
    case .passes: "passes"
    case .wrong: "wrong"
    case .refused: "refused"
    }
  }

  var reason: String {
    switch self {
    case .passes(let text), .wrong(let text), .refused(let text): text
    }
  }
}

/// One test: a model, and sets of inputs with the outputs that the standard's own implementation gave.
struct ONNXTest {
  let folder: URL

  /// In Double where the test has a Double, else in Float.
  func run() -> ONNXOutcome {
    do {
      let model = try Model<Float>(onnx: folder.appendingPathComponent("model.onnx"))
      let ports = model.inputs + model.outputs
      let isDouble = ports.contains { $0.elementType == ONNXElement.double.rawValue }
      return isDouble ? try run(Double.self) : try run(Float.self)
    } catch let error as FileError {
      return .refused("expected \(error.expected), found \(error.found)")
    } catch { return .refused("\(error)") }
  }

  private func run<S: Scalar>(_ type: S.Type) throws -> ONNXOutcome {
    let model = try Model<S>(onnx: folder.appendingPathComponent("model.onnx"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let sets = names.filter { $0.hasPrefix("test_data_set_") }.sorted()
    guard !sets.isEmpty else { return .refused("no data") }
    var largest = 0.0
    for name in sets {
      let set = folder.appendingPathComponent(name)
      let tape = Tape<S>(mode: .inference)
      var inputs: [String: GraphValue<S>] = [:]
      for (i, info) in model.onnx.graph.inputs.enumerated() {
        let file = set.appendingPathComponent("input_\(i).pb")
        guard FileManager.default.fileExists(atPath: file.path) else { continue }
        inputs[info.name] = try GivenValue(file, like: info).recorded(on: tape, origin: info.name)
      }
      let outputs = try model.record(inputs, on: tape)
      for (i, info) in model.onnx.graph.outputs.enumerated() {
        let expected = try GivenValue(set.appendingPathComponent("output_\(i).pb"), like: info)
        if outputs[i].origins.contains(GraphValue<S>.chance) { return .refused("random numbers of another generator") }
        let (fault, error) = expected.fault(of: outputs[i])
        if let fault { return .wrong("output \(info.name): \(fault)") }
        largest = max(largest, error)
      }
    }
    return .passes(String(format: "%.1e", largest))
  }
}

/// A value of a test's files.
indirect enum GivenValue {
  case tensor(ONNXElement, [Int], TensorContent)
  case sequence([GivenValue])
  case absent

  /// Reads a tensor, a sequence or an optional value, as the graph states it.
  init(_ url: URL, like info: ONNXValueInfo) throws {
    let bytes = try InputFile(url).contents(memoryLimit: 1 << 30)
    var reader = WireReader(bytes, file: url.path)
    switch info.type.kind {
    case .tensor: self = try GivenValue(ONNXTensor(from: &reader), url)
    case .sequence: self = try GivenValue(sequence: &reader, url)
    case .optional(let inner):
      // The type of the element: field 1 a tensor, field 4 a sequence.
      self = try GivenValue(optional: &reader, url, isSequence: inner.contains(0x22))
    case .map, .sparseTensor, .unknown:
      throw FileError(
        .unsupportedType, file: url.path, at: .wholeFile, expected: "tensors and sequences of them",
        found: "another kind of value", remedy: "None.")
    }
  }

  private init(_ tensor: ONNXTensor, _ url: URL) throws {
    let (type, dims, content) = try tensor.content(beside: url)
    self = .tensor(type, dims, content)
  }

  private init(sequence reader: inout WireReader, _ url: URL) throws {
    var parts: [GivenValue] = []
    while let field = try reader.next() {
      if field.number == 3 { parts.append(try GivenValue(try reader.message(field, as: ONNXTensor.self), url)) }
    }
    self = .sequence(parts)
  }

  private init(optional reader: inout WireReader, _ url: URL, isSequence: Bool) throws {
    self = .absent
    while let field = try reader.next() {
      if field.number == 3 { self = try GivenValue(try reader.message(field, as: ONNXTensor.self), url) }
      if field.number == 5 {
        var inner = WireReader(Array(try reader.slice(field)), file: url.path)
        self = try GivenValue(sequence: &inner, url)
      }
    }
  }

  func recorded<S: Scalar>(on tape: Tape<S>, origin: String) -> GraphValue<S> {
    switch self {
    case .tensor(let type, let dims, .fractions(let numbers)):
      return GraphValue(
        tape.input(Tensor(shape: Shape(dims), elements: numbers.map { S($0) }), name: origin), type,
        origins: [origin])
    case .tensor(let type, let dims, .whole(let numbers)):
      var value = GraphValue<S>(WholeNumbers(numbers, dims: dims), type, origins: [origin])
      if type != .bool, !dims.isEmpty, numbers.allSatisfy({ 0..<1 << 31 ~= $0 }) {
        value.index = tape.index(Tensor(shape: Shape(dims), elements: numbers.map { Int32($0) }), name: origin)
      }
      return value
    case .tensor(_, let dims, .texts(let texts)): return GraphValue(texts: texts, dims: dims)
    case .sequence(let parts):
      let values = parts.map { $0.recorded(on: tape, origin: origin) }
      return GraphValue(sequence: values, type: values.first?.type ?? .float)
    case .absent: return .absent
    }
  }

  /// The difference of a result, or nil, and the largest error relative to the largest number.
  func fault<S: Scalar>(of value: GraphValue<S>) -> (String?, Double) {
    switch (self, value.content) {
    case (.tensor(let type, let dims, let content), _):
      guard value.dims ?? [-1] == dims else { return ("shape \(value.dims ?? []) and not \(dims)", 0) }
      guard value.type == type || !type.isWhole && !value.type.isWhole else {
        return ("type \(value.type.name) and not \(type.name)", 0)
      }
      let expected: [Double]
      switch content {
      case .fractions(let numbers): expected = numbers
      case .whole(let numbers): expected = numbers.map(Double.init)
      case .texts(let texts):
        guard case .texts(texts, _) = value.content else { return ("other texts", 0) }
        return (nil, 0)
      }
      let found: [Double]
      switch value.content {
      case .numbers(let x):
        found = x.holdsIndices ? x.indexValue.elements.map { Double($0) } : x.value.elements.map(\.primal)
      case .whole(let x): found = x.values.map(Double.init)
      case .texts, .sequence, .absent: return ("a value of another kind", 0)
      }
      return compare(found, expected, isHalf: type == .float16 || type == .bfloat16)
    case (.sequence(let parts), .sequence(let values)):
      guard parts.count == values.count else { return ("\(values.count) elements and not \(parts.count)", 0) }
      var largest = 0.0
      for (part, value) in zip(parts, values) {
        let (fault, error) = part.fault(of: value)
        if let fault { return (fault, 0) }
        largest = max(largest, error)
      }
      return (nil, largest)
    case (.absent, .absent): return (nil, 0)
    case (.sequence, _), (.absent, _): return ("a value of another kind", 0)
    }
  }

  /// The standard's own bound: 1e-3 relative and 1e-7 absolute.
  private func compare(_ found: [Double], _ expected: [Double], isHalf: Bool) -> (String?, Double) {
    let scale = expected.filter(\.isFinite).reduce(0) { max($0, abs($1)) }
    var largest = 0.0
    for (i, (a, b)) in zip(found, expected).enumerated() where a != b && !(a.isNaN && b.isNaN) {
      guard abs(a - b) <= 1e-7 + 1e-3 * abs(b) else { return ("element \(i) is \(a) and not \(b)", 0) }
      largest = max(largest, abs(a - b) / max(scale, 1e-30))
    }
    return (nil, largest)
  }
}
