import Adjoint
import AdjointChecking

// The moves of which a random program is made, each an operation or a few.

extension RandomProgramBuilder {
  /// Appends an operation or a pattern of them; `nil` when the one drawn does not fit here.
  mutating func move() -> Int? {
    switch pick(21) {
    case 0, 1, 2: elementwise(operand())
    case 3, 4, 5: pair(one(of: Binary.allCases))
    case 6: selection()
    case 7, 8: product()
    case 9: bias()
    case 10, 11: reduction()
    case 12: row()
    case 13, 14, 15: rearranged(operand())
    case 16, 17: indexed()
    case 18: diamond()
    default: example()
    }
  }

  mutating func elementwise(_ x: Int) -> Int? {
    let parametric: [any Operation] = [
      LeakyReLU(slope: 0.125), ELU(alpha: 0.75), Clamp(-0.5, 1), Power(exponent: one(of: [2.5, 3, -1.5, 0.5, 1, 0])),
      Polygamma(order: pick(3)), StopGradient(),
    ]
    return chance(0.2) ? apply(one(of: parametric), [x]) : apply(one(of: Unary.allCases), [x])
  }

  // MARK: Two operands

  mutating func pair(_ operation: any Operation) -> Int? {
    let x = operand()
    let other = partner(of: x)
    return apply(operation, chance(0.5) ? [x, other] : [other, x])
  }

  /// A partner that x broadcasts with: itself, another step, or a new leaf that is smaller or larger.
  mutating func partner(of x: Int) -> Int {
    if chance(0.08) { return x }
    let own = shape(x)
    if chance(0.6) {
      let candidates = numbers.filter { other in
        other != x && ((try? Shape.broadcast(own, shape(other), in: "")).map { fits($0) } ?? false)
      }
      if !candidates.isEmpty { return one(of: candidates) }
    }
    var dimensions = Array(own)
    for axis in dimensions.indices where chance(0.4) {
      dimensions[axis] = dimensions[axis] == 1 ? extent() : 1
    }
    if chance(0.2) {
      dimensions.insert(1 + pick(3), at: 0)
    } else if chance(0.3) {
      dimensions = Array(dimensions.dropFirst())
    }
    let broadcast = try? Shape.broadcast(own, Shape(dimensions), in: "")
    return leaf(broadcast.map { fits($0) } ?? false ? Shape(dimensions) : own)
  }

  /// A comparison, alone or choosing between two values.
  mutating func selection() -> Int? {
    guard let condition = pair(one(of: Comparison.allCases)), chance(0.8) else { return nil }
    let a = partner(of: condition)
    return apply(
      Where(), one(of: [[condition, a, partner(of: condition)], [condition, a, a], [condition, partner(of: a), a]]))
  }

  /// A matrix product with any flags, of a value that is there and another one or a new leaf, with leading axes or as a
  /// vector.
  mutating func product() -> Int? {
    let x = operand { $0.rank >= 1 }
    let own = shape(x)
    let flags = (chance(0.5), chance(0.5))
    let isLeft = chance(0.5)
    func inner(_ shape: Shape, isLeft: Bool) -> Int {
      shape.rank == 1 ? shape[0] : shape[shape.rank - ((isLeft ? flags.0 : !flags.1) ? 2 : 1)]
    }
    func record(_ other: Int) -> Int? {
      let (a, b) = isLeft ? (x, other) : (other, x)
      let product = MatMul(transposeA: shape(a).rank > 1 && flags.0, transposeB: shape(b).rank > 1 && flags.1)
      return apply(product, [a, b])
    }
    let depth = inner(own, isLeft: isLeft)
    let candidates = numbers.filter { other in
      let shape = shape(other)
      return shape.rank >= 1 && inner(shape, isLeft: !isLeft) == depth
        && (try? Shape.broadcast(Shape(own.dropLast(2)), Shape(shape.dropLast(2)), in: "")) != nil
    }
    if !candidates.isEmpty, chance(0.5) { return record(one(of: candidates)) }
    if chance(0.15) { return record(leaf([depth])) }
    let matrix = (isLeft ? flags.1 : !flags.0) ? [extent(), depth] : [depth, extent()]
    let leading = own.dropLast(2).map { chance(0.5) ? $0 : 1 }
    return record(leaf(Shape((chance(0.5) ? [] : leading) + matrix)))
  }

