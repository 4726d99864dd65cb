import Adjoint
import AdjointFiles
import Foundation

/// A line of the table: a call here for a function of another library.
struct OpInfoEntry {
  let name: String
  /// True when one function of ours of that meaning is called, unless a call says otherwise; false for several.
  let isOwn: Bool
  let call: (OpInfoCall) throws -> [Variable<Double>]
}

/// Reads samples, a JSON object a line, and answers each in a line: value, gradients, second derivatives; or why it is left out.
///
/// `opinfo.py` begins it again behind a sample that ends the process, and counts that sample as wrong.
func answerSamples() {
  var entries: [String: OpInfoEntry] = [:]
  for entry in OpInfoTable.all { entries[entry.name] = entry }
  func answer(_ members: [(String, JSON)]) {
    FileHandle.standardOutput.write(Data((JSON.object(members).text + "\n").utf8))
  }
  answer([("names", .array(OpInfoTable.all.map { .string($0.name) }))])
  while let line = readLine() {
    guard let sample = try? JSON(line.utf8, file: "sample"), let name = sample["name"]?.string else {
      answer([("left out", .string("the sample is no JSON"))])
      continue
    }
    do {
      guard let entry = entries[name] else { throw OpInfoCall.LeftOut("no such function here") }
      let call = try OpInfoCall(sample)
      let outputs = try entry.call(call)
      try call.checkAllTaken()
      answer([("own", .bool(entry.isOwn && !call.isComposed))] + (try answers(call, outputs, sample)))
    } catch let reason as OpInfoCall.LeftOut {
      answer([("left out", .string(reason.reason))])
    } catch {
      answer([("left out", .string("\(error)"))])
    }
  }
}

/// Values; the gradients of Σ⟨ȳ, y⟩ for the given cotangents; and those of ⟨v, gradients⟩ for the given directions.
private func answers(
  _ call: OpInfoCall, _ outputs: [Variable<Double>], _ sample: JSON
) throws -> [(String, JSON)] {
  func numbers(_ x: [Variable<Double>]) -> JSON { .array(x.map { .string($0.value.elements.hexadecimal) }) }
  func given(_ name: String) -> [Tensor<Double>?] {
    (sample[name]?.elements ?? []).map { tensor in
      guard let text = tensor["bits"]?.string, let shape = tensor["shape"]?.elements else { return nil }
      return Tensor(shape: Shape(shape.compactMap(\.integer)), elements: [Double](hexadecimal: text))
    }
  }
  var answer: [(String, JSON)] = [
    ("values", .array(outputs.map { .string($0.numbers.hexadecimal) })),
    ("shapes", .array(outputs.map { .integers(Array($0.shape)) })),
  ]
  let cotangents = given("cotangents")
  let moving = call.moving
  guard !moving.isEmpty, cotangents.count == outputs.count else { return answer }
  let sums = zip(outputs, cotangents).compactMap { y, cotangent in
    cotangent.flatMap { $0.shape == y.shape ? (y * call.tape.constant($0)).sum() : nil }
  }
  guard let first = sums.first else { return answer }
  let total = sums.dropFirst().reduce(first, +)
  let slopes = gradients(of: total, withRespectTo: moving)
  answer.append(("gradients", numbers(slopes)))
  let along = zip(slopes, given("directions")).compactMap { slope, direction in
    direction.map { (slope * call.tape.constant($0)).sum() }
  }
  if along.count == moving.count, let first = along.first {
    answer.append(
      ("seconds", numbers(gradients(of: along.dropFirst().reduce(first, +), withRespectTo: moving))))
  }
  return answer
}

extension Variable<Double> {
  /// The elements; indices as numbers.
  fileprivate var numbers: [Double] { holdsIndices ? indexValue.elements.map { Double($0) } : value.elements }
}
