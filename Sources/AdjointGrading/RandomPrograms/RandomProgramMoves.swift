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

  /// A matrix product with any flags, of a matrix that is there and another one or a new leaf.
  mutating func product() -> Int? {
    let x = operand { $0.rank == 2 }
    let product = MatMul(transposeA: chance(0.5), transposeB: chance(0.5))
    let isLeft = chance(0.5)
    // The inner dimension is the left's columns and the right's rows, before transposition.
    let depth = shape(x)[(isLeft ? product.transposeA : !product.transposeB) ? 0 : 1]
    let axis = (isLeft ? product.transposeB : !product.transposeA) ? 1 : 0
    let candidates = numbers.filter { shape($0).rank == 2 && shape($0)[axis] == depth }
    let outer = extent()
    let other =
      !candidates.isEmpty && chance(0.5) ? one(of: candidates) : leaf(axis == 0 ? [depth, outer] : [outer, depth])
    return apply(product, isLeft ? [x, other] : [other, x])
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
      Extremum(kind: one(of: Extremum.Kind.allCases), axes: axes, keepsDimensions: keeps), ArgMax(),
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
      return apply(Slice(start: start, size: Shape(size)), [x])
    case 4: return apply(Pad(before: own.map { _ in pick(3) }, after: own.map { _ in pick(2) }), [x])
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
    switch pick(4) {
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
    let inputs = example.inputs.map { input -> Int in
      switch input {
      case .indices(let shape, let bound):
        domains.append(ValueRange.limit)
        return indices(shape, below: bound)
      case .numbers(let shape, let range, _):
        domains.append(range)
        let candidates = numbers.filter { self.shape($0) == shape }
        return !candidates.isEmpty && chance(0.7) ? one(of: candidates) : leaf(shape, in: range)
      }
    }
    return apply(example.operation, inputs, domains: domains)
  }
}