  mutating func bias() -> Int? {
    let x = operand { $0.rank >= 1 }
    let width = shape(x)[shape(x).rank - 1]
    let candidates = numbers.filter { shape($0) == [width] }
    return apply(AddBias(), [x, !candidates.isEmpty && chance(0.5) ? one(of: candidates) : leaf([width])])
  }

  /// A value that is used twice on the way to one: fan-out and its sum.
  mutating func diamond() -> Int? {
    let x = operand()
    guard let a = elementwise(x), let b = chance(0.6) ? elementwise(x) : x else { return nil }
    return apply(one(of: [Binary.add, .subtract, .multiply]), [a, b])
  }

  // MARK: One operand

  mutating func reduction() -> Int? {
    let x = operand()
    let axes = AxisSet((0..<shape(x).rank).filter { _ in chance(0.5) })
    let keeps = chance(0.5)
    let operations: [any Operation] = [
      Sum(axes: axes, keepsDimensions: keeps), Mean(axes: axes, keepsDimensions: keeps),
      Variance(axes: axes, keepsDimensions: keeps, correction: pick(2)),
      Extremum(kind: one(of: Extremum.Kind.allCases), axes: axes, keepsDimensions: keeps),
    ]
    return apply(one(of: operations), [x])
  }

  mutating func row() -> Int? {
    let operations: [any Operation] = [Softmax(), LogSoftmax(), LogSumExp()]
    return apply(one(of: operations), [operand { $0.rank >= 1 }])
  }

  mutating func rearranged(_ x: Int) -> Int? {
    let own = shape(x)
    switch pick(6) {
    case 0:
      var target = Array(own)
      for axis in target.indices where target[axis] == 1 && chance(0.5) { target[axis] = extent() }
      if chance(0.5) { target.insert(1 + pick(3), at: 0) }
      return apply(Broadcast(to: Shape(target)), [x])
    case 1: return apply(Reshape(to: regrouped(own)), [x])
    case 2: return apply(Permute(random.permutation(of: own.rank)), [x])
    case 3:
      let start = own.map { chance(0.5) ? 0 : pick($0) }
      let size = own.indices.map { axis in
        let rest = own[axis] - start[axis]
        return chance(0.5) || rest == 0 ? rest : 1 + pick(rest)
      }
      guard chance(0.3) else { return apply(Slice(start: start, size: Shape(size)), [x]) }
      return stepping(x, start: start, rest: size)
    case 4:
      let step = chance(0.3) ? own.map { _ in one(of: [1, 2, -1, -2]) } : []
      return apply(Pad(before: own.map { _ in pick(3) }, after: own.map { _ in pick(2) }, step: step), [x])
    default:
      guard own.rank >= 1 else { return nil }
      let axis = pick(own.rank)
      let parts = (0..<pick(3)).map { _ in
        let candidates = numbers.filter {
          shape($0).rank == own.rank && shape($0).replacing(axis: axis, with: own[axis]) == own
        }
        return chance(0.5) ? one(of: candidates) : leaf(own.replacing(axis: axis, with: extent()))
      }
      return apply(Concatenate(axis: axis), chance(0.5) ? [x] + parts : parts + [x])
    }
  }

  /// Every position, every second or third one of a box, forwards or backwards.
  private mutating func stepping(_ x: Int, start: [Int], rest: [Int]) -> Int? {
    let step = start.map { _ in one(of: [1, 2, 3, -1, -2]) }
    let size = rest.indices.map { (rest[$0] + abs(step[$0]) - 1) / abs(step[$0]) }
    let first = start.indices.map { axis in
      step[axis] > 0 || size[axis] == 0 ? start[axis] : start[axis] + (size[axis] - 1) * -step[axis]
    }
    return apply(Slice(start: first, size: Shape(size), step: step), [x])
  }

