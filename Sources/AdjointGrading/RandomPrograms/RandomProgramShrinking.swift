import Adjoint
import AdjointChecking

extension RandomProgram {
  /// A program that fails like this one and is as small as the moves below make it: greedily, the first move that keeps
  /// failing is taken, until none does.
  ///
  /// The moves: drop what the output does not need; end at an earlier step; put a leaf with its value in the place of an
  /// operation; skip an operation, passing on an input of its shape; make a dimension smaller; round a leaf's numbers. A
  /// move that does not fit, or makes a value infinite where none was, is not tried.
  ///
  /// - Parameters:
  ///   - maximumTries: how often `fails` is asked at most.
  ///   - fails: whether a program still shows the failure. This one should.
  public func shrunk(maximumTries: Int = 2000, while fails: (RandomProgram) -> Bool) -> RandomProgram {
    var shrinking = Shrinking(best: self, tries: maximumTries, isFinite: isFinite)
    repeat {
      shrinking.improved = false
      shrinking.attempt(fails) { $0.looseEnds.isEmpty ? nil : $0.pruned(keeping: []) }
      shrinking.each(of: Array(0..<shrinking.best.output), until: true, fails) { $0.ending(at: $1) }
      shrinking.each(of: shrinking.best.steps.indices.reversed(), fails) { $0.dropping($1) }
      shrinking.each(of: shrinking.best.steps.indices.reversed(), fails) { $0.pinned(step: $1) }
      for choice in 0..<2 {
        shrinking.each(of: shrinking.best.steps.indices.reversed(), fails) { $0.skipping($1, choice: choice) }
      }
      for resizing in shrinking.best.resizings { shrinking.attempt(fails) { $0.resized(resizing) } }
      shrinking.each(of: Array(shrinking.best.steps.indices), fails) { $0.rounded(leaf: $1) }
    } while shrinking.improved && shrinking.tries > 0
    return shrinking.best
  }

  /// The smallest failing program so far.
  private struct Shrinking {
    var best: RandomProgram
    var tries: Int
    let isFinite: Bool
    var improved = false

    @discardableResult
    mutating func attempt(_ fails: (RandomProgram) -> Bool, _ move: (RandomProgram) -> RandomProgram?) -> Bool {
      guard tries > 0, let candidate = move(best), !isFinite || candidate.isFinite else { return false }
      tries -= 1
      guard fails(candidate) else { return false }
      (best, improved) = (candidate, true)
      return true
    }

    /// A move at each of these steps, as far as they still exist.
    mutating func each(
      of steps: [Int], until stops: Bool = false, _ fails: (RandomProgram) -> Bool,
      _ move: (RandomProgram, Int) -> RandomProgram?
    ) {
      for step in steps where step < best.steps.count {
        if attempt(fails, { move($0, step) }), stops { return }
      }
    }
  }

  private var isFinite: Bool {
    zip(steps, record(on: Tape<Double>()).nodes).allSatisfy { step, node in
      step.holdsIndices || node.value.elements.allSatisfy(\.isFinite)
    }
  }

  // MARK: Fewer steps

  /// The steps that nothing uses, the output apart: leaves that are not needed, and the ends of dead branches.
  private var looseEnds: [Int] {
    let used = Set(steps.flatMap(\.inputs))
    return steps.indices.filter { $0 != output && !used.contains($0) }
  }

  /// Without the steps that neither the output nor one of `ends` needs.
  private func pruned(keeping ends: [Int]) -> RandomProgram {
    var isNeeded = [Bool](repeating: false, count: steps.count)
    for end in ends + [output] { isNeeded[end] = true }
    for i in steps.indices.reversed() where isNeeded[i] { for x in steps[i].inputs { isNeeded[x] = true } }
    var copy = self
    var places: [Int: Int] = [:]
    copy.steps = []
    for (i, step) in steps.enumerated() where isNeeded[i] {
      places[i] = copy.steps.count
      copy.steps.append(step)
      guard case .operation(let operation, let inputs) = step.kind else { continue }
      copy.steps[copy.steps.count - 1].kind = .operation(operation, inputs: inputs.compactMap { places[$0] })
    }
    copy.output = places[output] ?? 0
    return copy
  }

  private func ending(at step: Int) -> RandomProgram? {
    guard step != output, steps[step].operation != nil else { return nil }
    var copy = self
    copy.output = step
    return copy.pruned(keeping: [])
  }

  /// Without a loose end and what only it needs.
  private func dropping(_ step: Int) -> RandomProgram? {
    let ends = looseEnds
    return ends.contains(step) ? pruned(keeping: ends.filter { $0 != step }) : nil
  }

  /// With a leaf that holds the value in the place of an operation.
  private func pinned(step: Int) -> RandomProgram? {
    guard step != output, steps[step].operation != nil else { return nil }
    let value = record(on: Tape<Double>()).nodes[step].value
    var copy = self
    let range = (value.elements.min() ?? 0)...(value.elements.max() ?? 0)
    let stream = 1 + (steps.compactMap { $0.leaf?.stream }.max() ?? 0)
    copy.steps[step].kind = .leaf(
      Leaf(role: .input, content: .numbers(in: range), stream: stream, pinned: .numbers(value)))
    return copy.pruned(keeping: looseEnds)
  }

