import Adjoint

extension WrittenOperators {
  static let shaping: [String: OperatorRow] = [
    "reshape": { call in plain(call.reshape(call[0], to: Array(call.shape), factors: call.factors)) },
    "broadcast": { call in
      // 1 keeps what the operand has; only what repeats is stated.
      let own = call.factors(ofInput: 0)
      let added = call.shape.rank - own.count
      let isGiven = call.shape.indices.map { $0 >= added && own[$0 - added] > 0 }
      let target = Shape(call.shape.indices.map { isGiven[$0] ? 1 : call.shape[$0] })
      let factors = call.shape.indices.map { isGiven[$0] ? 0 : call.factors[$0] }
      return plain(call.emit("Expand", [call[0], call.writer.extents(target, factors: factors, scope: call.scope)]))
    },
    "permute": { call in plain(call.transpose(call[0], call.attributes.list("order"))) },
    "slice": { call in
      let (start, size) = (call.attributes.list("start"), call.attributes.list("size"))
      let step = call.attributes.optionalList("step") ?? start.map { _ in 1 }
      let extents = call.shapes[0]
      let axes = start.indices.filter { start[$0] != 0 || size[$0] != extents[$0] || step[$0] != 1 }
      guard !axes.isEmpty else { return plain(call.emit("Identity", [call[0]])) }
      let ends = axes.map { axis -> Int in
        let end = start[axis] + size[axis] * step[axis]
        return step[axis] > 0 ? min(end, extents[axis]) : end < 0 ? -extents[axis] - 1 : end
      }
      // Whole batches of several: places that grow with the batch.
      func places(_ values: [Int]) -> String {
        let factors = zip(values, axes).map { place, axis in
          call.factors[axis] > 0 ? place * call.factors[axis] / size[axis] : 0
        }
        return call.writer.places(values, factors: factors, scope: call.scope)
      }
      let steps = axes.allSatisfy { step[$0] == 1 } ? [] : [call.integers(axes.map { step[$0] })]
      let lists = [places(axes.map { start[$0] }), places(ends), call.integers(axes)]
      return plain(call.emit("Slice", [call[0]] + lists + steps))
    },
    "pad": { call in
      guard call.attributes.optionalList("step") == nil else { return nil }
      let counts = call.attributes.list("before") + call.attributes.list("after")
      guard counts.contains(where: { $0 > 0 }) else { return plain(call.emit("Identity", [call[0]])) }
      return plain(call.emit("Pad", [call[0], call.integers(counts), call.number(0)]))
    },
    "concatenate": { call in
      let parts = call.inputs.indices.filter { call.shapes[$0].elementCount > 0 }.map { call[$0] }
      return plain(call.emit("Concat", parts, [ONNXAttribute("axis", .int(call.attributes.int("axis")))]))
    },
  ]

  static let indexing: [String: OperatorRow] = [
    "asNumbers": { call in
      plain(call.emit("Cast", [call[0]], [ONNXAttribute("to", .int(call.element.rawValue))]))
    },
    "gather": { call in plain(call.emit("Gather", [call[0], call[1]], [ONNXAttribute("axis", .int(0))])) },
    "scatterAdd": { call in
      let zeros = call.zeros(Array(call.shape), factors: call.factors)
      let rows = call.emit("Unsqueeze", [call[1], call.integers([-1])])
      return plain(call.emit("ScatterND", [zeros, rows, call[0]], [ONNXAttribute("reduction", .string("add"))]))
    },
    "gatherAlong": { call in
      plain(
        call.emit("GatherElements", [call[0], call[1]], [ONNXAttribute("axis", .int(call.attributes.int("axis")))]))
    },
    "scatterAddAlong": { call in
      let zeros = call.zeros(Array(call.shape), factors: call.factors)
      let attributes = [
        ONNXAttribute("axis", .int(call.attributes.int("axis"))), ONNXAttribute("reduction", .string("add")),
      ]
      return plain(call.emit("ScatterElements", [zeros, call[1], call[0]], attributes))
    },
    "pick": { call in
      let places = call.emit("Unsqueeze", [call[1], call.integers([-1])])
      let axis = ONNXAttribute("axis", .int(call.shapes[0].rank - 1))
      let picked = call.emit("GatherElements", [call[0], places], [axis])
      return plain(call.emit("Squeeze", [picked, call.integers([-1])]))
    },
    "oneHot": { call in
      let classes = call.integers(Array(0..<call.attributes.int("classes")))
      let places = call.emit("Unsqueeze", [call[0], call.integers([-1])])
      return WrittenValue(truth: call.emit("Equal", [places, classes]))
    },
  ]
}