  /// The same count in other dimensions: neighbours multiplied, the whole flattened, or a 1 put in.
  private mutating func regrouped(_ shape: Shape) -> Shape {
    var target = Array(shape)
    if target.count >= 2, chance(0.5) {
      let axis = pick(target.count - 1)
      target.replaceSubrange(axis...axis + 1, with: [target[axis] * target[axis + 1]])
    } else if chance(0.3) {
      target = [shape.elementCount]
    } else if target.count >= 2, chance(0.5) {
      target.reverse()
    }
    if target.count < options.largestRank, chance(0.4) { target.insert(1, at: pick(target.count + 1)) }
    return Shape(target)
  }

  mutating func indexed() -> Int? {
    let x = operand { $0.rank >= 1 }
    let own = shape(x)
    let axis = pick(own.rank)
    switch pick(8) {
    case 4: return apply(ArgMax(), [x])
    case 5:
      let order = ArgSort(axis: axis, isDescending: chance(0.5), count: chance(0.5) ? own[axis] : pick(own[axis] + 1))
      return apply(order, [x]).flatMap { apply(GatherAlong(axis: axis), [x, $0]) }
    case 6:
      let index = indices(own.replacing(axis: axis, with: extent()), below: own[axis])
      return apply(GatherAlong(axis: axis), [x, index])
    case 7:
      let place = ScatterAddAlong(axis: axis, extent: 1 + pick(options.largestExtent))
      return apply(place, [x, indices(own, below: place.extent)])
    case 0: return apply(Gather(), [x, indices(indexShape(), below: own[0])])
    case 1:
      let rows = 1 + pick(options.largestExtent)
      return apply(ScatterAdd(rows: rows), [x, indices(Shape(own.prefix(1 + pick(2))), below: rows)])
    case 2: return apply(Pick(), [x, indices(Shape(own.dropLast()), below: own[own.rank - 1])])
    default:
      let classes = 1 + pick(options.largestExtent)
      return apply(OneHot(classes: classes), [indices(indexShape(), below: classes)])
    }
  }

  // MARK: As in the examples

  /// An operation as in one of its examples, on values that are there where one has the shape, else on new leaves. This is
  /// how an operation that nothing above knows takes part: one added to the catalogue, or a user's.
  mutating func example() -> Int? {
    guard !options.examples.isEmpty else { return nil }
    let example = one(of: options.examples)
    guard example.inputs.allSatisfy({ fits($0.shape) }) else { return nil }
    var domains: [ClosedRange<Double>] = []
    let inputs = example.inputs.compactMap { input -> Int? in
      switch input {
      case .indices(let shape, let bound):
        domains.append(ValueRange.limit)
        return indices(shape, below: bound)
      case .wellConditioned(let shape):
        domains.append(ValueRange.limit)
        return matrices(shape)
      case .numbers(let shape, let range, _):
        domains.append(range)
        let candidates = numbers.filter { self.shape($0) == shape }
        return !candidates.isEmpty && chance(0.7) ? one(of: candidates) : leaf(shape, in: range)
      }
    }
    guard inputs.count == example.inputs.count else { return nil }
    return apply(example.operation, inputs, domains: domains)
  }

  /// Matrices with a dominant diagonal: the identity, and small multiples of what is there or of a new leaf.
  private mutating func matrices(_ shape: Shape) -> Int? {
    let candidates = numbers.filter { self.shape($0) == shape }
    let x = !candidates.isEmpty && chance(0.7) ? one(of: candidates) : leaf(shape)
    let share = 0.4 / Double(Swift.max(shape.last ?? 1, 1))
    let identity = constant(.identities(shape))
    return apply(Binary.add, [led(x, into: -share...share), identity])
  }
}