  /// With an input of its shape in the place of an operation.
  private func skipping(_ step: Int, choice: Int) -> RandomProgram? {
    let choices = steps[step].inputs.filter { steps[$0].shape == steps[step].shape && !steps[$0].holdsIndices }
    guard choice < choices.count, !looseEnds.contains(step) else { return nil }
    var copy = self
    for i in steps.indices {
      guard case .operation(let operation, let inputs) = steps[i].kind else { continue }
      copy.steps[i].kind = .operation(operation, inputs: inputs.map { $0 == step ? choices[choice] : $0 })
    }
    if output == step { copy.output = choices[choice] }
    return copy.pruned(keeping: looseEnds)
  }

  // MARK: Smaller leaves

  /// Dimensions of an extent made smaller: along one axis of a leaf, or wherever they occur.
  private struct Resizing {
    var leaf: Int?
    var axis: Int?
    let from: Int
    let to: Int
    let changesAttributes: Bool
  }

  private var resizings: [Resizing] {
    var resizings: [Resizing] = []
    let leaves = steps.indices.filter { steps[$0].leaf != nil }
    for from in Set(leaves.flatMap { Array(steps[$0].shape) }).sorted().reversed() {
      for to in [1, 2] where to < from {
        resizings.append(Resizing(from: from, to: to, changesAttributes: true))
        for leaf in leaves {
          for (axis, extent) in steps[leaf].shape.enumerated() where extent == from {
            resizings += [false, true].map {
              Resizing(leaf: leaf, axis: axis, from: from, to: to, changesAttributes: $0)
            }
          }
        }
      }
    }
    return resizings
  }

  /// With smaller leaves, if the operations still fit.
  private func resized(_ resizing: Resizing) -> RandomProgram? {
    var copy = self
    func changed(_ extent: Int) -> Int { extent == resizing.from ? resizing.to : extent }
    for i in steps.indices {
      switch steps[i].kind {
      case .leaf:
        guard resizing.leaf == nil || resizing.leaf == i else { continue }
        let axes = steps[i].shape.indices.filter {
          steps[i].shape[$0] == resizing.from && (resizing.axis == nil || resizing.axis == $0)
        }
        copy.shrinkLeaf(i, to: axes.reduce(steps[i].shape) { $0.replacing(axis: $1, with: resizing.to) })
      case .operation(let operation, let inputs):
        let own = resizing.changesAttributes ? operation as? any LibraryOperation : nil
        let adapted: any Operation = own?.resized(changed) ?? operation
        let shapes = inputs.map { copy.steps[$0].shape }
        guard let shape = try? adapted.shape(of: shapes) else { return nil }
        copy.steps[i] = Step(kind: .operation(adapted, inputs: inputs), shape: shape)
        guard let position = adapted.indexPosition else { continue }
        guard copy.limitIndices(inputs[position], below: adapted.indexBound(for: shapes)) else { return nil }
      }
    }
    return copy.steps.map(\.shape) == steps.map(\.shape) ? nil : copy
  }

  /// Keeps the leading box of a leaf's values.
  private mutating func shrinkLeaf(_ step: Int, to shape: Shape) {
    guard shape != steps[step].shape, var leaf = steps[step].leaf else { return }
    let old = steps[step].shape
    let strides = old.strides
    var positions = [0]
    for axis in shape.indices {
      positions = positions.flatMap { p in (0..<shape[axis]).map { p + $0 * strides[axis] } }
    }
    switch value(ofLeaf: step) {
    case .numbers(let value):
      leaf.pinned = .numbers(Tensor(shape: shape, elements: positions.map { value.elements[$0] }))
    case .indices(let value):
      leaf.pinned = .indices(Tensor(shape: shape, elements: positions.map { value.elements[$0] }))
    }
    steps[step] = Step(kind: .leaf(leaf), shape: shape)
  }

  /// The bound of the indices that a step holds; `nil` for numbers.
  func indexBound(of step: Int) -> Int? {
    switch steps[step].kind {
    case .leaf(let leaf): if case .indices(let bound) = leaf.content { bound } else { nil }
    case .operation(let operation, let inputs): operation.resultIndexBound(for: inputs.map { steps[$0].shape })
    }
  }

  /// Brings indices under a bound that has become smaller; `false` when no index is under it.
  private mutating func limitIndices(_ step: Int, below bound: Int) -> Bool {
    guard var leaf = steps[step].leaf, case .indices(let value) = value(ofLeaf: step) else {
      return indexBound(of: step).map { $0 <= bound } ?? false
    }
    guard bound > 0 else { return value.elements.isEmpty }
    if case .indices(let old) = leaf.content, old <= bound { return true }
    leaf.content = .indices(below: bound)
    leaf.pinned = .indices(value.map { $0 % Int32(bound) })
    steps[step].kind = .leaf(leaf)
    return true
  }

  /// With a leaf's numbers rounded to a tenth, which prints shorter.
  private func rounded(leaf step: Int) -> RandomProgram? {
    guard var leaf = steps[step].leaf, case .numbers(let value) = value(ofLeaf: step) else { return nil }
    let short = value.map { ($0 * 10).rounded() / 10 }
    guard short != value else { return nil }
    leaf.pinned = .numbers(short)
    var copy = self
    copy.steps[step].kind = .leaf(leaf)
    return copy
  }
}
