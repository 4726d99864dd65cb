import AdjointChecking
import AdjointCommandLine
import AdjointFiles
import Foundation

/// A function and its derivative as a process computes them; Docs/DerivativesFromElsewhere.md states the lines.
final class ProcessFunction {
  /// Said by the process about one point: no fault of the protocol.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  private let process: LineProcess
  private let command: String
  private(set) var description: ProcessDescription
  /// The first fault of the protocol, after which nothing is asked any more.
  private(set) var failure: CommandError?
  private var valueShape: [Int]?

  init(_ command: String, timeout: Double) throws(CommandError) {
    self.command = command
    process = try LineProcess(command, timeout: timeout)
    do throws(CommandError) {
      let line = try process.answer(to: #"{"ask": "describe"}"#, named: "describe", atMost: 1 << 24)
      description = try ProcessDescription(ProcessFunction.object(line, "describe", command), command: command)
    } catch {
      process.stop()
      throw error
    }
  }

  /// Ends the process.
  /// - Throws: the first fault of the protocol.
  func end() throws(CommandError) {
    if let failure {
      process.stop()
      throw failure
    }
    try process.end()
  }

  /// The shape of the value: none for a number.
  func shape(at x: [Double]) throws -> [Int] {
    _ = try value(x)
    return valueShape ?? []
  }

  // MARK: Asking

  func value(_ x: [Double]) throws -> [Double] {
    try ask("value", at: x, expecting: valueShape?.reduce(1, *) ?? 1 << 16) { json in
      let numbers = try NestedNumbers(json, what: "its value", command)
      if let shape = valueShape, numbers.shape != shape {
        throw CommandError.process(
          command,
          reason: "expected a value \(shape.words) as before, found one \(numbers.shape.words); answer with as many "
            + "numbers at every point")
      }
      if description.derivative == .gradient, numbers.elements.count != 1 {
        throw CommandError.process(
          command,
          reason:
            "expected one number as value, of which there is a gradient, found \(numbers.elements.count.of("number")); "
            + #"describe "derivative": "vjp", "jvp" or "jacobian" for more than one"#)
      }
      valueShape = numbers.shape
      return numbers.elements
    }
  }

  /// The derivative that it claims.
  var claim: FunctionClaim {
    switch description.derivative {
    case .vjp:
      .vjp { [self] x, v in
        try ask("vjp", at: x, ("v", .array(v.map(ProcessFunction.json))), expecting: x.count) { json in
          try parts(json, "vjp")
        }
      }
    case .jvp:
      .jvp { [self] x, u in
        let outputs = valueShape?.reduce(1, *) ?? 1
        return try ask("jvp", at: x, ("u", named(u)), expecting: outputs) { json in
          try NestedNumbers(json, what: "its jvp", command).elements(of: valueShape ?? [], command)
        }
      }
    case .jacobian:
      .jacobian { [self] x in
        let outputs = valueShape?.reduce(1, *) ?? 1
        let flat = try ask("jacobian", at: x, expecting: outputs * x.count) { json in
          try parts(json, "jacobian", before: valueShape ?? [])
        }
        return rows(flat, outputs)
      }
    case .gradient:
      .gradient { [self] x in
        try ask("gradient", at: x, expecting: x.count) { json in try parts(json, "gradient") }
      }
    }
  }

  private func ask(
    _ name: String, at x: [Double], _ further: (String, JSON)? = nil, expecting count: Int,
    _ read: (JSON) throws -> [Double]
  ) throws -> [Double] {
    if let failure { throw failure }
    do {
      let request = JSON.object([("ask", .string(name)), ("at", named(x))] + (further.map { [$0] } ?? []))
      let line = try process.answer(to: request.text, named: name, atMost: 1 << 20 + 64 * count)
      let answer = try ProcessFunction.object(line, name, command)
      if let words = answer["error"] {
        throw Refusal(description: printable(words.string ?? words.text, atMost: 400))
      }
      guard let json = answer[name] else {
        let found = answer.members?.map { quoted($0.0) }.joined(separator: ", ") ?? ""
        throw CommandError.process(
          command,
          reason: #"expected "\#(name)" in the answer to '\#(name)', found \#(found.isEmpty ? "nothing" : found)"#)
      }
      return try read(json)
    } catch let error as CommandError {
      failure = error
      throw error
    }
  }

  /// Numbers by the names of the inputs, row by row.
  private func named(_ x: [Double]) -> JSON {
    .object(
      zip(description.names, description.inputs).map { name, input in
        (
          name,
          input.shape.isEmpty
            ? ProcessFunction.json(x[input.range.lowerBound]) : .array(x[input.range].map(ProcessFunction.json))
        )
      })
  }

  private static func json(_ x: Double) -> JSON {
    x.isFinite ? .number(x) : .string(x.isNaN ? "nan" : x > 0 ? "inf" : "-inf")
  }

  // MARK: Answers

  /// The object on a line.
  private static func object(_ line: [UInt8], _ ask: String, _ command: String) throws(CommandError) -> JSON {
    let example = ask == "describe" ? #"{"inputs": {"w": [3, 2]}}"# : #"{"\#(ask)": …}"#
    let text = String(decoding: line, as: UTF8.self)
    var reason = ""
    do throws(FileError) {
      let json = try JSON(line, file: "the answer")
      if json.members != nil { return json }
      reason = " (no object)"
    } catch {
      if case .byte(let position) = error.place {
        reason = " (byte \(position): expected \(error.expected), found \(error.found))"
      }
    }
    let isBare = text.contains("NaN") || text.contains("Infinity")
    let advice =
      isBare
      ? #"write what is not finite as "nan", "inf" or "-inf", in quotation marks"#
      : "print nothing but answers on standard output"
    throw CommandError.process(
      command,
      reason: "expected a line such as \(example) in answer to '\(ask)', found \(quoted(text))\(reason); \(advice)")
  }

  /// The numbers of all inputs, one input after the other.
  /// - Parameter before: the shape that stands before the input's own.
  private func parts(_ json: JSON, _ what: String, before: [Int] = []) throws(CommandError) -> [Double] {
    var numbers: [Double] = []
    let members = json.members ?? []
    for (name, input) in zip(description.names, description.inputs) {
      guard let part = json[name] else {
        throw CommandError.process(
          command,
          reason:
            "expected its \(what) of \(quoted(name)), found \(members.isEmpty ? "no names" : "only " + members.map { quoted($0.0) }.joined(separator: ", ")); "
            + #"answer with an object, {"\#(what)": {"\#(name)": …}}"#)
      }
      numbers += try NestedNumbers(part, what: "its \(what) of \(quoted(name))", command)
        .elements(of: before + input.shape, command)
    }
    if let other = members.first(where: { member in !description.names.contains(member.0) }) {
      throw CommandError.process(
        command,
        reason:
          "expected a \(what) of \(description.names.map { quoted($0) }.joined(separator: ", ")), found also \(quoted(other.0)); describe it as an input, or leave it out"
      )
    }
    return numbers
  }

  /// The rows of a Jacobian, whose numbers stand input by input.
  private func rows(_ flat: [Double], _ outputs: Int) -> [[Double]] {
    (0..<outputs).map { i in
      description.inputs.flatMap { input in
        let start = input.range.lowerBound * outputs + i * input.range.count
        return flat[start..<start + input.range.count]
      }
    }
  }
}
