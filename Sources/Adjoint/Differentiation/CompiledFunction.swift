/// A function of tensors that is recorded once and replayed ever after, for each branch that its values take.
///
/// The closure is ordinary Swift. It may branch on comparisons of variables (`if x > 0`, `while error > 1e-9`), take
/// derivatives, and nest them. Each comparison is remembered with the side that it took. A call replays a recording, and
/// looks at its comparisons: where one comes out on another side, a recording of that side is replayed, or made.
///
/// ```swift
/// let root = CompiledFunction<Double> { a in
///   var x = a
///   while (x * x - a).abs() > 1e-12 * a { x = (x + a / x) / 2 }
///   return gradient(of: x, withRespectTo: a)
/// }
/// root(Tensor(scalar: 2))        // 1/(2√2): recorded
/// root(Tensor(scalar: 2.1))      // as many steps: replayed
/// ```
///
/// A plain number cannot be guarded, so reading one in the closure (`value`, `scalar`) traps. Tensors that the closure
/// captures are constants of the recording. Parameters are read where they stand. Layers record in inference.
///
/// The values have the bits that recording them would have. It is not `Sendable`: it runs on one thread at a time.
public final class CompiledFunction<S: Scalar> {
  /// The most recordings that are kept. Past it, what no recording fits is recorded at each call.
  public let limit: Int
  /// The number of times that the closure has run.
  public private(set) var recordingCount = 0
  /// The number of calls.
  public private(set) var callCount = 0
  /// A reader of the sentence that tells of each new recording: the comparison that came out otherwise, or the shapes.
  public var report: ((String) -> Void)?
  /// The threads among which large instructions are split.
  public var pool: WorkerPool? {
    didSet { for trace in traces { trace.program.pool = pool } }
  }

  private let f: ([Variable<S>]) -> [Variable<S>]
  private var traces: [Trace] = []
  /// The trace that fitted last, which is tried first.
  private var latest = 0

  /// One recording of the closure: the branches that it took, compiled.
  private struct Trace {
    let inputs: [Variable<S>]
    let outputs: [Variable<S>]
    let program: Program<S>
    /// The side that each comparison took.
    let sides: [Bool]

    func fits(_ x: [Tensor<S>]) -> Bool {
      guard x.count == inputs.count else { return false }
      for position in x.indices where program.nodes[inputs[position].index].shape != x[position].shape { return false }
      return true
    }
  }

  /// A function of a list of tensors that gives a list of them.
  /// - Parameter limit: the most recordings that are kept, one for each list of shapes and each path through the branches.
  public init(
    limit: Int = 32, file: StaticString = #fileID, line: UInt = #line, _ f: @escaping ([Variable<S>]) -> [Variable<S>]
  ) {
    guard limit > 0 else { fatalError("CompiledFunction: limit is \(limit); keep at least 1", file: file, line: line) }
    (self.limit, self.f) = (limit, f)
  }

  /// A function of one tensor that gives one.
  public convenience init(
    limit: Int = 32, file: StaticString = #fileID, line: UInt = #line, _ f: @escaping (Variable<S>) -> Variable<S>
  ) {
    self.init(limit: limit, file: file, line: line) { (x: [Variable<S>]) in
      guard x.count == 1 else {
        fatalError(
          "CompiledFunction: its closure takes 1 tensor, it was called with \(x.count)", file: file, line: line)
      }
      return [f(x[0])]
    }
  }

  /// The value at a tensor, of a function that gives one.
  public func callAsFunction(_ x: Tensor<S>, file: StaticString = #fileID, line: UInt = #line) -> Tensor<S> {
    let y = self([x], file: file, line: line)
    guard y.count == 1 else {
      fatalError("CompiledFunction: it gives \(y.count) values; call it with a list: f([x])", file: file, line: line)
    }
    return y[0]
  }

  /// The values at a list of tensors.
  public func callAsFunction(_ x: [Tensor<S>], file: StaticString = #fileID, line: UInt = #line) -> [Tensor<S>] {
    callCount += 1
    var left: (trace: Trace, guarded: Int)?
    if let y = replay(x, leaving: &left, file, line) { return y }
    return record(
      x,
      because: {
        guard let (trace, position) = left else {
          return "the first call with \(S.self) of \(x.map { "\($0.shape)" }.joined(separator: ", "))"
        }
        let name = trace.program.name(trace.program.guards[position].node)
        return "\(name) is \(!trace.sides[position]), and was \(trace.sides[position])"
      }, file, line)
  }

