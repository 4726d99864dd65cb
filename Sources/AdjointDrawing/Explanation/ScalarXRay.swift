import Adjoint

/// A recording expanded into single numbers: each element of each tensor is a node of its own, each product and sum an
/// operation.
///
/// This is the view of a scalar engine: zᵢⱼ = (xᵢ₀·wⱼ₀ + xᵢ₁·wⱼ₁) + bⱼ. Values and gradients are those of the tensors,
/// up to rounding. It is for tiny networks, and refuses the rest with a sentence.
///
/// ```swift
/// let xRay = try ScalarXRay(of: loss)
/// try Explanation(of: xRay.loss).write(to: "scalars.html")
/// ```
public struct ScalarXRay {
  /// The same loss, on a tape of single numbers.
  public let loss: Variable<Double>
  /// The elements of each node of the original tape, in row-major order, by the node's position. A node that the loss
  /// does not depend on has none.
  package let elements: [[Variable<Double>]]

  /// The largest number of nodes unless said otherwise. Nobody reads more than that.
  public static let largestCount = 4000

  /// Expands a recording.
  /// - Throws: `ScalarXRayError` when the recording is too large, or an operation has no scalar form.
  public init<S: Scalar>(of loss: Variable<S>, limit: Int = ScalarXRay.largestCount) throws {
    let tape = Tape<Double>(mode: loss.tape.mode, seed: loss.tape.seed)
    var builder = ScalarBuilder(tape: tape)
    let needed = Set(loss.dependencies)
    let symbols = Symbols(of: loss)
    for node in 0...loss.index {
      guard needed.contains(node) else {
        builder.elements.append([])
        continue
      }
      let x = loss.tape[node]
      // The numbers of an operation stand together; a single one needs no frame of its own.
      let scope = x.scopes.first ?? (x.shape.elementCount > 1 ? x.operation?.name : nil)
      let expanded: [Variable<Double>]
      let expander = builder
      if let operation = x.operation {
        let inputs = x.inputs.map { ScalarOperand(elements: builder.elements[$0.index], of: $0) }
        let expand = { try expander.expand(operation, inputs, shape: x.shape) }
        expanded = try scope.map { try tape.scoped($0, expand) } ?? expand()
      } else {
        let symbol = symbols[node]
        expanded = scope.map { name in tape.scoped(name) { expander.leaf(x, symbol) } } ?? expander.leaf(x, symbol)
      }
      // What only moves elements has those of its input.
      for (position, element) in expanded.enumerated() where element.label == nil && element.role == nil {
        guard !symbols[node].hasPrefix("u") else { continue }
        element.labeled(ScalarBuilder.symbol(symbols[node], position, in: x.shape))
      }
      builder.elements.append(expanded)
      guard tape.count <= limit else { throw ScalarXRayError.tooLarge(limit: limit, node: loss.tape.describe(node)) }
    }
    guard let last = builder.elements.last, last.count == 1 else {
      throw ScalarXRayError.notANumber(loss.tape.describe(loss.index))
    }
    self.loss = last[0]
    elements = builder.elements
  }
}

extension ScalarXRay: CustomStringConvertible {
  /// The number of single numbers that it was expanded into.
  public var description: String {
    "ScalarXRay: \(elements.count) nodes as \(loss.tape.count) single numbers; its loss is \(loss.scalar)"
  }
}

/// The reason why a recording has no scalar X-ray.
public enum ScalarXRayError: Error, Equatable, CustomStringConvertible {
  /// The recording has more single numbers than the limit.
  case tooLarge(limit: Int, node: String)
  /// An operation states no expansion into single numbers.
  case noScalarForm(operation: String)
  /// The loss has more elements than one.
  case notANumber(String)

  public var description: String {
    switch self {
    case .tooLarge(let limit, let node):
      "the scalar X-ray has more than \(limit) numbers when it comes to \(node); take a smaller model or batch"
    case .noScalarForm(let operation): "the operation '\(operation)' has no scalar form; leave the X-ray out"
    case .notANumber(let node): "the loss \(node) is not a single number; reduce it first (sum, mean)"
    }
  }
}
