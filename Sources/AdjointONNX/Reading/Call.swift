import Adjoint
import AdjointFiles

/// One node of a graph that is recorded: its operands, attributes and version.
package struct Call<S: Scalar> {
  package let recorder: GraphRecorder<S>
  package let node: ONNXNode
  /// The version of the operators of the node's domain.
  package let version: Int
  package let operands: [GraphValue<S>?]
  package let attributes: [String: ONNXAttribute.Value]
  /// The values that the graph around the node knows, for graphs in attributes.
  package let scope: GraphScope<S>

  package var tape: Tape<S> { recorder.tape }

  // MARK: Operands

  /// The operand at a position, or nil where it is left out.
  package func optional(_ i: Int) -> GraphValue<S>? {
    guard i < operands.count, let x = operands[i] else { return nil }
    if case .absent = x.content { return nil }
    return x
  }

  package func value(_ i: Int) throws -> GraphValue<S> {
    guard let x = optional(i) else { throw error("an operand \(i + 1)", "none") }
    return x
  }

  /// An operand as numbers on the tape.
  package func x(_ i: Int) throws -> Variable<S> { try numbers(value(i)) }

  package func optionalX(_ i: Int) throws -> Variable<S>? { try optional(i).map(numbers) }

  package func numbers(_ value: GraphValue<S>) throws -> Variable<S> {
    switch value.content {
    case .numbers(let x): return x
    case .whole(let x):
      recorder.note(value.origins)
      return tape.constant(Tensor(shape: try shape(x.dims), elements: x.values.map { S(Double($0)) }))
    case .texts, .sequence, .absent: throw error("numbers", "a value of another kind")
    }
  }

  /// An operand as whole numbers that are known now.
  package func whole(_ i: Int) throws -> WholeNumbers { try whole(value(i)) }

  package func whole(_ value: GraphValue<S>) throws -> WholeNumbers {
    recorder.note(value.origins)
    switch value.content {
    case .whole(let x): return x
    case .numbers(let x):
      let numbers = x.holdsIndices ? x.indexValue.elements.map { Int($0) } : try x.value.elements.map(integer)
      return WholeNumbers(numbers, dims: Array(x.shape))
    case .texts, .sequence, .absent: throw error("whole numbers", "a value of another kind")
    }
  }

  private func integer(_ number: S) throws -> Int {
    guard number.primal.isFinite, abs(number.primal) < 0x1p62 else { throw error("a whole number", "\(number)") }
    return Int(number.primal)
  }

  /// Whole numbers that are extents, positions or counts: so small that nothing computed of a few of them overflows.
  package func ints(_ i: Int) throws -> [Int] { try bounded(whole(i).values, "operand \(i + 1)") }

  package func optionalInts(_ i: Int) throws -> [Int]? { optional(i) == nil ? nil : try ints(i) }

  private func bounded(_ values: [Int], _ what: @autoclosure () -> String) throws -> [Int] {
    for value in values where value.magnitude > 1 << 31 {
      throw error("whole numbers of at most 2³¹ as \(what())", "\(value)")
    }
    return values
  }

  /// One number that is known now.
  package func number(_ i: Int) throws -> Double? {
    guard let value = optional(i) else { return nil }
    let numbers: [Double]
    recorder.note(value.origins)
    switch value.content {
    case .numbers(let x): numbers = x.value.elements.map(\.primal)
    case .whole(let x): numbers = x.values.map(Double.init)
    case .texts, .sequence, .absent: throw error("a number as operand \(i + 1)", "a value of another kind")
    }
    guard numbers.count == 1 else { throw error("a single number as operand \(i + 1)", "\(numbers.count)") }
    return numbers[0]
  }

  /// The inputs whose values made the operands.
  package var origins: Set<String> { operands.reduce(into: []) { $0.formUnion($1?.origins ?? []) } }

  package var type: ONNXElement { operands.lazy.compactMap { $0?.type }.first ?? .float }

  // MARK: Attributes

  package func int(_ name: String) throws -> Int? {
    switch attributes[name] {
    case .int(let value): return try bounded([value], "attribute \(quoted(name))")[0]
    case nil: return nil
    case .some: throw error("a whole number as attribute \(quoted(name))", "another type")
    }
  }

  package func int(_ name: String, _ usual: Int) throws -> Int { try int(name) ?? usual }

  package func float(_ name: String) throws -> Double? {
    switch attributes[name] {
    case .float(let value):
      guard value.isFinite else { throw error("a finite number as attribute \(quoted(name))", "\(value)") }
      return Double(value)
    case .int(let value): return Double(value)
    case nil: return nil
    case .some: throw error("a number as attribute \(quoted(name))", "another type")
    }
  }

  /// A number, whose usual value is that of a Float, as the standard has it.
  package func float(_ name: String, _ usual: Float) throws -> Double { try float(name) ?? Double(usual) }

  package func ints(_ name: String) throws -> [Int]? {
    switch attributes[name] {
    case .ints(let values): return try bounded(values, "attribute \(quoted(name))")
    case .int(let value): return try bounded([value], "attribute \(quoted(name))")
    case nil: return nil
    case .some: throw error("whole numbers as attribute \(quoted(name))", "another type")
    }
  }

  package func floats(_ name: String) throws -> [Double]? {
    switch attributes[name] {
    case .floats(let values): return values.map(Double.init)
    case nil: return nil
    case .some: throw error("numbers as attribute \(quoted(name))", "another type")
    }
  }

  package func string(_ name: String, _ usual: String) throws -> String {
    switch attributes[name] {
    case .string(let text): return text
    case nil: return usual
    case .some: throw error("a text as attribute \(quoted(name))", "another type")
    }
  }

  package func strings(_ name: String) throws -> [String]? {
    switch attributes[name] {
    case .strings(let texts): return texts
    case nil: return nil
    case .some: throw error("texts as attribute \(quoted(name))", "another type")
    }
  }

  package func graph(_ name: String) throws -> ONNXGraph {
    guard case .graph(let graph) = attributes[name] else { throw error("a graph as attribute \(quoted(name))", "none") }
    return graph
  }

  // MARK: Results

  /// Numbers of the type of the first operand.
  package func result(_ x: Variable<S>, _ type: ONNXElement? = nil) -> [GraphValue<S>] {
    [GraphValue(x, type ?? self.type, origins: origins)]
  }

  package func result(_ x: WholeNumbers, _ type: ONNXElement? = nil) -> [GraphValue<S>] {
    [GraphValue(x, type ?? self.type, origins: origins)]
  }

  /// A shape, or an error at this node.
  package func shape(_ dims: [Int]) throws -> Shape {
    do throws(ShapeError) { return try Shape(dims, of: node.operation) } catch {
      throw self.error("a shape that a tape holds", error.description)
    }
  }

  /// An axis counted from 0.
  package func axis(_ axis: Int, rank: Int) throws -> Int {
    let normal = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(normal) else { throw error("an axis of a tensor of rank \(rank)", "\(axis)") }
    return normal
  }

  /// An error at this node.
  package func error(_ expected: String, _ found: String) -> FileError {
    FileError(
      .mismatch, file: recorder.file, at: .node(recorder.title(node)), expected: expected, found: found,
      remedy: "Give inputs of the shapes that the model states, or export it again.")
  }

  /// An error that names a way of an operator that is not recorded.
  package func unsupported(_ what: String) -> FileError {
    FileError(
      .unsupportedType, file: recorder.file, at: .node(recorder.title(node)), expected: "what a tape records",
      found: what, remedy: "Export the model without it.")
  }

  /// Refuses what does not hold.
  package func require(_ holds: Bool, _ expected: @autoclosure () -> String, _ found: @autoclosure () -> String) throws
  {
    if !holds { throw error(expected(), found()) }
  }
}