  /// Runs the recording that fits; `nil` where there is none.
  /// - Parameter left: the last recording that was tried, and the comparison that came out otherwise.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func replay(
    _ x: [Tensor<S>], leaving left: inout (trace: Trace, guarded: Int)?, _ file: StaticString, _ line: UInt
  ) -> [Tensor<S>]? {
    var next: Int? = latest < traces.count && traces[latest].fits(x) ? latest : traces.firstIndex { $0.fits(x) }
    while let number = next {
      let trace = traces[number]
      for position in x.indices {
        trace.program.fill(trace.inputs[position]) { _ = $0.update(fromContentsOf: x[position].elements) }
      }
      trace.program.compute(file: file, line: line)
      guard let broken = trace.program.firstBrokenGuard() else {
        latest = number
        return trace.outputs.map { trace.program.value(of: $0) }
      }
      left = (trace, broken)
      // What has the same sides before took the same way to this comparison, so it gives the same number there. The way that
      // agrees grows with each turn.
      next = traces.firstIndex { other in
        other.sides.count > broken && other.sides[broken] != trace.sides[broken]
          && other.sides[..<broken] == trace.sides[..<broken] && other.fits(x)
      }
    }
    return nil
  }

  /// Runs the closure, and keeps its recording while there is room.
  /// - Parameter reason: is asked where somebody reads it, since a name follows from the whole recording.
  private func record(
    _ x: [Tensor<S>], because reason: () -> String, _ file: StaticString, _ line: UInt
  ) -> [Tensor<S>] {
    recordingCount += 1
    let tape = Tape<S>(mode: .inference, seed: 0, computesLater: true)
    let inputs = x.map { tape.input($0) }
    (tape.isRecordingForReplay, tape.guardsBranches) = (true, true)
    let outputs = f(inputs)
    (tape.isRecordingForReplay, tape.guardsBranches) = (false, false)
    if let other = outputs.first(where: { $0.tape !== tape }) {
      fatalError(
        "CompiledFunction: the closure gave a variable of another tape, \(other.tape.describe(other)); compute the results "
          + "from its arguments",
        file: file, line: line)
    }
    let draw = tape.nodes.indices.first { if case .leaf(.random) = tape.nodes[$0].kind { true } else { false } }
    if let node = draw ?? tape.stores.first?.node {
      fatalError(
        "CompiledFunction: \(tape.describe(node)) is \(draw == nil ? "stored into a state" : "drawn at random"), and a "
          + "compiled function gives the same for the same arguments. Pass random numbers as an argument; train by a "
          + "TrainingStep",
        file: file, line: line)
    }
    guard traces.count < limit else {
      report?("recorded at every call, since \(reason()), and \(limit) recordings are kept (`limit`)")
      return outputs.map(\.recordedValue)
    }
    report?("recording \(traces.count + 1) of at most \(limit): \(reason())")
    // What no result depends on is fed none the less.
    let program = Program<S>(outputs + inputs, file: file, line: line)
    program.pool = pool
    latest = traces.count
    traces.append(Trace(inputs: inputs, outputs: outputs, program: program, sides: tape.guards.map(\.isTrue)))
    tape.truncate()
    program.compute(file: file, line: line)
    return outputs.map { program.value(of: $0) }
  }
}

extension CompiledFunction: CustomStringConvertible {
  /// The calls and the recordings; then a line for each recording that is kept.
  public var description: String {
    let head = "CompiledFunction<\(S.self)>: \(counted(callCount, "call")), \(counted(recordingCount, "recording"))"
    let lines = traces.map { trace in
      let shapes = trace.inputs.map { "\(trace.program.nodes[$0.index].shape)" }.joined(separator: ", ")
      return "  of \(shapes): \(counted(trace.program.instructionCount, "pass", "passes")), "
        + counted(trace.sides.count, "branch", "branches")
    }
    return ([head] + lines).joined(separator: "\n")
  }
}
