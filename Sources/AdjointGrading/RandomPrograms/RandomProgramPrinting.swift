import Adjoint
import AdjointChecking

extension RandomProgram: CustomStringConvertible {
  public var description: String { swiftCode() }

  /// This program as Swift code that reproduces it with its values at point 0, and ends by printing both sides of
  /// ⟨ȳ, J·u⟩ = ⟨Jᵀ·ȳ, u⟩: by dual numbers, and by the recorded rules.
  ///
  /// - Parameter describe: how an operation that the library has no method for is written, such as `Softplus()`; a struct's
  ///   own description when left out.
  public func swiftCode(describing describe: (any Operation) -> String = { "\($0)" }) -> String {
    var lines = [
      "// A program of \(operationCount) operation\(operationCount == 1 ? "" : "s") from seed \(seed).",
      "import Adjoint", "", "let tape = Tape<Double>()",
    ]
    for (i, step) in steps.enumerated() {
      switch step.kind {
      case .leaf(let leaf): lines.append("let v\(i) = " + code(ofLeaf: i, leaf.role))
      case .operation(let operation, let inputs):
        let x = inputs.map { "v\($0)" }
        let call =
          Self.call(operation, x, inputs.map { steps[$0].shape })
          ?? "tape.record(\(([describe(operation)] + x).joined(separator: ", ")))"
        lines.append("let v\(i) = \(call)  // \(step.shape)")
      }
    }
    let leaves = movingLeaves.map { "v\($0)" }.joined(separator: ", ")
    lines += [
      "let y = v\(output)", "",
      "let (leaves, cotangent) = ([\(leaves)] as [Variable<Double>], \(Self.literal(cotangent, type: "Tensor<Double>")))",
      "let directions: [Tensor<Double>] = [",
    ]
    lines += directions.map { "  " + Self.literal($0) + "," }
    lines += [
      "]",
      "func inner(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double { zip(a.elements, b.elements).reduce(0) { $0 + $1.0 * $1.1 } }",
      #"print("by dual numbers:", inner(cotangent, jvp(of: y, withRespectTo: leaves, along: directions)))"#,
      "let found = gradients(of: y, withRespectTo: leaves, cotangent: tape.constant(cotangent)).map(\\.value)",
      #"print("by the rules:   ", zip(found, directions).reduce(0) { $0 + inner($1.0, $1.1) })"#,
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func code(ofLeaf step: Int, _ role: Role) -> String {
    switch (value(ofLeaf: step), role) {
    case (.indices(let value), _): "tape.index(\(Self.literal(value)))"
    case (.numbers(let value), .parameter): "tape.parameter(Parameter(\(Self.literal(value))))"
    case (.numbers(let value), .constant):
      value.shape == [] ? "tape.constant(\(value[linear: 0]))" : "tape.constant(\(Self.literal(value)))"
    case (.numbers(let value), .input), (.numbers(let value), .index), (.numbers(let value), .state),
      (.numbers(let value), .random):
      "tape.input(\(Self.literal(value)))"
    }
  }

  private static func literal<T>(_ tensor: Tensor<T>, type: String = "Tensor") -> String {
    "\(type)(shape: \(tensor.shape), elements: \(tensor.elements))"
  }

  // MARK: Operations

  /// The call that records an operation, in the public interface; `nil` for one that the library has no method for.
  private static func call(_ operation: any Operation, _ x: [String], _ shapes: [Shape]) -> String? {
    func method(_ name: String, _ arguments: String...) -> String {
      x[0] + ".\(name)(" + (x.dropFirst() + arguments).joined(separator: ", ") + ")"
    }
    func reduced(_ name: String, _ axes: AxisSet, _ keeps: Bool, _ more: String...) -> String {
      let arguments = ["axes: \(axes.axes)"] + (keeps ? ["keepingDimensions: true"] : []) + more
      return x[0] + ".\(name)(" + arguments.joined(separator: ", ") + ")"
    }
    switch operation {
    case Unary.negate as Unary: return "-\(x[0])"
    case let f as Unary: return method(f.rawValue)
    case let f as LeakyReLU: return method("leakyRelu", "slope: \(f.slope)")
    case let f as ELU: return method("elu", "alpha: \(f.alpha)")
    case let f as Power: return method("power", "\(f.exponent)")
    case let f as Clamp: return method("clamp", "\(f.low)", "\(f.high)")
    case let f as Binary: return binary(f, x[0], x[1])
    case let f as Comparison: return "\(x[0]) \(symbol(f)) \(x[1])"
    case is Where: return "`where`(\(x.joined(separator: ", ")))"
    case let f as MatMul:
      let flags = (f.transposeA ? ["transposeA: true"] : []) + (f.transposeB ? ["transposeB: true"] : [])
      return "\(x[0]).matmul(" + ([x[1]] + flags).joined(separator: ", ") + ")"
    case is AddBias: return method("addBias")
    case let f as Sum: return reduced("sum", f.axes, f.keepsDimensions)
    case let f as Mean: return reduced("mean", f.axes, f.keepsDimensions)
    case let f as Variance: return reduced("variance", f.axes, f.keepsDimensions, "correction: \(f.correction)")
    case let f as Extremum: return reduced(f.kind.rawValue, f.axes, f.keepsDimensions)
    case is ArgMax: return method("argMax")
    case is Softmax: return method("softmax")
    case is LogSoftmax: return method("logSoftmax")
    case is LogSumExp: return method("logSumExp")
    // The methods record nothing where nothing changes; the program did.
    case let f as Broadcast where f.target == shapes[0]: return "tape.record(Broadcast(to: \(f.target)), \(x[0]))"
    case let f as Reshape where f.target == shapes[0]: return "tape.record(Reshape(to: \(f.target)), \(x[0]))"
    case let f as Broadcast: return method("broadcast", "to: \(f.target)")
    case let f as Reshape: return method("reshape", "to: \(f.target)")
    case let f as Permute: return method("permute", "\(f.order)")
    case let f as Slice: return method("slice", "start: \(f.start)", "size: \(f.size)")
    case let f as Pad: return method("pad", "before: \(f.before)", "after: \(f.after)")
    case let f as Concatenate: return "concatenate([\(x.joined(separator: ", "))], axis: \(f.axis))"
    case is StopGradient: return method("stopGradient")
    case is Gather: return method("gather")
    case let f as ScatterAdd: return method("scatterAdd", "rows: \(f.rows)")
    case is Pick: return method("pick")
    case let f as OneHot: return method("oneHot", "\(f.classes)")
    case let f as Unfold: return method("unfold", windows(f.windows))
    case let f as Fold: return method("fold", windows(f.windows), "into: \(extent(f.image))")
    case let f as MaxPool:
      return method("maxPool", extent(f.windows.size), "stride: \(extent(f.windows.stride))")
    case let f as AveragePool:
      return method("averagePool", extent(f.windows.size), "stride: \(extent(f.windows.stride))")
    default: return nil
    }
  }

  private static func extent(_ x: Extent2D) -> String { "Extent2D(\(x.height), \(x.width))" }

  private static func windows(_ x: Windows) -> String {
    "Windows(\(extent(x.size)), stride: \(extent(x.stride)), padding: \(extent(x.padding)))"
  }

  private static func binary(_ f: Binary, _ a: String, _ b: String) -> String {
    switch f {
    case .add: "\(a) + \(b)"
    case .subtract: "\(a) - \(b)"
    case .multiply: "\(a) * \(b)"
    case .divide: "\(a) / \(b)"
    case .maximum, .minimum: "\(a).\(f.rawValue)(\(b))"
    }
  }

  private static func symbol(_ f: Comparison) -> String {
    switch f {
    case .less: ".<"
    case .lessOrEqual: ".<="
    case .greater: ".>"
    case .greaterOrEqual: ".>="
    case .equal: ".=="
    case .notEqual: ".!="
    }
  }
}
