/// The walk of an elementwise loop over broadcast operands: an innermost run with strides of 1 or 0, and an odometer
/// over the axes outside it. Adjacent axes that every operand treats alike are merged first, so that common cases are
/// one run.
///
/// A walk is of fixed size and allocates nothing, so a program may make one in each run.
struct BroadcastWalk {
  /// Elements in one innermost run.
  private(set) var run = 1
  /// Each operand's stride inside a run: 1 when it advances, 0 when it repeats.
  private(set) var innerStride = SIMD4<Int>(repeating: 0)
  private var runs = 0
  private var outer = 0  // how many merged axes stand outside the run
  private var extents = SIMD8<Int>(repeating: 1)  // the merged axes, innermost first, the run at 0
  private var strideA = SIMD8<Int>(repeating: 0)
  private var strideB = SIMD8<Int>(repeating: 0)
  private var strideC = SIMD8<Int>(repeating: 0)

  /// A walk over `output` by up to three operands; one that is left out counts as a single number.
  init(output: Shape, _ a: Shape, _ b: Shape = .scalar, _ c: Shape = .scalar) {
    let total = output.elementCount
    guard total > 0 else { return }
    var size = SIMD4<Int>(repeating: 1)  // elements of each operand inside the axes merged so far
    var merged = 0
    for back in 1...max(output.rank, 1) where back <= output.rank && output[output.rank - back] != 1 {
      let extent = output[output.rank - back]
      let own = SIMD4(a.extent(fromEnd: back), b.extent(fromEnd: back), c.extent(fromEnd: back), 1)
      let step = size.replacing(with: 0, where: own .== 1)
      if merged > 0, step == strides(at: merged - 1) &* extents[merged - 1] {
        extents[merged - 1] *= extent
      } else {
        extents[merged] = extent
        (strideA[merged], strideB[merged], strideC[merged]) = (step[0], step[1], step[2])
        merged += 1
      }
      size = size &* own
    }
    run = merged > 0 ? extents[0] : 1
    innerStride = merged > 0 ? strides(at: 0) : innerStride
    runs = total / run
    outer = max(merged - 1, 0)
  }

  private func strides(at axis: Int) -> SIMD4<Int> { SIMD4(strideA[axis], strideB[axis], strideC[axis], 0) }

  /// Calls `body` with each run's offset in the output and in the operands.
  @inline(__always)
  func forEachRun(_ body: (Int, SIMD4<Int>) -> Void) {
    var position = SIMD8<Int>(repeating: 0)
    var offsets = SIMD4<Int>(repeating: 0)
    for index in 0..<runs {
      body(index * run, offsets)
      step(&position, &offsets, from: 1)
    }
  }

  /// The runs that stand side by side along the first axis outside them.
  var rows: Int { extents[1] }

  /// An operand's rows among these runs.
  @inline(__always)
  func operand<S>(_ number: Int, _ base: UnsafePointer<S>) -> RowOperand<S> {
    let row = number == 0 ? strideA[1] : number == 1 ? strideB[1] : strideC[1]
    return RowOperand(base, row: row, column: innerStride[number])
  }

  /// Calls `body` with the offsets of every block of `rows` runs in the output and in the operands.
  @inline(__always)
  func forEachBlock(_ body: (Int, SIMD4<Int>) -> Void) {
    var position = SIMD8<Int>(repeating: 0)
    var offsets = SIMD4<Int>(repeating: 0)
    for index in 0..<runs / rows {
      body(index * rows * run, offsets)
      step(&position, &offsets, from: 2)
    }
  }

  /// Advances the odometer by one along an axis.
  @inline(__always)
  private func step(_ position: inout SIMD8<Int>, _ offsets: inout SIMD4<Int>, from first: Int) {
    var axis = first
    while axis <= outer {
      position[axis] += 1
      offsets = offsets &+ strides(at: axis)
      if position[axis] < extents[axis] { break }
      offsets = offsets &- strides(at: axis) &* extents[axis]
      position[axis] = 0
      axis += 1
    }
  }
}

extension Shape {
  /// The dimension `back` places from the end, 1 in front of the first.
  fileprivate func extent(fromEnd back: Int) -> Int { back <= rank ? self[rank - back] : 1 }
}

/// A shape cut into groups: runs of adjacent axes that are all reduced or all kept. Dimensions of 1 belong to none.
struct AxisGroups {
  private(set) var extents = SIMD8<Int>(repeating: 1)
  private(set) var reduced = SIMDMask<SIMD8<Int>>(repeating: false)
  private(set) var count = 0

  init(shape: Shape, reduced axes: AxisSet) {
    for axis in 0..<shape.rank where shape[axis] != 1 {
      if count > 0, reduced[count - 1] == axes.contains(axis: axis) {
        extents[count - 1] *= shape[axis]
      } else {
        extents[count] = shape[axis]
        reduced[count] = axes.contains(axis: axis)
        count += 1
      }
    }
  }

  /// The number of groups that are reduced.
  var reducedCount: Int {
    var runs = 0
    for group in 0..<count where reduced[group] { runs += 1 }
    return runs
  }

  /// The number of elements of y that stand side by side in x.
  var keptRun: Int { count > 0 && !reduced[count - 1] ? extents[count - 1] : 1 }

  /// The number of positions along the reduced groups in front of a group.
  func reducedSize(before end: Int) -> Int {
    var size = 1
    for group in 0..<end where reduced[group] { size *= extents[group] }
    return size
  }

  /// The position in x of the first element that is reduced into element `position` of y.
  func source(of position: Int) -> Int { source(of: position, areReduced: false, before: count) }

  /// The distance in x of a position along the reduced groups in front of a group.
  func source(ofTerm term: Int, before end: Int) -> Int { source(of: term, areReduced: true, before: end) }

  private func source(of position: Int, areReduced: Bool, before end: Int) -> Int {
    var (rest, stride, source) = (position, 1, 0)
    for group in (0..<count).reversed() {
      if group < end, reduced[group] == areReduced {
        source += rest % extents[group] * stride
        rest /= extents[group]
      }
      stride *= extents[group]
    }
    return source
  }
}

/// A set of axes, as bits: a node that reduces holds one without counting references.
package struct AxisSet: Hashable, Sendable, BitwiseCopyable {
  private var bits: UInt8 = 0
  package init(_ axes: some Sequence<Int>) { for axis in axes { bits |= 1 << UInt8(axis) } }
  package var axes: [Int] { (0..<Shape.maximumRank).filter { contains(axis: $0) } }
  package func contains(axis: Int) -> Bool { bits >> UInt8(axis) & 1 == 1 }

  /// `shape` with these axes as dimensions of 1.
  func kept(of shape: Shape) -> Shape {
    var kept = shape
    for axis in 0..<shape.rank where contains(axis: axis) { kept = kept.replacing(axis: axis, with: 1) }
    return kept
  }

  /// The number of elements that these axes of `shape` span.
  func elementCount(of shape: Shape) -> Int {
    var count = 1
    for axis in 0..<shape.rank where contains(axis: axis) { count *= shape[axis] }
    return count
  }
}
