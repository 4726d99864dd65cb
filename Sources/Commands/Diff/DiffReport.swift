import AdjointCommandLine
import AdjointFiles

/// A comparison as a person reads it, and as JSON.
struct DiffReport {
  private let comparison: TraceComparison
  private var a: TraceReader { comparison.a }
  private var b: TraceReader { comparison.b }

  init(_ comparison: TraceComparison) { self.comparison = comparison }

  /// True when the steps that both hold agree, and there are such steps.
  var isSame: Bool { comparison.difference == nil && comparison.agreeing != nil }

  /// Lines of a name and a text.
  var fields: [(name: String, text: String)] { [("difference", verdict)] + details + remarks }

  private var verdict: String {
    let before =
      comparison.agreeing.map {
        ", after \($0.count.of("step")) that \($0.count == 1 ? "agrees" : "agree") in every bit"
      }
      ?? ""
    switch comparison.difference {
    case nil:
      guard let agreeing = comparison.agreeing else { return "cannot tell: the traces have no step in common" }
      return agreeing.count == 1
        ? "none: step \(agreeing.first) agrees in every bit of every node"
        : "none: \(agreeing.count.grouped) steps, \(agreeing.first) to \(agreeing.last), agree in every bit of every node"
    case .precision:
      return
        "the precision: \(a.path) is of \(a.scalar), \(b.path) of \(b.scalar), so that all numbers differ; trace both in one"
    case .program(let step, _, _, _): return "\(place(of: step)) runs another program\(before)"
    case .update(let step, _) where a.update.prefix { $0 != "(" } != b.update.prefix { $0 != "(" }:
      return "the update of \(place(of: step)): \(a.update) and \(b.update)\(before); its values and gradients agree"
    case .update(let step, let other):
      return step.isRefused == other.isRefused
        ? "the learning rate of \(place(of: step)): \(step.rate) and \(other.rate)\(before); its values and gradients agree"
        : "\(place(of: step)) was refused in \((step.isRefused ? a : b).path) alone\(before); its values agree, the rate or the "
          + "clipping does not"
    case .value(let found): return "\(place(of: found.a))\(before)"
    }
  }

  private var details: [(name: String, text: String)] {
    switch comparison.difference {
    case .value(let found): return values(found)
    case .program(let p, let q, let x, let y):
      func text(_ node: TracedNode?, _ recording: TracedRecording, _ other: TracedNode?) -> String {
        guard let node else { return "nothing: the recording has ended" }
        let isTold = other.map { $0.text == node.text } ?? false
        return node.text + (isTold || node.isOperation ? ", \(recording.structure(of: node))" : "")
      }
      return [
        ("first node", "number \(min(x?.number ?? .max, y?.number ?? .max)) of the tape"),
        ("in A", text(x, p.recording, y)),
        ("in B", text(y, q.recording, x)),
      ]
    case nil, .precision, .update: return []
    }
  }

  private func values(_ found: ValueDifference) -> [(name: String, text: String)] {
    let recording = found.a.recording
    var fields = [("began with", found.sentence), ("node", found.node.text)]
    for (step, reader) in [(found.a, a), (found.b, b)] where step.isRefused {
      fields.insert(("refused", "in \(reader.path): a number was not finite, and the step changed nothing"), at: 0)
    }
    if found.node.isOperation { fields.append(("operation", recording.structure(of: found.node))) }
    let layer = recording.layer(of: found.node)
    if !layer.isEmpty, !found.node.text.contains("'\(layer)'") { fields.append(("layer", layer)) }
    if let x = found.node.adjointOf.first.flatMap({ recording.places[$0] }) {
      fields.append(("adjoint of", recording.nodes[x].text))
    } else if let x = found.node.serves.flatMap({ recording.places[$0] }) {
      fields.append(("derivative of", recording.nodes[x].text))
    }
    fields.append(("worst element", worst(found)))
    if !found.others.isEmpty {
      let names = found.others.prefix(3).map(\.text).joined(separator: "; ")
      fields.append(("also began", names + (found.others.count > 3 ? "; and \(found.others.count - 3) more" : "")))
    }
    fields.append(("nodes", "\(found.differingCount.grouped) of \(recording.nodes.count.grouped) differ in this step"))
    return fields
  }

