import AdjointCommandLine
import AdjointFiles
import AdjointONNX
import Foundation

/// `adjoint export`: a model in a format of other programs.
@main
enum ExportCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "export", summary: Sibling.export.summary, positional: ("MODEL", 1...1), options: [],
    notes: [("Examples", ["adjoint export model.onnx"])],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    let model = try ONNXModel(contentsOf: URL(fileURLWithPath: arguments.positionals[0]))
    console.field(
      "operator sets", model.operatorSets.map { "\($0.domain) \($0.version)" }.joined(separator: ", "), width: 15)
    console.field("nodes", "\(model.graph.nodes.count)", width: 15)
    return 0
  }
}
