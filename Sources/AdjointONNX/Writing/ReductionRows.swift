import Adjoint

extension WrittenOperators {
  static let reductions: [String: OperatorRow] = [
    "sum": { call in
      let axes = call.attributes.list("axes")
      guard !axes.isEmpty else { return plain(call.emit("Identity", [call[0]])) }
      return plain(call.emit("ReduceSum", [call[0], call.integers(axes)], [keeping(call)]))
    },
    "mean": reduce("ReduceMean"), "max": reduce("ReduceMax"), "min": reduce("ReduceMin"),
    "variance": { call in
      let axes = call.attributes.list("axes")
      guard !axes.isEmpty else { return plain(call.emit("Sub", [call[0], call[0]])) }
      let list = ONNXAttribute("axes", .ints(axes))
      let mean = call.emit("ReduceMean", [call[0]], [list])
      let rest = call.emit("Sub", [call[0], mean])
      let variance = call.emit("ReduceMean", [call.emit("Mul", [rest, rest])], [list, keeping(call)])
      let correction = call.attributes.int("correction")
      guard correction != 0 else { return plain(variance) }
      let count = Double(axes.reduce(1) { $0 * call.shapes[0][$1] })
      return plain(call.emit("Mul", [variance, call.number(count / (count - Double(correction)))]))
    },
    "softmax": lastAxis("Softmax"), "logSoftmax": lastAxis("LogSoftmax"),
    "logSumExp": { call in
      let last = ONNXAttribute("axes", .ints([-1]))
      return plain(call.emit("ReduceLogSumExp", [call[0]], [last, ONNXAttribute("keepdims", .int(0))]))
    },
    "cumsum": { call in
      let reverse = call.attributes.flag("reversed") ? [ONNXAttribute("reverse", .int(1))] : []
      return plain(call.emit("CumSum", [call[0], call.writer.integer(-1)], reverse))
    },
    "argMax": { call in
      let attributes = [ONNXAttribute("axis", .int(-1)), ONNXAttribute("keepdims", .int(0))]
      return plain(call.emit("ArgMax", [call[0]], attributes))
    },
    "argSort": { call in
      let attributes = [
        ONNXAttribute("axis", .int(call.attributes.int("axis"))),
        ONNXAttribute("largest", .int(call.attributes.flag("descending") ? 1 : 0)),
      ]
      let operands = [call[0], call.integers([call.attributes.int("count")])]
      return plain(call.writer.emitSecond("TopK", operands, attributes, scope: call.scope))
    },
  ]

  private static func keeping(_ call: OperatorCall) -> ONNXAttribute {
    ONNXAttribute("keepdims", .int(call.attributes.flag("keepsDimensions") ? 1 : 0))
  }

  private static func reduce(_ operation: String) -> OperatorRow {
    { call in
      let axes = call.attributes.list("axes")
      guard !axes.isEmpty else { return plain(call.emit("Identity", [call[0]])) }
      return plain(call.emit(operation, [call[0]], [ONNXAttribute("axes", .ints(axes)), keeping(call)]))
    }
  }

  private static func lastAxis(_ operation: String) -> OperatorRow {
    { call in plain(call.emit(operation, [call[0]], [ONNXAttribute("axis", .int(-1))])) }
  }
}
