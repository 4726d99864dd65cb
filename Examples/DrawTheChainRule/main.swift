// Two textbook figures redrawn from code: a deep network as layers, and backpropagation through it as a computational graph. Then the
// pictures of trained networks in Pictures.swift.
//
//   swift run DrawTheChainRule            prints the listing and the graph
//   swift run DrawTheChainRule Pictures   writes SVG and DOT files into the directory Pictures
import Adjoint
import AdjointDrawing
import Foundation

/// Numbers for a matrix; the pictures do not depend on them.
func random(_ rows: Int, _ columns: Int, _ stream: Int) -> Tensor<Double> {
  var generator = Generator(seed: 6).stream(UInt64(stream))
  return Tensor(shape: [rows, columns], elements: (0..<rows * columns).map { _ in generator.uniform(-1, 1) })
}

/// z⁽ˡ⁾ = W⁽ˡ⁾ q⁽ˡ⁻¹⁾ + b⁽ˡ⁾ and q⁽ˡ⁾ = tanh(z⁽ˡ⁾) for a column vector q⁽⁰⁾ = x; the result is z⁽ᴸ⁾.
func network(on tape: Tape<Double>, widths: [Int], asLayers: Bool) -> Variable<Double> {
  let superscripts = ["⁽⁰⁾", "⁽¹⁾", "⁽²⁾", "⁽³⁾"]
  let last = widths.count - 1
  var q = tape.input(random(widths[0], 1, 0), name: asLayers ? "x" : "q⁽⁰⁾")
  for l in 1...last {
    let weight = Parameter(random(widths[l], widths[l - 1], 2 * l), name: "W" + superscripts[l])
    let bias = Parameter(random(widths[l], 1, 2 * l + 1), name: "b" + superscripts[l])
    func layer() {
      let z = (tape.parameter(weight).matmul(q) + tape.parameter(bias)).labeled("z" + superscripts[l])
      q = l < last ? z.tanh().labeled("q" + superscripts[l]) : z
    }
    if asLayers { tape.scoped("layer \(l)", layer) } else { layer() }
  }
  return q
}

/// The layer diagram: each layer one box with the shapes of its parameters.
func layerDiagram() -> Drawing {
  let prediction = network(on: Tape(), widths: [4, 5, 3, 1], asLayers: true)
  return Drawing(
    of: prediction, folding: .layers, direction: .right, title: "A deep neural network with three layers")
}

/// Backpropagation through two layers with J = (y − z⁽²⁾)²: values flow right along the upper half, gradients return along the
/// lower. Nobody asked for the gradients of the data, so they are absent.
func backpropagation() -> Drawing {
  let tape = Tape<Double>()
  let z = network(on: tape, widths: [4, 5, 1], asLayers: false)
  let loss = (tape.input(random(1, 1, 1), name: "y") - z).square().sum().labeled("J")
  let backward = tape.backward(from: loss, to: tape.trainableParameters.map(\.leaf))
  return Drawing(
    of: loss, backward: backward, direction: .right, title: "A computational graph of the backpropagation algorithm")
}

let asked = Asked("Textbook figures, redrawn from code.", directory: "Where SVG and DOT files are written.")
let charts = asked.reading(pictures)
let drawings = [("DeepNetwork", layerDiagram()), ("Backpropagation", backpropagation())]
if let directory = asked.directory {
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  for (name, drawing) in drawings {
    for (suffix, text) in [("svg", drawing.svg), ("dot", drawing.dot)] {
      let file = directory.appendingPathComponent("\(name).\(suffix)")
      try text.write(to: file, atomically: true, encoding: .utf8)
      print("wrote", file.path)
    }
  }
  for (name, chart) in charts {
    let file = directory.appendingPathComponent("\(name).svg")
    try chart.svg().write(to: file, atomically: true, encoding: .utf8)
    print("wrote", file.path)
  }
} else {
  for (_, drawing) in drawings { print(drawing.title, drawing.text, separator: "\n\n", terminator: "\n\n") }
  for (_, chart) in charts { print(chart.title, chart.summary, separator: "\n\n", terminator: "\n\n") }
  print("Give a directory to write SVG and DOT files: swift run DrawTheChainRule Pictures")
}
