import Adjoint

/// Records tensors as single numbers, for the scalar X-ray.
struct ScalarBuilder {
  /// An input of an operation: its elements as nodes.
  struct Operand {
    let elements: [Variable<Double>]
    let shape: Shape
    /// The values of an index leaf, which are no nodes.
    let indices: Tensor<Int32>?

    init<S: Scalar>(elements: [Variable<Double>], of x: Variable<S>) {
      (self.elements, shape) = (elements, x.shape)
      indices = x.role == .index ? x.indexValue : nil
    }
  }

  let tape: Tape<Double>
  /// The elements of each node so far.
  var elements: [[Variable<Double>]] = []

  /// Records a leaf for each element, of the same role. Random values, states and constants are held as constants.
  func leaf<S: Scalar>(_ x: Variable<S>) -> [Variable<Double>] {
    if x.role == .index { return [] }
    let strides = x.shape.strides
    return x.value.elements.enumerated().map { position, element in
      let place = x.shape.indices.map { String(position / strides[$0] % x.shape[$0]) }.joined(separator: ",")
      let name = x.path.isEmpty ? nil : x.path + (place.isEmpty ? "" : "[\(place)]")
      let value = Tensor(scalar: element.primal)
      return switch x.role {
      case .input: tape.input(value, name: name)
      case .parameter: tape.parameter(Parameter(value, name: name))
      case .constant, .index, .state, .random, nil: tape.constant(value, name: name)
      }
    }
  }

  func expand(
    _ operation: any Adjoint.Operation, _ x: [Operand], shape: Shape
  ) throws -> [Variable<Double>] {
    switch operation {
    case is AddBias:
      return x[0].elements.enumerated().map { $1 + x[1].elements[$0 % x[1].elements.count] }
    case let product as MatMul: return multiply(product, x[0], x[1], shape)
    case let sum as Sum: return groups(x[0], sum.axes).map(total)
    case let mean as Mean: return groups(x[0], mean.axes).map { total($0) * (1 / Double($0.count)) }
    case let variance as Variance: return groups(x[0], variance.axes).map { spread($0, variance.correction) }
    case let extremum as Extremum:
      return groups(x[0], extremum.axes).map { group in
        group.dropFirst().reduce(group[0]) { extremum.kind == .max ? $0.maximum($1) : $0.minimum($1) }
      }
    case is Softmax:
      return rows(x[0]).flatMap { row in
        let powers = row.map { $0.exp() }
        let sum = total(powers)
        return powers.map { $0 / sum }
      }
    case is LogSoftmax:
      return rows(x[0]).flatMap { row in
        let log = total(row.map { $0.exp() }).log()
        return row.map { $0 - log }
      }
    case is LogSumExp: return rows(x[0]).map { total($0.map { $0.exp() }).log() }
    case let oneHot as OneHot:
      return (x[0].indices?.elements ?? []).flatMap { index in
        (0..<oneHot.classes).map { tape.constant($0 == Int(index) ? 1 : 0) }
      }
    case is Broadcast, is Reshape, is Permute, is Slice, is Pad, is Concatenate, is Gather, is Pick:
      return moved(by: operation, x)
    default:
      guard operation.isElementwise else { throw ScalarXRayError.noScalarForm(operation: operation.name) }
      let repeated = x.map { moved(by: Broadcast(to: shape), [$0]) }
      return (0..<shape.elementCount).map { i in tape.record(operation, inputs: repeated.map { $0[i] }) }
    }
  }

  // MARK: Parts

  private func total(_ terms: [Variable<Double>]) -> Variable<Double> {
    guard let first = terms.first else { return tape.constant(0) }
    return terms.dropFirst().reduce(first) { $0 + $1 }
  }

  private func spread(_ group: [Variable<Double>], _ correction: Int) -> Variable<Double> {
    let mean = total(group) * (1 / Double(group.count))
    return total(group.map { ($0 - mean).square() }) * (1 / Double(group.count - correction))
  }

  private func multiply(_ product: MatMul, _ a: Operand, _ b: Operand, _ shape: Shape) -> [Variable<Double>] {
    let depth = a.shape[product.transposeA ? 0 : 1]
    return (0..<shape.elementCount).map { position in
      let (i, j) = (position / shape[1], position % shape[1])
      return total(
        (0..<depth).map { k in
          a.elements[product.transposeA ? k * shape[0] + i : i * depth + k]
            * b.elements[product.transposeB ? j * depth + k : k * shape[1] + j]
        })
    }
  }

  private func rows(_ x: Operand) -> [[Variable<Double>]] {
    groups(x, AxisSet([x.shape.rank - 1]))
  }

  /// The elements that stand behind each element of a reduction.
  private func groups(_ x: Operand, _ axes: AxisSet) -> [[Variable<Double>]] {
    let strides = x.shape.strides
    let kept = x.shape.indices.filter { !axes.contains(axis: $0) }
    var groups = [[Variable<Double>]](
      repeating: [], count: kept.reduce(1) { $0 * x.shape[$1] })
    for (position, element) in x.elements.enumerated() {
      let place = kept.reduce(0) { $0 * x.shape[$1] + position / strides[$1] % x.shape[$1] }
      groups[place].append(element)
    }
    return groups
  }

  /// Moves the nodes of the elements as an operation moves elements. The operation moves their numbers, counted from 1,
  /// and so says where each comes from; 0 stands for padding.
  private func moved(by operation: any Adjoint.Operation, _ x: [Operand]) -> [Variable<Double>] {
    let scratch = Tape<Double>()
    var sources: [Variable<Double>] = []
    let inputs = x.map { operand -> Variable<Double> in
      if let indices = operand.indices { return scratch.index(indices) }
      let numbers = operand.elements.indices.map { Double(sources.count + $0 + 1) }
      sources += operand.elements
      return scratch.constant(Tensor(shape: operand.shape, elements: numbers))
    }
    return scratch.record(operation, inputs: inputs).value.elements.map {
      $0 == 0 ? tape.constant(0) : sources[Int($0) - 1]
    }
  }
}
