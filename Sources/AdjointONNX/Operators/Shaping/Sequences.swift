import Adjoint

// Sequences of values, and values that may be absent.

extension OperatorTable {
  mutating func addSequences() {
    self["SequenceConstruct"] = { call in
      [GraphValue(sequence: try call.operands.indices.map { try call.value($0) }, type: call.type)]
    }
    self["SequenceEmpty"] = { call in [GraphValue(sequence: [], type: .float)] }
    self["SequenceLength"] = { call in [GraphValue(WholeNumbers([try call.sequence(0).count], dims: []))] }
    self["SequenceAt"] = { call in
      let all = try call.sequence(0)
      return [all[try call.place(1, in: all.count)]]
    }
    self["SequenceInsert"] = { call in
      var all = try call.sequence(0)
      all.insert(
        try call.value(1),
        at: call.optional(2) == nil ? all.count : try call.place(2, in: all.count + 1, from: all.count))
      return [GraphValue(sequence: all, type: call.type)]
    }
    self["SequenceErase"] = { call in
      var all = try call.sequence(0)
      all.remove(at: call.optional(1) == nil ? Swift.max(all.count - 1, 0) : try call.place(1, in: all.count))
      return [GraphValue(sequence: all, type: call.type)]
    }
    self["ConcatFromSequence"] = { call in
      let (all, axis) = (try call.sequence(0), try call.int("axis", 0))
      return try call.int("new_axis", 0) == 1 ? [try stacked(all, axis: axis, call)] : try joined(all, axis: axis, call)
    }
    self["SplitToSequence"] = { call in
      let dims = try call.dims(0)
      let axis = try call.axis(try call.int("axis", 0), rank: dims.count)
      var sizes = Array(repeating: 1, count: dims[axis])
      if call.optional(1) != nil {
        let given = try call.whole(1)
        sizes = given.values
        if given.dims.isEmpty, let size = given.values.first, size > 0 {
          sizes = stride(from: 0, to: dims[axis], by: size).map { Swift.min(size, dims[axis] - $0) }
        }
      }
      try call.require(
        sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == dims[axis], "parts of \(dims[axis]) positions", "\(sizes)"
      )
      let keeps = try call.optional(1) != nil || call.int("keepdims", 1) == 1
      var start = 0
      let parts = try sizes.map { size in
        defer { start += size }
        let part = try sliced(call, try call.value(0), axis, from: start, count: size)
        if keeps { return part }
        var rest = part.dims ?? []
        rest.remove(at: axis)
        return try call.reshaped(part, rest)
      }
      return [GraphValue(sequence: parts, type: call.type)]
    }
    self["SequenceMap"] = { call in
      let body = try call.graph("body")
      let all = try call.sequence(0)
      let results = try all.indices.map { i in
        let inputs = try call.operands.indices.map { k in
          let value = try call.value(k)
          guard case .sequence(let others) = value.content else { return value }
          try call.require(others.count == all.count, "sequences of \(all.count)", "\(others.count)")
          return others[i]
        }
        return try call.recorder.record(body, with: inputs, call)
      }
      return body.outputs.indices.map { k in GraphValue(sequence: results.map { $0[k] }, type: call.type) }
    }
    self["Optional"] = { call in [call.optional(0) ?? .absent] }
    self["OptionalGetElement"] = { call in [try call.value(0)] }
    self["OptionalHasElement"] = { call in
      [GraphValue(WholeNumbers([call.optional(0) == nil ? 0 : 1], dims: []), .bool)]
    }
  }
}

extension Call {
  fileprivate func sequence(_ i: Int) throws -> [GraphValue<S>] {
    guard case .sequence(let all) = try value(i).content else { throw error("a sequence", "a value of another kind") }
    return all
  }

  fileprivate func place(_ i: Int, in count: Int, from end: Int? = nil) throws -> Int {
    let given = try ints(i).first ?? 0
    let place = given < 0 ? given + (end ?? count) : given
    try require((0..<count).contains(place), "a position in a sequence of \(count)", "\(given)")
    return place
  }
}
