// Cases for other libraries to compute anew: `witness.py` reads them. One JSON object a line.
//
//   Witness operations [SEED [COUNT]]  every example of the catalogue, then COUNT (200) random programs of them
//   Witness layers [SEED]              layers and losses, which other libraries have as functions of their own
//   Witness trainings [SEED]           trainings step by step, from weights and batches that are stated
//   Witness architecture NAME FILE     an architecture trained from weights and batches in a file, for `trainings.py`
//   Witness formats FOLDER             reads every file in a folder, and writes what it found, for `formats.py`
//   Witness onnx-written FOLDER        models as ONNX files with their inputs and outputs, for `onnx_written.py`
//   Witness opinfo                     answers samples from standard input, for `opinfo.py`
//   Witness onnx                       runs ONNX's own tests, a folder a line of standard input, for `onnx_suite.py`
//   Witness onnx-export                compares recorded models of other programs, for `onnx_exports.py`
//   Witness checkers [SEED]            correct models, networks and faults, with our verdicts, for `checkers.py`
import Adjoint
import AdjointGrading
import AdjointLearning
import Foundation

let words = Array(CommandLine.arguments.dropFirst())
if words.first == "architecture", words.count == 3 {
  let url = URL(fileURLWithPath: words[2])
  let file = try Safetensors(contentsOf: url)
  let isDouble = file.names.contains { file.elementType(of: $0) == .float64 }
  let losses =
    isDouble
    ? try architectureLosses(words[1], file, url, as: Double.self)
    : try architectureLosses(words[1], file, url, as: Float.self)
  print(losses.text)
  exit(0)
}
if words.first == "formats", words.count == 2 {
  try rereadFormats(in: URL(fileURLWithPath: words[1]))
  exit(0)
}
if words.first == "onnx-written", words.count == 2 {
  try writeONNXModels(to: URL(fileURLWithPath: words[1]))
  exit(0)
}
let numbers = words.dropFirst().map { UInt64($0) }
guard let command = words.first, !numbers.contains(nil), numbers.count <= (command == "operations" ? 2 : 1) else {
  print(
    "usage: Witness operations [SEED [COUNT]] | layers [SEED] | trainings [SEED] | opinfo | onnx | onnx-damaged\n"
      + "               | onnx-export | checkers [SEED]\n"
      + "       Witness architecture NAME FILE | formats FOLDER | onnx-written FOLDER")
  exit(2)
}
let seed = numbers.first.flatMap { $0 } ?? 1

switch command {
case "operations":
  for (position, example) in OperationCatalog.examples.enumerated() {
    var generator = Generator(seed: seed).stream(1, UInt64(position))
    Case(example, using: &generator).print()
  }
  let count = numbers.count > 1 ? numbers[1] ?? 0 : 200
  for number in 0..<count {
    let program = RandomProgram(seed: seed &* 1_000_000 &+ number)
    let recording = program.record(on: Tape<Double>())
    Case(
      "random program \(program.seed)", recording.output, moving: recording.moving, cotangent: program.cotangent,
      directions: program.directions
    ).print()
  }
case "layers":
  var generator = Generator(seed: seed).stream(2)
  for layer in layerCases() { layer.recorded(using: &generator).print() }
case "trainings":
  var generator = Generator(seed: seed).stream(3)
  for training in Training.all { print(try training.json(using: &generator).text) }
case "opinfo":
  answerSamples()
case "onnx":
  runONNXTests()
case "onnx-damaged":
  runDamagedONNXTests()
case "onnx-export":
  runONNXExports()
case "checkers":
  printModels()
  printNetworks(seed: seed)
  printMutants(seed: seed)
default:
  print(
    "Witness: there is no '\(command)'; it has operations, layers, trainings, opinfo, onnx, onnx-damaged, onnx-export and checkers"
  )
  exit(2)
}
