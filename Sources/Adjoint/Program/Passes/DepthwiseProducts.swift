import AdjointKernels

/// The products of a convolution with one kernel for each channel, without windows in memory: their products with weights or
/// with cotangents, each summed as soon as it is there, in the order of the recorded sums.
struct DepthwiseProducts: FastPath {
  private let terms: WindowsInPlace.Terms

  var overwriting: Overwriting { .none }

  static func ending(in i: Int, of recording: PlannedRecording) -> Pass? {
    guard !recording.windows.terms.isEmpty, let form = recording.forms[i], form.isSum || form == .fold else {
      return nil
    }
    var nodes = [i]
    guard recording.descend(from: &nodes), let terms = recording.windows.terms[nodes[0]] else { return nil }
    return Pass(DepthwiseProducts(terms: terms), nodes, results: [i])
  }

  func instruction<S: Scalar>(_ pass: Pass, _ number: Int, in builder: inout InstructionBuilder<S>) -> Instruction<S> {
    let y: Output<S> = builder.output(pass.results[0])
    func address(_ node: Int) -> UnsafeRawPointer { UnsafeRawPointer(builder.view(node).base as UnsafePointer<S>) }
    var job = ak_convolution()
    (job.windows, job.kernels) = (terms.grid.kernel, terms.grid.channels)
    switch terms.kind {
    case .forward: (job.x, job.w) = (address(terms.a), address(terms.b))
    case .weights: (job.x, job.g) = (address(terms.a), address(terms.b))
    case .images: (job.g, job.w) = (address(terms.a), address(terms.b))
    }
    job.y = UnsafeMutableRawPointer(y.base)
    return builder.instruction(running: WindowProduct<S>(terms.kind, job, terms.grid, isDepthwise: true))
  }
}
