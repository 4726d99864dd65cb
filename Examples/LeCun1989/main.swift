// The digit reader of LeCun et al., "Backpropagation applied to handwritten zip code recognition" (1989), with its 9,760
// weights. Their digits were never published: MNIST's, at their size and in their number, stand in for them.
//
//   swift run -c release LeCun1989 [--quick] [DIRECTORY-WITH-MNIST]
import Adjoint
import AdjointDatasets
import AdjointLearning

/// Maps of units that look at the maps below through windows of 5 × 5, two pixels from one unit's to the next, with paper, −1,
/// beyond the edge. The units of a map share their weights, and have a bias each.
struct Maps: Layer {
  let weight, bias: Parameter<Float>
  /// 1 for the weights that are, 0 for those to maps below that a map does not see: [maps, 25 · maps below].
  let sight: Tensor<Float>

  init(
    _ below: Int, _ maps: Int, side: Int, name: String, seeing: (_ map: Int, _ below: Int) -> Bool = { _, _ in true },
    using generator: inout Generator
  ) {
    let pairs = (0..<maps).flatMap { map in (0..<25 * below).map { seeing(map, $0 % below) } }
    sight = Tensor(shape: [maps, 25 * below], elements: pairs.map { $0 ? 1 : 0 })
    let seen = pairs.count { $0 } / maps
    let drawn: Tensor<Float> = first(seen).tensor(sight.shape, fanIn: seen, fanOut: maps, using: &generator)
    weight = Parameter(drawn * sight, name: name + "/weight")
    bias = Parameter(.zeros([side, side, maps]), name: name + "/bias")
  }

  func callAsFunction(_ x: Variable<Float>) -> Variable<Float> {
    let tape = x.tape
    let windows = (x + 1).unfold(Windows(5, stride: 2, padding: 2)) - 1  // the padding is 0, and so becomes paper
    let z = windows.matmul(tape.parameter(weight) * tape.constant(sight), transposeB: true)
    return (z + tape.parameter(bias)).tanh()
  }
}

/// Two layers of maps, and two of units that see everything below.
struct DigitReader: Layer {
  let h1, h2: Maps
  let h3, output: Linear<Float>

  init(using generator: inout Generator) {
    h1 = Maps(1, 12, side: 8, name: "h1", using: &generator)
    // Each third of the maps sees two thirds of those below.
    h2 = Maps(12, 12, side: 4, name: "h2", seeing: { $1 / 4 != ($0 / 4 + 2) % 3 }, using: &generator)
    h3 = Linear(192, 30, name: "h3", initializer: first(192), using: &generator)
    output = Linear(30, 10, name: "output", initializer: first(30), using: &generator)
    output.bias?.value = Tensor(repeating: -1, shape: [10])  // nine of ten targets are −1
  }

  func callAsFunction(_ images: Variable<Float>) -> Variable<Float> {
    let maps = h2(h1(images.reshape(to: [images.shape[0], 16, 16, 1])))
    return output(h3(maps.flatten()).tanh()).tanh()
  }

  var weightCount: Int {
    [h1, h2].reduce(h3.weight.count + 30 + output.weight.count + 10) { $0 + Int($1.sight.sum().scalar) + $1.bias.count }
  }
}

/// The first weights of a unit with so many inputs.
func first(_ inputs: Int) -> Initializer {
  let bound = 2.4 / Double(inputs).squareRoot()
  return .uniform(low: -bound, high: bound)
}

/// Some of the images, 16 × 16, from −1, paper, to 1, ink.
func reduced(_ images: LabeledImages, to count: Int, using generator: inout Generator) -> LabeledPoints {
  let chosen = images.selecting(generator.permutation(of: images.count).prefix(count))
  let small = Predictor<Float> { x in
    (x.reshape(to: [x.shape[0], 28, 28, 1]).resize(to: 16, mode: .bilinear) * 2 - 1).reshape(to: [x.shape[0], 256])
  }
  return LabeledPoints(inputs: small(chosen.all.inputs), labels: chosen.labels, classNames: chosen.classNames)
}

let asked = Asked(
  "The digit reader of LeCun et al. 1989.", options: ["--quick": "One pass over 500 digits."],
  directory: "The files of MNIST; without it, digits are drawn.")
let (count, testCount) = asked.has("--quick") ? (500, 200) : (7_291, 2_007)
let digits =
  if let directory = asked.directory {
    asked.orEnd(try MNIST.load(from: directory))
  } else {
    (training: DrawnDigits(seed: 1).training(count), test: DrawnDigits(seed: 1).test(testCount))
  }
if asked.directory == nil {
  print("no directory with MNIST was given: the digits are drawn, and their errors are not MNIST's")
}

var generator = Generator(seed: 1989)
let training = reduced(digits.training, to: count, using: &generator)
let test = reduced(digits.test, to: testCount, using: &generator)
let model = DigitReader(using: &generator)
let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.03)) { images, labels in
  meanSquaredError(model(images), labels.oneHot(10) * 2 - 1)
}
print("\(model.weightCount) weights; \(count) training digits, \(testCount) test digits")
let predictor = Predictor<Float> { model($0) }

/// Loss and error over a set, in words.
@MainActor func judged(_ points: LabeledPoints) throws -> String {
  let outputs = predictor(points.inputs)
  let targets = Tensor<Float>.eye(10).rows(points.labels.map(Int.init)[...]) * 2 - 1
  let loss = (outputs - targets).square().mean().scalar
  let right = try predictor.evaluate(on: points).accuracy
  let misses = Int((Double(points.count) * (1 - right)).rounded())
  return "loss \(loss), misses \(misses) of \(points.count)"
}

let rows = Array(0..<training.count)
let clock = ContinuousClock()
var spent = Duration.zero
for pass in 1...(asked.has("--quick") ? 1 : 23) {
  spent += try clock.measure { for row in rows { try step(rows: rows[row...row], of: training) } }
  print("pass \(pass): training \(try judged(training)); test \(try judged(test))")
}
print("\(step.stepCount) steps of one digit took \(spent)")
