// The branches on which a program's recording depends.

extension Program {
  /// The first of the branches of the recording that the last run has left; `nil` when all comparisons came out as they did
  /// when they were recorded.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func firstBrokenGuard() -> Int? {
    // By position: a loop over an array would retain it.
    for position in 0..<guardPlaces.count {
      let (truth, isTrue) = guardPlaces[position]
      if (truth.pointee.primal != 0) != isTrue { return position }
    }
    return nil
  }

  /// Traps when the values that were fed take another branch than those that were recorded.
  @inline(never)
  func refuseOtherBranch(_ position: Int, _ file: StaticString, _ line: UInt) -> Never {
    let place = guards[position]
    fatalError(
      "Program: \(name(place.node)) was \(place.isTrue) when it was recorded, and the code branched on it. It is "
        + "\(!place.isTrue) now, so this program holds another branch than these values take. Use CompiledFunction, which records "
        + "each branch, or `where(_:_:_:)` in place of the branch.",
      file: file, line: line)
  }
}
