import Adjoint
import AdjointFiles
import AdjointONNX
import Foundation

/// Records damaged copies of ONNX's tests: "FIRST COUNT FOLDER" a line, and one mutant's number and damage a line of the error
/// output before it is recorded. Each is recorded, or refused with a `FileError`; what traps has its damage as the last line.
func runDamagedONNXTests() {
  while let line = readLine() {
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count == 3, let first = Int(words[0]), let count = Int(words[1]) else { continue }
    let test = ONNXTest(folder: URL(fileURLWithPath: String(words[2])))
    var (recorded, refused, faults) = (0, 0, [String]())
    for number in first..<first + count {
      alarm(60)
      do { recorded += try test.recordDamaged(number) ? 1 : 0 } catch is FileError { refused += 1 } catch {
        faults.append("mutant \(number): an error that is no FileError: \(error)")
      }
    }
    alarm(0)
    let outcome: ONNXOutcome =
      faults.isEmpty ? .passes("\(recorded) \(refused)") : .wrong(faults.joined(separator: "; "))
    print(
      JSON.object([
        ("test", .string(test.folder.path)), ("outcome", .string(outcome.word)), ("reason", .string(outcome.reason)),
      ]).text)
    fflush(nil)
  }
}

extension ONNXTest {
  /// Records one mutant; false where the test has no inputs to damage.
  fileprivate func recordDamaged(_ number: Int) throws -> Bool {
    let file = folder.appendingPathComponent("model.onnx")
    let set = folder.appendingPathComponent("test_data_set_0")
    var model = try ONNXModel(contentsOf: file)
    var inputs: [String: GivenValue] = [:]
    for (i, info) in model.graph.inputs.enumerated() {
      let place = set.appendingPathComponent("input_\(i).pb")
      guard FileManager.default.fileExists(atPath: place.path) else { continue }
      inputs[info.name] = try GivenValue(place, like: info)
    }
    var damage = GraphDamage(name: folder.lastPathComponent, number: number)
    let words = (0...number % 2).map { _ in damage.apply(to: &model, &inputs) }.joined(separator: ", ")
    FileHandle.standardError.write(Data("mutant \(number): \(words)\n".utf8))
    let damaged = try Model<Float>(model, from: file)
    let tape = Tape<Float>(mode: .inference)
    _ = try damaged.record(
      inputs.mapValues { $0.recorded(on: tape, origin: "") }, on: tape)
    return true
  }
}

/// Random damage that keeps the format: attributes, operands, versions, shapes and whole numbers.
private struct GraphDamage {
  private var generator: Generator
  private static let numbers = [
    -1, 0, 1, 2, 3, 4, 5, 7, 100, -2, -100, 1 << 31, -1 << 31, 1 << 40, .max, .min, -1, 0, 1, 2, 3,
  ]

  init(name: String, number: Int) {
    let key = name.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
    generator = Generator(seed: key).stream(UInt64(number))
  }

  private mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(max(count, 1))) }
  private mutating func pick<T>(_ all: [T]) -> T { all[pick(all.count)] }

  mutating func apply(to model: inout ONNXModel, _ inputs: inout [String: GivenValue]) -> String {
    let shaped = inputs.keys.sorted()
    if !shaped.isEmpty, pick(2) == 0 {
      let name = pick(shaped)
      guard case .tensor(let type, let dims, let content)? = inputs[name] else { return "nothing" }
      let new = damaged(type, dims, content)
      inputs[name] = new
      for i in model.graph.inputs.indices where model.graph.inputs[i].name == name {
        model.graph.inputs[i].type = ONNXType()
      }
      guard case .tensor(_, let found, .whole(let values)) = new else {
        guard case .tensor(_, let found, _) = new else { return "nothing" }
        return "\(name) of \(dims) is \(found)"
      }
      return "\(name) of \(dims) is \(values.prefix(9)) of \(found)"
    }
    guard !model.graph.nodes.isEmpty else { return "nothing" }
    let place = pick(model.graph.nodes.count)
    switch pick(8) {
    case 0:
      let version = 1 + pick(26)
      for i in model.operatorSets.indices { model.operatorSets[i].version = version }
      return "operator set \(version)"
    case 1, 2:
      let count = model.graph.nodes[place].inputs.count
      guard count > 0 else { return "nothing" }
      let (i, j) = (pick(count), pick(count))
      if i == j { model.graph.nodes[place].inputs[i] = "" } else { model.graph.nodes[place].inputs.swapAt(i, j) }
      return "\(model.graph.nodes[place].operation) of operands \(model.graph.nodes[place].inputs)"
    case _: return attribute(of: &model.graph.nodes[place])
    }
  }

  private mutating func attribute(of node: inout ONNXNode) -> String {
    guard !node.attributes.isEmpty else {
      node.inputs.append(node.inputs.first ?? "")
      return "\(node.operation) of operands \(node.inputs)"
    }
    let i = pick(node.attributes.count)
    let number = pick(Self.numbers)
    let name = node.attributes[i].name
    if pick(6) == 0 {
      node.attributes.remove(at: i)
      return "\(node.operation) without \(name)"
    }
    switch node.attributes[i].value {
    case .int: node.attributes[i].value = .int(number)
    case .float: node.attributes[i].value = .float(pick([0, -1, .nan, .infinity, -.infinity, 1e30, 1e-30, 2]))
    case .string: node.attributes[i].value = .string(pick(["", "x", "SAME_UPPER", "linear", "reflect", "Tanh"]))
    case .ints(var list):
      switch pick(3) {
      case 0 where !list.isEmpty: list.removeLast()
      case 1: list.append(number)
      case _: if !list.isEmpty { list[pick(list.count)] = number }
      }
      node.attributes[i].value = .ints(list)
    case .floats(let list): node.attributes[i].value = .floats(Array(list.dropLast()))
    case .strings(let list): node.attributes[i].value = .strings(pick(2) == 0 ? list + ["x"] : Array(list.dropLast()))
    case .tensor, .graph, .sparse, .type, .tensors, .graphs, .reference, .missing:
      node.attributes[i].value = .int(number)
    }
    return "\(node.operation) with \(name) \("\(node.attributes[i].value)".prefix(99))"
  }

  private mutating func damaged(_ type: ONNXElement, _ old: [Int], _ content: TensorContent) -> GivenValue {
    if case .whole(var values) = content, !values.isEmpty, pick(2) == 0 {
      values[pick(values.count)] = pick(Self.numbers)
      return .tensor(type, old, .whole(values))
    }
    var dims = old
    switch pick(3) {
    case 0 where !dims.isEmpty: dims.remove(at: pick(dims.count))
    case 1 where !dims.isEmpty:
      let axis = pick(dims.count)
      dims[axis] = pick([0, 1, dims[axis] + 1, 2 * dims[axis]])
    case _: if dims.count < 8 { dims.insert(pick([1, 1, 2, 0]), at: pick(dims.count + 1)) }
    }
    let count = dims.reduce(1, *)
    func cycled<T>(_ values: [T], _ empty: T) -> [T] {
      (0..<count).map { values.isEmpty ? empty : values[$0 % values.count] }
    }
    switch content {
    case .fractions(let values): return .tensor(type, dims, .fractions(cycled(values, 0)))
    case .whole(let values): return .tensor(type, dims, .whole(cycled(values, 0)))
    case .texts(let values): return .tensor(type, dims, .texts(cycled(values, "")))
    }
  }
}
