import Adjoint
import AdjointFiles

extension Explanation {
  /// The inputs, outputs and targets of the model whose loss is explained, so that the page can draw what it predicts:
  /// a table, the boundary of decision over two inputs, the curve over one. It may carry examples to choose from.
  ///
  /// ```swift
  /// var page = Explanation(of: crossEntropy(logits: logits, labels: labels))
  /// page.predictions = .classes(logits, of: x, labels: labels)
  /// ```
  public struct Predictions: Sendable {
    /// The meaning of the outputs.
    enum Kind: String { case classes, logits, probabilities, values }

    /// Numbers of the recording: one node that holds them all, or a node for each; and those recorded.
    struct Place {
      var nodes: [Int]
      var shape: Shape
      var values: [Double]

      init<S: Scalar>(_ x: Variable<S>) {
        nodes = [x.index]
        shape = x.shape
        values = x.holdsIndices ? x.indexValue.elements.map(Double.init) : x.value.elements.map(\.primal)
      }

      var json: JSON {
        .object(
          [("nodes", .integers(nodes)), ("shape", .integers(shape))]
            + (nodes.isEmpty ? [("values", PageValues.encoded(values))] : []))
      }
    }

    private let kind: Kind
    private var inputs: Place
    private var outputs: Place
    private var targets: Place
    private var examples: Examples?

    /// Examples that the page carries.
    private struct Examples {
      let inputs: Tensor<Double>
      let targets: [Double]
      let first: Int
      let firstNumber: Int

      var count: Int { inputs.shape[0] }
    }

    private init<S: Scalar>(_ kind: Kind, _ y: Variable<S>, of x: Variable<S>, _ targets: Variable<S>) {
      (self.kind, inputs, outputs, self.targets) = (kind, Place(x), Place(y), Place(targets))
    }

    /// Logits of classes [N, classes], inputs [N, …] and the numbers of the right classes [N].
    public static func classes<S: Scalar>(_ logits: Variable<S>, of x: Variable<S>, labels: Variable<S>) -> Predictions
    {
      Predictions(.classes, logits, of: x, labels)
    }

    /// Logits of one probability [N, 1], inputs [N, …] and targets 0 or 1.
    public static func logits<S: Scalar>(_ logits: Variable<S>, of x: Variable<S>, targets: Variable<S>) -> Predictions
    {
      Predictions(.logits, logits, of: x, targets)
    }

    /// Probabilities [N, 1], inputs [N, …] and targets 0 or 1.
    public static func probabilities<S: Scalar>(
      _ probabilities: Variable<S>, of x: Variable<S>, targets: Variable<S>
    ) -> Predictions {
      Predictions(.probabilities, probabilities, of: x, targets)
    }

    /// Numbers [N, …], inputs [N, …] and the numbers that they should be.
    public static func values<S: Scalar>(_ y: Variable<S>, of x: Variable<S>, targets: Variable<S>) -> Predictions {
      Predictions(.values, y, of: x, targets)
    }

    /// The same with examples that the page carries, of which a reader chooses what the batch holds.
    /// - Parameters:
    ///   - inputs: an example each along the first axis.
    ///   - targets: their targets, in the same order.
    ///   - first: the first of the examples that the batch holds as recorded, from 0.
    ///   - firstNumber: the number that the page gives to the first example.
    /// - Precondition: there are as many targets to an example as in the batch, and `first` is one of the examples.
    public func choosing(
      among inputs: Tensor<Double>, targets: [Double], first: Int = 0, numberedFrom firstNumber: Int = 0,
      file: StaticString = #fileID, line: UInt = #line
    ) -> Predictions {
      let (count, batch) = (inputs.shape.first ?? 0, max(self.inputs.shape.first ?? 1, 1))
      let (width, features) = (self.targets.values.count / batch, self.inputs.shape.elementCount / batch)
      guard (0..<count).contains(first), targets.count == count * width, inputs.elements.count == count * features
      else {
        fatalError(
          "Explanation.Predictions: examples of shape \(inputs.shape) with \(targets.count) targets, the first of them \(first), do "
            + "not fit a batch of \(self.inputs.shape) with \(self.targets.values.count) targets; give \(features) numbers and "
            + "\(width) targets to each example", file: file, line: line)
      }
      var copy = self
      copy.examples = Examples(inputs: inputs, targets: targets, first: first, firstNumber: firstNumber)
      return copy
    }

    /// The same for the single numbers of an X-ray. Labels are no numbers of it, so there other examples cannot be fed.
    package func expanded(in xRay: ScalarXRay) -> Predictions {
      var copy = self
      func expand(_ place: Place) -> Place {
        var place = place
        place.nodes = place.nodes.flatMap { xRay.elements[$0].map(\.index) }
        return place
      }
      (copy.inputs, copy.outputs, copy.targets) = (expand(inputs), expand(outputs), expand(targets))
      if copy.targets.nodes.isEmpty { copy.examples = nil }
      return copy
    }

    var json: JSON {
      var fields: [(String, JSON)] = [
        ("kind", .string(kind.rawValue)), ("inputs", inputs.json), ("outputs", outputs.json), ("targets", targets.json),
      ]
      if let examples {
        let width = examples.targets.count / max(examples.count, 1)
        let names = (0..<examples.count).map { k in
          "\(examples.firstNumber + k): target "
            + examples.targets[k * width..<(k + 1) * width].map { Notation.number($0).text }.joined(separator: ", ")
        }
        fields.append(
          (
            "examples",
            .object([
              ("count", .integer(examples.count)), ("first", .integer(examples.first)),
              ("number", .integer(examples.firstNumber)),
              ("inputs", PageValues.encoded(examples.inputs.elements)),
              ("targets", PageValues.encoded(examples.targets)),
              ("names", .array(names.map { .string($0) })),
            ])
          ))
      }
      return .object(fields)
    }
  }
}

extension Explanation.Predictions: CustomStringConvertible {
  /// The shapes, and the number of examples that the page carries.
  public var description: String {
    "Predictions, \(kind.rawValue): \(inputs.shape) to \(outputs.shape)"
      + (examples.map { ", \($0.count) examples to choose from" } ?? "")
  }
}
