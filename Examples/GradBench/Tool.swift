import Adjoint
import Foundation

/// The work of one run of a problem's function: the numbers of its input in, its output out.
typealias Evaluation = () throws -> any Encodable

/// A function of a problem. It is prepared for an input, and the evaluation that it gives is run as often as asked: what is
/// recorded and compiled beforehand depends on the sizes of the input, and every run is fed its numbers anew.
struct Function {
  let name: String
  let prepare: (_ line: Data, _ compiler: Compiler) throws -> Evaluation

  init<Input: Decodable>(_ name: String, _ prepare: @escaping (Input, Compiler) throws -> Evaluation) {
    self.name = name
    self.prepare = { line, compiler in
      try prepare(JSONDecoder.ofSuite.decode(Question<Input>.self, from: line).input, compiler)
    }
  }
}

/// A question with the input that its function takes.
private struct Question<Input: Decodable>: Decodable { let input: Input }

/// How often a function is to be run: so many times, and so long.
private struct Runs: Decodable { let minRuns: Int?, minSeconds: Double? }

/// The part of a message that every kind has.
private struct Message: Decodable {
  let id: Int
  let kind: String
  let module: String?
  let function: String?
}

/// An answer; what is not said is left out.
private struct Answer: Encodable {
  struct Timing: Encodable { let name: String, nanoseconds: Int }

  let id: Int
  var tool: String?
  var success: Bool?
  var error: String?
  var output: (any Encodable)?
  var timings: [Timing]?

  enum CodingKeys: CodingKey { case id, tool, success, error, output, timings }

  init(_ id: Int) { self.id = id }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encodeIfPresent(tool, forKey: .tool)
    try container.encodeIfPresent(success, forKey: .success)
    try container.encodeIfPresent(error, forKey: .error)
    if let output { try container.encode(output, forKey: .output) }
    try container.encodeIfPresent(timings, forKey: .timings)
  }
}

/// The suite writes `min_runs` where Swift writes `minRuns`.
extension JSONDecoder {
  fileprivate static var ofSuite: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}

extension JSONEncoder {
  fileprivate static var ofSuite: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return encoder
  }
}

/// A sentence in place of an output.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The tool as the suite sees it: an answer for each line.
struct Tool {
  let name: String
  let compiler: Compiler
  let modules: [String: [Function]]

  /// The answer to a line, in UTF-8. A line that is no message is answered with the sentence that says so.
  func answer(to line: String) -> Data {
    let data = Data(line.utf8)
    do {
      let message = try JSONDecoder.ofSuite.decode(Message.self, from: data)
      var answer = Answer(message.id)
      switch message.kind {
      case "start": answer.tool = name
      case "define": answer.success = message.module.flatMap { modules[$0] } != nil
      case "evaluate":
        do { return try JSONEncoder.ofSuite.encode(evaluate(message, data)) } catch {
          answer.success = false
          answer.error = sentence(error)
        }
      default: break
      }
      return try JSONEncoder.ofSuite.encode(answer)
    } catch {
      var answer = Answer(-1)
      (answer.success, answer.error) = (false, "a line is no message: \(sentence(error))")
      return (try? JSONEncoder.ofSuite.encode(answer)) ?? Data()
    }
  }

  private func evaluate(_ message: Message, _ line: Data) throws -> Answer {
    let (module, name) = (message.module ?? "", message.function ?? "")
    guard let functions = modules[module] else { throw Failure("there is no module '\(module)'") }
    guard let function = functions.first(where: { $0.name == name }) else {
      throw Failure("\(module) has no function '\(name)'; it has \(functions.map(\.name).joined(separator: ", "))")
    }
    // A module may take a number for its input, which then says nothing about runs.
    let runs = (try? JSONDecoder.ofSuite.decode(Question<Runs>.self, from: line))?.input
    compiler.preparation.elapsed = .zero
    let evaluation = try function.prepare(line, compiler)
    var answer = Answer(message.id)
    var timings = [Answer.Timing(name: "prepare", nanoseconds: Int(compiler.preparation.elapsed / .nanoseconds(1)))]
    var elapsed = 0
    let clock = ContinuousClock()
    repeat {
      let start = clock.now
      answer.output = try evaluation()
      let spent = start.duration(to: clock.now)
      let nanoseconds = Int(spent / .nanoseconds(1))
      elapsed += nanoseconds
      timings.append(.init(name: "evaluate", nanoseconds: nanoseconds))
    } while timings.count - 1 < runs?.minRuns ?? 1 || Double(elapsed) < 1e9 * (runs?.minSeconds ?? 0)
    (answer.success, answer.timings) = (true, timings)
    return answer
  }

  private func sentence(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    func place(_ path: [any CodingKey]) -> String {
      path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
    // Foundation says no more about either of the two.
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      "it is no JSON, or a number does not fit its place, such as a fraction where a whole number is expected"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(place(context.codingPath)): \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }
}
