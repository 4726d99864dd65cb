import Adjoint
import AdjointFiles
import Foundation

/// The writer of a trace: a line for the run, one for each recording before its first step, one for each step.
///
/// Neither times nor names of machines are in it, so equal runs write equal bytes.
final class StepTrace<S: Scalar> {
  private let file: GrowingFile
  /// The steps that hold every element; for `nil`, the first one holds those of nodes that are not large.
  private let whole: ClosedRange<Int>?
  private var isFirst = true
  /// The number of each recording, by its content: one that made room for others may come back.
  private var recordings: [String: Int] = [:]

  init(to url: URL, whole: ClosedRange<Int>?, of step: TrainingStep<S>) throws(FileError) {
    file = try GrowingFile(url, replacing: TraceFormat.beginning, kind: "a trace")
    self.whole = whole
    let header = JSON.object([
      ("format", .string("adjoint trace")), ("version", .integer(TraceFormat.version)),
      ("scalar", .string("\(S.self)")),
      ("instructions", .string(Kernels.name)), ("seed", .number(digits: String(step.seed))),
      ("update", .string(step.updateInWords)),
    ])
    try file.append(header.text(.compact))
  }

  /// Writes a step whose program has computed, before anything is changed by it.
  func write(_ loss: CompiledLoss<S>, of step: TrainingStep<S>, rate: Double, isRefused: Bool) throws(FileError) {
    let program = loss.program
    let traced = try traced(loss)
    let number = step.stepCount + 1
    let counts = traced.nodes.map { loss.inputs.tape[$0].shape.elementCount }
    let largest = counts.max() ?? 0
    let limit = whole.map { $0.contains(number) ? largest : 0 } ?? (isFirst ? min(largest, TraceFormat.firstLimit) : 0)
    let held = max(limit, TraceFormat.sampleCount)
    isFirst = false
    let values = zip(traced.nodes, counts).flatMap { node, count in
      program.bytes(of: node, at: count <= held ? nil : TraceFormat.heldPositions(of: count, limit: held))
    }
    let hashes = ByteOrder.littleEndian.bytes(of: traced.nodes.map { program.hash(of: $0) })
    var line: [(String, JSON)] = [("step", .integer(number))]
    if let epoch = step.epoch { line.append(("epoch", .integer(epoch))) }
    line += [
      ("recording", .integer(traced.recording)), ("rate", .number(rate)),
      ("loss", .number(program.withValue(of: loss.outputs[0]) { $0[0].primal })),
    ]
    if isRefused { line.append(("refused", .bool(true))) }
    line += [
      ("hashes", .string(Data(hashes).base64EncodedString())), ("held", .integer(held)),
      ("values", .string(Data(values).base64EncodedString())),
    ]
    try file.append(JSON.object(line).text(.compact))
  }

  /// The number and the nodes of a recording, which is written at its first step.
  private func traced(_ loss: CompiledLoss<S>) throws(FileError) -> (recording: Int, nodes: [Int]) {
    if let traced = loss.traced { return traced }
    let tape = loss.inputs.tape
    let nodes = (0..<tape.count).filter { loss.program.holds($0) }
    var served: [Int: [Int]] = [:]
    for x in 0...loss.outputs[0].index {
      if let adjoint = loss.backward.adjointNode(of: x) { served[adjoint, default: []].append(x) }
    }
    let list = JSON.array(
      zip(nodes, tape.lines(of: nodes)).map { describe(tape[$0], adjointOf: served[$0] ?? [], $1) })
    let content = list.text(.compact)
    let number = recordings[content] ?? recordings.count
    if recordings.updateValue(number, forKey: content) == nil {
      try file.append(JSON.object([("recording", .integer(number)), ("nodes", list)]).text(.compact))
    }
    loss.traced = (number, nodes)
    return (number, nodes)
  }

  private func describe(_ x: Variable<S>, adjointOf forward: [Int], _ text: String) -> JSON {
    var line: [(String, JSON)] = [("node", .integer(x.index))]
    if let operation = x.operation {
      line.append(("operation", .string(operation.name)))
      let attributes = operation.attributes.map(\.description).joined(separator: ", ")
      if !attributes.isEmpty { line.append(("attributes", .string(attributes))) }
      line.append(("inputs", .integers(x.inputs.map(\.index))))
    } else if let role = x.role {
      line.append(("role", .string(role.name)))
    }
    line.append(("shape", .integers(Array(x.shape))))
    if !x.path.isEmpty { line.append(("path", .string(x.path))) }
    if let serves = x.serves { line.append(("serves", .integer(serves.index))) }
    if !forward.isEmpty { line.append(("adjointOf", .integers(forward))) }
    line.append(("text", .string(text)))
    return .object(line)
  }
}

extension TrainingStep {
  /// Writes a trace of every step from the next one on: a hash of each node's value and adjoint, and the elements of small
  /// ones. `adjoint diff` compares two traces, and says where the runs parted.
  ///
  /// Traced steps run a plan that keeps every value, slower and with the same bits. A step that is refused is written too.
  /// Step numbers go on where a checkpoint was restored. Each line is in the file when its step has returned, so a process
  /// that is killed leaves a trace of the steps before.
  ///
  /// ```swift
  /// try step.trace(to: URL(fileURLWithPath: "a.trace"))
  /// ```
  ///
  /// - Parameters:
  ///   - url: the file, which is replaced where it is a trace.
  ///   - steps: the steps, counted from 1, of which every element is written. Where none are given, the first traced one has
  ///     those of nodes of at most 131,072 elements.
  /// - Throws: `FileError` where the file cannot be written. A step that cannot be written throws it too, and has changed
  ///   nothing.
  /// - Precondition: the step is of `Float` or `Double`, and is not being profiled.
  public func trace(
    to url: URL, wholeAt steps: ClosedRange<Int>? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws {
    let site = CallSite(file, line)
    guard S.self == Float.self || S.self == Double.self else {
      site.trap(
        "TrainingStep.trace: a trace holds values of Float or Double, not of \(S.self); trace a step of one of these")
    }
    guard clock == nil else {
      site.trap(
        "TrainingStep.trace: this step is being profiled, and a trace would run another plan; trace it before or after")
    }
    trace = try StepTrace(to: url, whole: steps, of: self)
    planAnew()
  }

  /// Ends the trace. The next steps run the fused plan again.
  public func endTrace() {
    guard trace != nil else { return }
    trace = nil
    planAnew()
  }

  /// Everything that decides an update beside gradients and the number of the step.
  fileprivate var updateInWords: String {
    var words = ["\(optimizer)"]
    if schedule != .constant { words.append("schedule \(schedule)") }
    if regularization != .none { words.append("\(regularization)") }
    if clipping != .none { words.append("clipping \(clipping)") }
    if updating.words != "all" { words.append("updates \(updating.words)") }
    words += groups.map { "group of \($0)" }
    return words.joined(separator: "; ")
  }
}
