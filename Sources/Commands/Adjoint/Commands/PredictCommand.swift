import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointFiles
import AdjointLearning

/// `adjoint predict`: the answer of a saved network to one image or row.
enum PredictCommand {
  static let command = Command(
    name: "predict", summary: "Show what a saved network makes of one image or row of numbers.",
    positional: ("IMAGE-OR-TABLE", 1...1),
    options: [
      Option(
        "load", "FILE", .text,
        "The checkpoint that 'adjoint train --save' wrote; with --model, weights of another program."),
      Option(
        "index", "N", .integer(0...100_000_000), default: "0",
        "Which image of an IDX file or row of a CSV file or of NumPy's array, from 0."),
      .flag("invert", "The image is dark ink on light paper."),
      DataOptions.memoryOption(),
      .flag("json", "Print one JSON object as the last line of standard output."),
    ] + ForeignModel.options,
    notes: [
      (
        "Images",
        [
          "PNG; JPEG where libturbojpeg is installed; PGM (P2 or P5); IDX; NPY; NPZ (x_test, or x); CSV rows of as many",
          "numbers as pixels, 0 to 255 or 0 to 1, perhaps with a label. Colours become grey, and what is transparent white.",
          "0 is background; the size must be that of the training images.",
        ]
      ),
      (
        "Rows of numbers",
        [
          "IDX, NPY, NPZ, or a CSV file like that of the training; a header that names the features decides their order, and",
          "a label is passed over.",
        ]
      ),
      (
        "Examples",
        [
          "adjoint predict --load digits.safetensors digit.png --invert",
          "adjoint predict --load digits.safetensors t10k-images-idx3-ubyte.gz --index 7",
        ]
      ),
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    guard let file = arguments.text("load") else {
      throw CommandError.missingOption("load", placeholder: "FILE", command: "predict")
    }
    let foreign = try ForeignModel(arguments)
    let classifier = try Classifier(loading: file, as: foreign)
    let input = try PredictionInput(
      arguments.positionals[0], index: arguments.integer("index"), for: classifier,
      memoryLimit: arguments.integer("memory-limit") << 20)
    let (picture, inputs) = try show(input, classifier, isInverted: arguments.isGiven("invert"), console)
    let predictor = Predictor<Float>(batchSize: 1, loss: classifier.plan.loss) { [model = classifier.model] in model($0)
    }
    let outputs = predictor(inputs).elements
    guard outputs.allSatisfy(\.isFinite) else { throw CommandError.notFinite("the outputs for this input", file: file) }
    let probabilities = classifier.plan.loss.probabilities(outputs)
    let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0

    show(
      picture?.lines(inColor: console.hasColor) ?? [], width: picture?.width ?? 0,
      beside: bars(probabilities, best, classifier, console), on: console)
    if arguments.isGiven("json") {
      let fields: [(String, JSON)] = [
        ("prediction", .string(classifier.classNames[best])),
        ("probabilities", .object(zip(classifier.classNames, probabilities).map { ($0, .number($1)) })),
      ]
      console.line(JSON.object(fields).text)
    }
    return 0
  }

  /// The picture of an image, and the inputs of the network.
  private static func show(
    _ input: PredictionInput, _ classifier: Classifier, isInverted: Bool, _ console: Console
  ) throws -> (Picture?, Tensor<Float>) {
    switch input {
    case .row(let numbers):
      if isInverted { throw CommandError.unusedOption("invert", reason: "with rows of numbers", usedBy: []) }
      let points = LabeledPoints(
        inputs: Tensor(shape: [1, numbers.count], elements: numbers), labels: [0], classNames: ["unknown"])
      return (nil, try classifier.standardized(.points(points)).batch([0]).inputs)
    case .image(let read):
      let image = isInverted ? read.inverted : read
      // Ink and paper the wrong way round is the commonest reason for a wrong answer.
      if abs(image.border - classifier.border) > 127 {
        let (tone, other) = image.border > 127 ? ("light", "dark") : ("dark", "light")
        console.note(
          "the image is \(tone) at its border (\(image.border) of 255), and the images of the training were \(other): it "
            + "seems to be \(tone == "light" ? "dark ink on light paper" : "light ink on dark paper"); "
            + (isInverted ? "leave out --invert" : "give --invert"))
      }
      return (
        Picture(height: image.height, width: image.width, pixels: image.pixels),
        try classifier.standardized(.images(image.labeled)).batch([0]).inputs
      )
    }
  }

  /// A bar for every class.
  private static func bars(
    _ probabilities: [Double], _ best: Int, _ classifier: Classifier, _ console: Console
  ) -> [String] {
    let names = classifier.classNames.map { printable($0) }
    let width = names.map(\.count).max() ?? 1
    return probabilities.enumerated().map { label, probability in
      let bar = probability.bar(of: 30).padded(to: 30)
      let text = "\(names[label].padded(left: width))  \(bar)  \(probability.percent.padded(left: 7))"
      return label == best ? console.bold(text) : text
    }
  }

  /// Two blocks of lines side by side, the second in the middle of the first.
  private static func show(_ left: [String], width: Int, beside right: [String], on console: Console) {
    let offset = max(0, (left.count - right.count) / 2)
    for row in 0..<max(left.count, right.count + offset) {
      let picture = row < left.count ? left[row] : String(repeating: " ", count: width)
      let bar = right.indices.contains(row - offset) ? "    " + right[row - offset] : ""
      console.line(picture + bar)
    }
  }
}

/// A grey image in a terminal: a character for two pixels above each other.
///
/// With colours, the upper half block has the upper pixel's grey and its background the lower one's. Without, five shades
/// show the mean of the two.
struct Picture {
  let height: Int
  let width: Int
  let pixels: [UInt8]

  func lines(inColor: Bool) -> [String] {
    stride(from: 0, to: height, by: 2).map { row in
      let cells = (0..<width).map { column in
        let upper = pixels[row * width + column]
        let lower = row + 1 < height ? pixels[(row + 1) * width + column] : 0
        return inColor ? Picture.halves(upper, lower) : Picture.shade(upper, lower)
      }
      return cells.joined() + (inColor ? "\u{1B}[0m" : "")
    }
  }

  private static func halves(_ upper: UInt8, _ lower: UInt8) -> String {
    "\u{1B}[38;5;\(gray(upper));48;5;\(gray(lower))m▀"
  }

  /// The 24 greys of the 256-colour palette.
  private static func gray(_ value: UInt8) -> Int { 232 + Int(value) * 23 / 255 }

  private static func shade(_ upper: UInt8, _ lower: UInt8) -> String {
    [" ", "░", "▒", "▓", "█"][(Int(upper) + Int(lower)) * 5 / 511]
  }
}
