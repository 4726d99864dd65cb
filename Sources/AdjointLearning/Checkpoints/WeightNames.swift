import Adjoint
import AdjointFiles

/// The names under which weights are written.
public enum WeightNames: Sendable {
  /// The names of the parameters: `fc1/weight`, `norm/scale`.
  case own
  /// The names of a `state_dict` of PyTorch: `fc1.weight`, `norm.weight`. The matrices of attention for queries, keys and values
  /// are one, as `MultiheadAttention` keeps them.
  case pytorch
}

/// The names by which a file and a model did not meet, when weights were loaded that need not fit exactly.
public struct LoadReport: Sendable, Equatable, CustomStringConvertible {
  /// The parameters for which the file has no tensor; they are as they were.
  public let missing: [String]
  /// The tensors for which the model has no parameter; they were passed over.
  public let surplus: [String]

  public var description: String {
    func line(_ names: [String], _ word: String) -> String {
      names.isEmpty
        ? "nothing \(word)"
        : "\(names.count) \(word): \(names.prefix(8).map(quoted).joined(separator: ", "))"
          + (names.count > 8 ? ", …" : "")
    }
    return "LoadReport: \(line(missing, "missing")); \(line(surplus, "surplus"))"
  }
}

/// A parameter's name in a `state_dict` of PyTorch, as far as layers of the two correspond: the table in `Docs/Layers.md`.
///
/// Weights have the same layout there, [outputs, inputs] of a linear layer and [outputs, inputs, height, width] of a
/// convolution, so names are all that differs; but for queries, keys and values, which are rows of one matrix.
struct PyTorchName: Equatable {
  let name: String
  /// 0, 1 or 2 for queries, keys or values in a matrix of all three; nil for a tensor of its own.
  let part: Int?

  private static let statistics = ["runningMean": "running_mean", "runningVariance": "running_var"]
  private static let normalizing = ["scale": "weight", "shift": "bias"]

  /// Tensors of PyTorch's layers that have no counterpart and need none.
  static func isCounter(_ name: String) -> Bool { name.hasSuffix("num_batches_tracked") }

  /// The name of one parameter among all of its model: what stands beside it tells attention from a layer that is called so.
  init(_ name: String, among names: Set<String>) {
    var parts = name.split(separator: "/").map(String.init)
    var last = parts.popLast() ?? name
    func path(_ parts: some Sequence<String>) -> String { parts.map { $0 + "/" }.joined() }
    last = PyTorchName.statistics[last] ?? last
    if let word = PyTorchName.normalizing[last], !names.contains(path(parts) + word) { last = word }
    var part: Int?
    if let layer = parts.last {
      let around = parts.dropLast()
      let isAttention = names.contains(path(around) + "query/weight") && names.contains(path(around) + "output/weight")
      if isAttention, let place = ["query", "key", "value"].firstIndex(of: layer) {
        part = place
        parts.removeLast()
        last = "in_proj_" + last
      } else if isAttention, layer == "output" {
        parts[parts.count - 1] = "out_proj"
      } else if around.last == "feedForward", let word = ["up": "linear1", "down": "linear2"][layer],
        names.contains(path(around.dropLast()) + "attention/query/weight")
      {
        parts = around.dropLast() + [word]
      }
    }
    if let place = parts.lastIndex(of: "attention"), names.contains(path(parts[..<place]) + "feedForward/up/weight") {
      parts[place] = "self_attn"
    }
    self.name = (parts + [last]).joined(separator: ".")
    self.part = part
  }
}