  private func worst(_ found: ValueDifference) -> String {
    let isComplete = found.held == found.node.count
    let number = found.a.number
    let all =
      "to see all, run both again with --trace-values \(number), in code trace(to:wholeAt: \(number)...\(number))"
    guard let (_, x, y) = found.worst else {
      return "not among the \(found.held) of \(found.node.count.grouped) elements that both traces hold; \(all)"
    }
    var text = "\(found.place): \(x.text) and \(y.text)"
    if x.isNaN || y.isNaN {
      text += ", NaN in one alone"
    } else if let distance = x.distance(to: y), !found.node.isIndex {
      text += distance == 0 ? ", zeros of either sign" : ", \(Int(clamping: distance).of("ulp"))"
    }
    let (differing, held) = (found.differingElements.grouped, found.held.grouped)
    return isComplete
      ? text + "; \(differing) of \(held) differ"
      : text
        + "; \(differing) of the \(held) elements that both traces hold differ, of \(found.node.count.grouped) in all; \(all)"
  }

  /// Remarks about the files: what was cut off, what one has and the other has not.
  private var remarks: [(name: String, text: String)] {
    var remarks: [(String, String)] = []
    for reader in [a, b] where reader.isCut {
      remarks.append(
        (
          "remark",
          "\(reader.path) ends within a line, as after a run that was killed; \(reader.stepCount.of("whole step")) count"
        ))
    }
    guard comparison.difference == nil else { return remarks }
    if a.stepCount != b.stepCount {
      remarks.append(
        ("remark", "\(a.path) has \(a.stepCount.of("step")), \(b.path) \(b.stepCount); the others were not compared"))
    }
    if a.update != b.update { remarks.append(("remark", "the updates differ: \(a.update) and \(b.update)")) }
    return remarks
  }

  private func place(of step: TracedStep) -> String {
    "step \(step.number)" + (step.epoch.map { " (epoch \($0))" } ?? "")
  }
}

extension DiffReport {
  var json: JSON {
    var members: [(String, JSON)] = [("agreeing", .integer(comparison.agreeing?.count ?? 0))]
    func add(_ step: TracedStep) {
      members.append(("step", .integer(step.number)))
      members.append(("epoch", step.epoch.map { .integer($0) } ?? .null))
    }
    switch comparison.difference {
    case nil: members.append(("difference", isSame ? .null : .string("unknown")))
    case .precision: members.append(("difference", .string("precision")))
    case .program(let step, _, let x, let y):
      members.append(("difference", .string("program")))
      add(step)
      members.append(("node", .integer(min(x?.number ?? .max, y?.number ?? .max))))
    case .update(let step, _):
      members.append(("difference", .string("update")))
      add(step)
    case .value(let found):
      members.append(("difference", .string(found.origin.rawValue)))
      add(found.a)
      members += [
        ("node", .integer(found.node.number)), ("kind", .string(found.node.kind)),
        ("layer", .string(found.a.recording.layer(of: found.node))),
        ("element", found.worst == nil ? .null : .integers(found.place)),
        ("a", found.worst.map { .string($0.a.text) } ?? .null), ("b", found.worst.map { .string($0.b.text) } ?? .null),
        ("ulps", found.worst.flatMap { $0.a.distance(to: $0.b) }.map { .number(digits: String($0)) } ?? .null),
        ("differingElements", .integer(found.differingElements)), ("heldElements", .integer(found.held)),
        ("elements", .integer(found.node.count)), ("differingNodes", .integer(found.differingCount)),
      ]
    }
    return .object(members)
  }
}
