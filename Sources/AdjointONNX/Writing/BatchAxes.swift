import Adjoint

/// The axes of one result that grow with the batch: those that its shape rule makes longer when the operands have more rows.
struct BatchAxes {
  private let batch: Int
  private let item: RecordedGraph.Node
  private let inputs: [(shape: Shape, factors: [Int])]
  private let place: String

  init(_ batch: Int, _ node: Int, in recording: WrittenRecording) {
    self.batch = batch
    item = recording.recorded.nodes[node]
    inputs = item.inputs.map { (recording.recorded.nodes[$0].shape, recording.factors[$0]) }
    let name = item.operation?.name ?? "leaf"
    place = item.path ?? (item.scope.isEmpty ? "" : item.scope + "/") + "\(name) (%\(node))"
  }

  /// For each axis, how many times the batch it has.
  /// - Throws: `FixedBatch` where the operation holds the number of rows itself.
  func factors() throws -> [Int] {
    guard let operation = item.operation else { return item.shape.map { _ in 0 } }
    let attributes = AttributeList(operation.attributes)
    let varies = inputs.contains { $0.factors.contains { $0 > 0 } }
    switch operation.form {
    case .broadcast: return broadcast()
    case _ where !varies: return item.shape.map { _ in 0 }
    case .reshape: return try reshape()
    case .slice: return try slice(attributes)
    case .argSort where inputs[0].factors[attributes.int("axis")] > 0: throw fixed("it sorts the rows of the batch")
    case .variance(let axes, _, let correction)
    where correction != 0 && axes.axes.contains(where: { inputs[0].factors[$0] > 0 }):
      throw fixed("its divisor is the number of rows less \(correction)")
    case .scatterAdd where batch > 1 && attributes.int("rows") % batch == 0: throw fixed("it has a row for each example")
    case .scatterAddAlong where batch > 1 && attributes.int("extent") % batch == 0:
      throw fixed("it has a place for each example")
    case _: return try probed(operation)
    }
  }

  private func fixed(_ reason: String) -> FixedBatch { FixedBatch(reason: "\(place): \(reason)") }

  /// The shape rule, asked for one row more.
  private func probed(_ operation: any Operation) throws -> [Int] {
    let longer = inputs.map { input in
      Shape(input.shape.indices.map { input.shape[$0] + input.factors[$0] })
    }
    let result: Shape
    do throws(ShapeError) { result = try operation.shape(of: longer) } catch {
      throw fixed("\(error.description) when the batch has \(batch + 1) rows")
    }
    return try item.shape.indices.map { axis in
      let more = result[axis] - item.shape[axis]
      guard more * batch == item.shape[axis] || more == 0 else {
        throw fixed("axis \(axis) has \(item.shape[axis]) positions for \(batch) rows, and \(result[axis]) for one more")
      }
      return more
    }
  }

  /// An axis at the front that repeats for each row.
  private func broadcast() -> [Int] {
    let (own, factors) = inputs[0]
    let added = item.shape.rank - own.rank
    var result = Array(repeating: 0, count: added) + factors
    let repeats = added > 0 || own.first == 1
    if !factors.contains(where: { $0 > 0 }), repeats, item.shape.first == batch { result[0] = 1 }
    return result
  }

  /// The one axis of the target that can hold the batch: by its extent, and where several can, by what stands behind it.
  private func reshape() throws -> [Int] {
    let (own, factors) = inputs[0]
    guard let axis = factors.firstIndex(where: { $0 > 0 }), factors.count(where: { $0 > 0 }) == 1 else {
      throw fixed("two axes of \(own) grow with the batch")
    }
    let behind = own[(axis + 1)...].reduce(factors[axis], *)
    let target = item.shape
    let candidates = target.indices.filter { batch > 0 && target[$0] > 0 && target[$0] % batch == 0 }
    func stride(_ axis: Int) -> Int { target[(axis + 1)...].reduce(1, *) }
    let fitting =
      candidates.count == 1
      ? candidates : candidates.filter { target[$0] / batch * stride($0) == behind && stride($0) <= behind }
    guard let place = fitting.first else { throw fixed("\(own) becomes \(target), which has no axis for the batch") }
    return target.indices.map { $0 == place ? target[place] / batch : 0 }
  }

  private func slice(_ attributes: AttributeList) throws -> [Int] {
    let (own, factors) = inputs[0]
    let (start, size) = (attributes.list("start"), attributes.list("size"))
    for axis in own.indices where factors[axis] > 0 {
      guard start[axis] == 0, size[axis] == own[axis], attributes.optionalList("step")?[axis] ?? 1 == 1 else {
        throw fixed("it takes some rows of the batch")
      }
    }
    return factors
  }
}