extension Checkpoint {
  /// The tensors of these parameters under PyTorch's names.
  static func pyTorchTensors<S: Scalar>(
    _ parameters: [(name: String, parameter: Parameter<S>)]
  ) throws(FileError) -> Safetensors {
    var file = Safetensors()
    let names = Set(parameters.map(\.name))
    let theirs = parameters.map { PyTorchName($0.name, among: names) }
    for ((name, parameter), place) in zip(parameters, theirs) {
      guard let part = place.part else {
        try file.add(place.name, parameter.value)
        continue
      }
      // Recorded in any order, they are told apart by their names.
      let rows = theirs.indices.filter { theirs[$0].name == place.name }
        .sorted { theirs[$0].part ?? 0 < theirs[$1].part ?? 0 }.map { parameters[$0].parameter.value }
      guard rows.count == 3, rows.allSatisfy({ $0.shape == rows[0].shape }) else {
        // Fewer heads of keys than of queries: no layer of PyTorch has that, and no matrix of its own.
        try file.add(name.replacing("/", with: "."), parameter.value)
        continue
      }
      guard part == 0 else { continue }
      let shape = Shape([3 * rows[0].shape[0]] + rows[0].shape.dropFirst())
      try file.add(place.name, Tensor(shape: shape, elements: rows.flatMap(\.elements)))
    }
    return file
  }
}

/// The tensors of a file, found by the names of a model: its own, with dots for strokes, or PyTorch's.
struct WeightSearch {
  private let file: Safetensors
  /// The names in the file, by those that they are given.
  private let renamed: [String: String]
  private let names: Set<String>
  private(set) var used: Set<String> = []

  /// - Parameter renaming: parts of names in the file, from their beginning, and what stands in their place: `["1": "fc1"]`.
  init(_ file: Safetensors, present: [String], names: Set<String>, renaming: [String: String], path: String)
    throws(FileError)
  {
    (self.file, self.names) = (file, names)
    var renamed: [String: String] = [:]
    for name in present {
      let new = WeightSearch.rename(name, renaming)
      if let other = renamed.updateValue(name, forKey: new) {
        throw FileError(
          .duplicateName, file: path, at: .tensor(name), expected: "another name than \(quoted(other)) gets",
          found: "\(quoted(new)) twice, after renaming", remedy: "Rename each to a name of its own.")
      }
    }
    self.renamed = renamed
  }

  /// The name with the longest part that is to be renamed replaced, up to a dot, a stroke or the end.
  private static func rename(_ name: String, _ renaming: [String: String]) -> String {
    let parts = renaming.filter { part, _ in
      let rest = name.utf8.dropFirst(part.utf8.count).first
      return name.hasPrefix(part) && (rest == nil || [0x2E, 0x2F].contains(rest) || part.hasSuffix("."))
    }
    guard let (part, new) = parts.max(by: { $0.key.count < $1.key.count }) else { return name }
    let rest = name.dropFirst(part.count)
    return new.isEmpty ? String(rest.drop { $0 == "." || $0 == "/" }) : new + rest
  }

  /// The tensor for a parameter: its name in the file, and the third of its rows that is meant; nil when there is none.
  mutating func find(_ name: String) -> (name: String, part: Int?)? {
    let theirs = PyTorchName(name, among: names)
    let own = [name, name.replacing("/", with: ".")].lazy.compactMap { [renamed] in renamed[$0] }.first
    guard let found = own ?? renamed[theirs.name] else { return nil }
    used.insert(found)
    return (found, own == nil ? theirs.part : nil)
  }

  /// The shape and the numbers of what was found.
  func shape(of found: (name: String, part: Int?)) -> Shape? {
    guard let shape = file.shape(of: found.name), found.part != nil else { return file.shape(of: found.name) }
    guard shape.rank > 0, shape[0] % 3 == 0 else { return shape }
    return Shape([shape[0] / 3] + shape.dropFirst())
  }

  func tensor<S: Scalar>(_ found: (name: String, part: Int?), shape: Shape) throws(FileError) -> Tensor<S> {
    let tensor: Tensor<S> = try file.tensor(found.name)
    guard let part = found.part else { return tensor }
    let count = shape.elementCount
    return Tensor(shape: shape, elements: Array(tensor.elements[part * count..<(part + 1) * count]))
  }
}
