import Adjoint

/// The way in which an axis grows with the batch.
struct Growth: Equatable {
  /// How many times the batch it has; 0 for an extent that is fixed.
  let factor: Int
  /// How many positions stand together for each row: 1 where whole batches stand one after the other.
  let inner: Int

  static let fixed = Growth(factor: 0, inner: 1)
  /// One position for each row.
  static let row = Growth(factor: 1, inner: 1)
}

/// The axes of one result that grow with the batch: those that its shape rule makes longer when the operands have more rows.
struct BatchAxes {
  private let batch: Int
  private let item: RecordedGraph.Node
  private let inputs: [(shape: Shape, growth: [Growth])]
  private let place: String

  init(_ batch: Int, _ node: Int, _ item: RecordedGraph.Node, _ inputs: [(Shape, [Growth])]) {
    (self.batch, self.item) = (batch, item)
    self.inputs = inputs.map { (shape: $0.0, growth: $0.1) }
    place = item.place(in: item.scope, of: item.operation?.name ?? "leaf")
  }

  /// The growth of each axis.
  /// - Throws: `FixedBatch` where the operation holds the number of rows itself.
  func growth() throws -> [Growth] {
    guard let operation = item.operation else { return item.shape.map { _ in .fixed } }
    let attributes = AttributeList(operation.attributes)
    let varies = inputs.contains { $0.growth.contains { $0.factor > 0 } }
    switch operation.form {
    case .broadcast: return broadcast()
    case _ where !varies: return item.shape.map { _ in .fixed }
    case .reshape: return try reshape()
    case .slice: return try slice(attributes)
    case .argSort where inputs[0].growth[attributes.int("axis")].factor > 0:
      throw fixed("it sorts the rows of the batch")
    case .variance(let axes, _, let correction)
    where correction != 0 && axes.axes.contains(where: { inputs[0].growth[$0].factor > 0 }):
      throw fixed("its divisor is the number of rows less \(correction)")
    case .scatterAdd where batch > 1 && attributes.int("rows") % batch == 0:
      throw fixed("it has a row for each example")
    case .scatterAddAlong where batch > 1 && attributes.int("extent") % batch == 0:
      throw fixed("it has a place for each example")
    case _: return try probed(operation)
    }
  }

  private func fixed(_ reason: String) -> FixedBatch { FixedBatch(reason: "\(place): \(reason)") }

  /// The shape rule, asked for one row more.
  private func probed(_ operation: any Operation) throws -> [Growth] {
    let longer = inputs.map { input in
      Shape(input.shape.indices.map { input.shape[$0] + input.growth[$0].factor })
    }
    let result: Shape
    do throws(ShapeError) { result = try operation.shape(of: longer) } catch {
      throw fixed("\(error.description) when the batch has \(batch + 1) rows")
    }
    return try item.shape.indices.map { axis in
      let more = result[axis] - item.shape[axis]
      guard more * batch == item.shape[axis] || more == 0 else {
        throw fixed(
          "axis \(axis) has \(item.shape[axis]) positions for \(batch) rows, and \(result[axis]) for one more")
      }
      guard more > 1 else { return more == 0 ? .fixed : .row }
      // Parts that are joined stand one after the other; else the order of rows is that of the operand.
      let inner = inputs.compactMap { input in
        input.growth.first { $0.factor == more }?.inner
          ?? (operation.form == .concatenate ? input.growth[axis].inner : nil)
      }
      return Growth(factor: more, inner: inner.first ?? more)
    }
  }

  /// An axis at the front that repeats for each row.
  private func broadcast() -> [Growth] {
    let (own, growth) = inputs[0]
    let added = item.shape.rank - own.rank
    var result = Array(repeating: Growth.fixed, count: added) + growth
    let repeats = added > 0 || own.first == 1
    if !growth.contains(where: { $0.factor > 0 }), repeats, item.shape.first == batch { result[0] = .row }
    return result
  }

  /// The axis of the target on which one row is as far from the next as it was.
  private func reshape() throws -> [Growth] {
    let (own, growth) = inputs[0]
    guard let axis = growth.firstIndex(where: { $0.factor > 0 }), growth.count(where: { $0.factor > 0 }) == 1 else {
      throw fixed("two axes of \(own) grow with the batch")
    }
    let row = own[(axis + 1)...].reduce(growth[axis].inner, *)
    let target = item.shape
    for place in target.indices where target[place] % batch == 0 {
      let stride = target[(place + 1)...].reduce(1, *)
      guard stride > 0, row % stride == 0, row > 0, target[place] / batch % (row / stride) == 0 else { continue }
      return target.indices.map {
        $0 == place ? Growth(factor: target[place] / batch, inner: row / stride) : .fixed
      }
    }
    throw fixed("\(own) becomes \(target), which has no axis for the batch")
  }

  /// Whole batches, or all rows.
  private func slice(_ attributes: AttributeList) throws -> [Growth] {
    let (own, growth) = inputs[0]
    let (start, size) = (attributes.list("start"), attributes.list("size"))
    return try own.indices.map { axis in
      guard growth[axis].factor > 0 else { return .fixed }
      if start[axis] == 0, size[axis] == own[axis], attributes.optionalList("step")?[axis] ?? 1 == 1 {
        return growth[axis]
      }
      guard growth[axis].inner == 1, start[axis] % batch == 0, size[axis] % batch == 0,
        attributes.optionalList("step")?[axis] ?? 1 == 1
      else { throw fixed("it takes some rows of the batch") }
      return Growth(factor: size[axis] / batch, inner: 1)
    }
  }
}
