import Adjoint
import AdjointFiles
import AdjointLearning

extension Model: Layer, Detachable {
  /// Records a graph of one input and returns its first output.
  /// - Precondition: the model has one input, and x the shape that the file states; otherwise this traps with the sentence that
  ///   `record(_:on:)` throws.
  public func callAsFunction(_ x: Variable<S>) -> Variable<S> {
    guard inputs.count == 1, let output = outputs.first else {
      fatalError(
        "\(file): a model of the inputs \(inputs.map(\.name).joined(separator: ", ")) is recorded by "
          + "record([name: variable], on: tape)")
    }
    do {
      guard let y = try record([inputs[0].name: x], on: x.tape)[output.name] else {
        fatalError("\(file): the output \(quoted(output.name)) holds no numbers; ask record(_:on:) for another one")
      }
      return y
    } catch { fatalError("\(error)") }
  }
}

extension Model: CustomReflectable, CustomStringConvertible {
  /// Shows the parameters alone: whoever looks for them need not walk through the file.
  public var customMirror: Mirror { Mirror(self, children: ["parameters": held]) }

  /// The file, what goes in and comes out, and the number of parameters.
  public var description: String {
    "\(printable(file)): \(inputs.map(\.description).joined(separator: ", ")) to "
      + "\(outputs.map(\.description).joined(separator: ", ")), \(parameters.reduce(0) { $0 + $1.count }) parameters"
  }
}

extension Model.Port: CustomStringConvertible {
  /// The name with its dimensions: `x [_, 784]`.
  public var description: String {
    let dims = dimensions.map { $0.map { $0.map(String.init) ?? "_" }.joined(separator: ", ") }
    return printable(name) + (dims.map { " [\($0)]" } ?? "")
  }
}
