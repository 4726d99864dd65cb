import Adjoint
import AdjointFiles

/// Checks a graph before anything is recorded: operators, names, order.
struct GraphCheck<S: Scalar> {
  private let model: ONNXModel
  private let file: String
  private let known: Set<String>

  init(_ model: ONNXModel, file: String) {
    self.model = model
    self.file = file
    known = OperatorTable<S>.names.union(model.functions.map(\.key))
  }

  func check() throws(FileError) {
    guard !model.graph.nodes.isEmpty || !model.graph.outputs.isEmpty else {
      throw FileError(
        .wrongFormat, file: file, at: .wholeFile, expected: "an ONNX model with a graph", found: "none",
        remedy: "Give a file that an exporter wrote.")
    }
    try checkVersions()
    try checkNames(model.graph, outer: [])
    let nodes = model.allNodes
    let unknown = nodes.filter { !known.contains($0.key) }.map { node in
      (node, model.operatorSets.first { $0.domain.standardDomain == node.domain.standardDomain }?.version ?? 0)
    }
    guard unknown.isEmpty else { throw unknownOperators(unknown, among: nodes.count, file: file) }
  }

  /// The sets of operators are named: in another version an operator may mean something else. They may stand at the end of the
  /// file, which is then the first to be lost. Formats 1 and 2 know one version.
  private func checkVersions() throws(FileError) {
    let spoken = Set(model.operatorSets.map(\.domain.standardDomain))
    guard model.irVersion != 1, model.irVersion != 2,
      let node = model.graph.nodes.first(where: {
        OperatorTable<S>.names.contains($0.key) && !spoken.contains($0.domain.standardDomain)
      })
    else { return }
    throw FileError(
      .wrongFormat, file: file, at: .node(title(node)),
      expected: "the version of its set of operators (opset_import)", found: "none",
      remedy: "The file is cut short or damaged; get it again from its source, or export it again.")
  }

  /// Names are given once, and before they are read; so there are no cycles.
  private func checkNames(_ graph: ONNXGraph, outer: Set<String>) throws(FileError) {
    var given: Set<String> = []
    func add(_ name: String, _ kind: String) throws(FileError) {
      guard given.insert(name).inserted else {
        throw FileError(
          .duplicateName, file: file, at: .tensor(name), expected: "a name that is given once", found: "\(kind) again",
          remedy: "The model is damaged; export it again.")
      }
    }
    for input in graph.inputs { try add(input.name, "an input") }
    let inputs = given
    var held: Set<String> = []
    for tensor in graph.initializers {
      guard held.insert(tensor.name).inserted else {
        throw FileError(
          .duplicateName, file: file, at: .tensor(tensor.name), expected: "a name that is given once",
          found: "an initialiser again", remedy: "The model is damaged; export it again.")
      }
      if !inputs.contains(tensor.name) { try add(tensor.name, "an initialiser") }
    }
    for tensor in graph.sparseInitializers {
      throw FileError(
        .unsupportedType, file: file, at: .tensor(tensor.values.name), expected: "dense tensors", found: "a sparse one",
        remedy: "Export the model with dense tensors.")
    }
    for node in graph.nodes {
      for name in node.inputs where !name.isEmpty && !given.contains(name) && !outer.contains(name) {
        let isLater = graph.nodes.contains { $0.outputs.contains(name) }
        throw FileError(
          .missingTensor, file: file, at: .node(title(node)), expected: "the operand \(quoted(name)) before it",
          found: isLater ? "a node behind it that gives it, a cycle or a wrong order" : "nothing of that name",
          remedy: "The model is damaged or incomplete; export it again.")
      }
      for attribute in node.attributes {
        guard case .graph(let inner) = attribute.value else { continue }
        try checkNames(inner, outer: outer.union(given))
      }
      for name in node.outputs where !name.isEmpty { try add(name, "the result of \(title(node))") }
    }
    for output in graph.outputs where !given.contains(output.name) && !outer.contains(output.name) {
      throw FileError(
        .missingTensor, file: file, at: .tensor(output.name), expected: "a node that gives this output", found: "none",
        remedy: "The model is damaged or incomplete; export it again.")
    }
  }

  private func title(_ node: ONNXNode) -> String {
    "\(quoted(node.name.isEmpty ? node.outputs.first ?? "" : node.name)) (\(node.operation))"
  }
}
