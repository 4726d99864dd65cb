/// A dense, row-major array of numbers with a shape: a tensor, or a variable, which records what is done to it.
///
/// All that moves elements is written once for both, in terms of the operations below, which each type has of its own. So a
/// tensor has the bits of a variable, and the sentences.
public protocol DenseArray<Number> {
  /// The type of the numbers.
  associatedtype Number: Scalar

  /// The dimensions; `[]` for a single number.
  var shape: Shape { get }
  /// The dimensions, for a method that a mistake is told with at the caller's line.
  /// - Precondition: a variable's node was not truncated away.
  func shape(for method: String, file: StaticString, line: UInt) -> Shape
  /// The same elements under another shape of the same count.
  func reshape(to shape: Shape, file: StaticString, line: UInt) -> Self
  /// Repeats along new or unit dimensions by the broadcasting rule.
  func broadcast(to shape: Shape, file: StaticString, line: UInt) -> Self
  /// Axis i of the result is axis `order[i]` of this. An axis below 0 counts from the end.
  func permute(_ order: [Int], file: StaticString, line: UInt) -> Self
  /// The elements at start + i · step along each axis; an empty list of steps stands for 1 along each.
  func slice(start: [Int], size: Shape, step: [Int], file: StaticString, line: UInt) -> Self
  /// This with zeros around it and, with steps, between its elements.
  func pad(before: [Int], after: [Int], step: [Int], file: StaticString, line: UInt) -> Self
  /// The elements where a constant condition is not 0, and 0 elsewhere, selected and not multiplied.
  func masked(by condition: Tensor<Number>, file: StaticString, line: UInt) -> Self
  /// Arrays one after the other along an axis.
  static func joining(_ parts: [Self], axis: Int, file: StaticString, line: UInt) -> Self
}

extension Tensor: DenseArray where Element: Scalar {
  public func shape(for method: String, file: StaticString, line: UInt) -> Shape { shape }

  /// The axes in another order: axis i of the result is axis `order[i]` of this. An axis below 0 counts from the end.
  /// - Precondition: `order` names each axis once.
  public func permute(_ order: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Permute(order.map { $0 < 0 ? $0 + order.count : $0 }), self, file: file, line: line)
  }

  /// Repeats along new or unit dimensions by the broadcasting rule.
  public func broadcast(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .evaluating(Broadcast(to: shape), self, file: file, line: line)
  }

  /// The box that begins at `start` and has extents `size`; with steps, the elements start + i · step of each axis, backwards
  /// where a step is below 0.
  /// - Precondition: `step` is empty or has an entry for each axis, none of them 0.
  public func slice(
    start: [Int], size: Shape, step: [Int] = [], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .evaluating(Slice(start: start, size: size, step: step), self, file: file, line: line)
  }

  /// This with zeros around it: so many before and after along each axis; with steps, also so many less one between its
  /// elements, backwards where a step is below 0.
  /// - Precondition: `step` is empty or has an entry for each axis, none of them 0.
  public func pad(
    before: [Int], after: [Int], step: [Int] = [], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .evaluating(Pad(before: before, after: after, step: step), self, file: file, line: line)
  }

  /// Tensors one after the other along an axis, as `concatenate(_:axis:)` gives them.
  /// - Precondition: there is at least one, and their shapes differ along that axis alone.
  public static func joining(
    _ parts: [Tensor], axis: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard let first = parts.first else { fatalError("concatenate: nothing to concatenate", file: file, line: line) }
    // In two halves, because a view of each part stands on the stack.
    guard parts.count > 16 else {
      let position = axis < 0 ? axis + first.shape.rank : axis
      return .evaluating(Concatenate(axis: position), parts, file: file, line: line)
    }
    let half = parts.count / 2
    let (left, right) = (Array(parts[..<half]), Array(parts[half...]))
    return joining(
      [
        joining(left, axis: axis, file: file, line: line), joining(right, axis: axis, file: file, line: line),
      ], axis: axis, file: file, line: line)
  }
}

extension Variable: DenseArray {
  public func shape(for method: String, file: StaticString, line: UInt) -> Shape { checkedShape(method, file, line) }
}
