import AdjointCommandLine
import AdjointFiles
import Foundation

/// A package as `adjoint new` writes it: a model of two features, trained on two spirals, and the check of its gradient.
struct NewPackage {
  let name: String
  let source: PackageSource

  /// A file, and what a person finds in it; nil where there is nothing to change.
  struct File {
    let path: String
    var purpose: String?
    let text: String
  }

  var files: [File] {
    [
      File(path: "Package.swift", purpose: "the manifest: what is built, and from what", text: manifest),
      File(path: "Sources/\(name)/Model.swift", purpose: "a layer of your own", text: model),
      File(path: "Sources/\(name)/Train.swift", purpose: "its training, which prints the accuracy", text: training),
      File(path: "Tests/\(name)Tests/GradientTests.swift", purpose: "the check of its gradient", text: test),
      File(path: "README.md", purpose: "the commands below", text: readme),
      File(path: ".gitignore", text: ".build/\n"),
    ]
  }

  /// Writes all of it or nothing: into a folder beside the one that is asked for, whose name it takes in one step.
  /// - Throws: `CommandError.occupied` where there is something already, else `CommandError.unwritable`.
  func write(to folder: URL, named path: String) throws {
    let manager = FileManager.default
    let target = FilePlace.target(of: folder) ?? folder.path
    let parent = URL(fileURLWithPath: target).deletingLastPathComponent()
    let temporary = parent.appendingPathComponent(".adjoint-\(UUID().uuidString)", isDirectory: true)
    do {
      try manager.createDirectory(at: temporary, withIntermediateDirectories: false)
    } catch {
      throw CommandError.unwritable(
        path, reason: "no folder can be made in \(quoted(parent.path)): \(FileError.words(for: error))")
    }
    do {
      for file in files {
        let place = temporary.appendingPathComponent(file.path)
        try manager.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try OutputFile.replace(place, with: file.text.utf8)
      }
      // An empty folder is replaced, and nothing else is.
      guard rename(temporary.path, target) == 0 else {
        let code = errno
        throw [ENOTEMPTY, EEXIST, ENOTDIR].contains(code)
          ? CommandError.occupied(path) : .unwritable(path, reason: String(cString: strerror(code)))
      }
    } catch {
      try? manager.removeItem(at: temporary)
      // The folder that an error names is gone.
      if let error = error as? FileError { throw CommandError.unwritable(path, error) }
      throw error as? CommandError ?? .unwritable(path, reason: FileError.words(for: error))
    }
  }

  // MARK: Texts

  private func product(_ library: String) -> String {
    ".product(name: \"\(library)\", package: \(source.identity.swiftLiteral))"
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    // Functions may read models and generators that stand at the top level of a main.swift.
    let settings: [SwiftSetting] = [.defaultIsolation(MainActor.self)]

    let package = Package(
      name: "\(name)",
      platforms: [.macOS(.v13)],
      dependencies: [
        \(source.dependency)
      ],
      targets: [
        .executableTarget(
          name: "\(name)",
          dependencies: [
            \(product("Adjoint")),  // tapes, operations, gradients
            \(product("AdjointLearning")),  // layers, optimisers, training
            \(product("AdjointDatasets")),  // tables, images, toy problems
            \(product("AdjointChecking")),  // is a gradient right, and if not, why?
          ],
          swiftSettings: settings),
        .testTarget(
          name: "\(name)Tests",
          dependencies: [
            "\(name)",
            \(product("AdjointChecking")),
          ],
          swiftSettings: settings),
      ]
    )

    """
  }

  private let model = """
    import Adjoint
    import AdjointLearning

    /// A gated network: its left half proposes features of a point, its gate decides how much of each counts.
    struct Model: Layer {
      let left: Linear<Float>
      let gate: Linear<Float>
      let head: Linear<Float>

      init(using generator: inout Generator) {
        left = Linear(2, 32, name: "left", using: &generator)
        gate = Linear(2, 32, name: "gate", using: &generator)
        head = Linear(32, 2, name: "head", using: &generator)
      }

      func callAsFunction(_ points: Variable<Float>) -> Variable<Float> {
        head(left(points).tanh() * gate(points).sigmoid())
      }
    }

    """

  private let training = """
    import Adjoint
    import AdjointDatasets
    import AdjointLearning

    @main
    enum Train {
      static func main() throws {
        var generator = Generator(seed: 1)
        let spirals = LabeledPoints.spirals(count: 600, turns: 1, using: &generator)
        let (training, test) = spirals.split(validation: 0.25, using: &generator)
        let model = Model(using: &generator)
        let predictor = Predictor<Float> { model($0) }

        // Recorded once, with its backward pass, and replayed for every batch.
        let step = TrainingStep<Float>(optimizer: Adam(learningRate: 0.02)) { points, labels in
          crossEntropy(logits: model(points), labels: labels)
        }
        for epoch in 1...100 {
          var loss: Float = 0
          for batch in training.batches(of: 50, shuffledBy: &generator) {
            loss = try step(batch.inputs, batch.targets)
          }
          guard epoch % 20 == 0 else { continue }
          let accuracy = try predictor.evaluate(on: test).accuracy
          print("epoch \\(epoch): loss \\(loss), accuracy on new points \\(accuracy)")
        }
      }
    }

    """

  private var test: String {
    """
    import Adjoint
    import AdjointChecking
    import AdjointDatasets
    import AdjointLearning
    import Testing

    @testable import \(name)

    @Test("The gradient of the loss is right, in every parameter of the model")
    func gradient() {
      var generator = Generator(seed: 2)
      let points = LabeledPoints.spirals(count: 20, using: &generator).all
      let model = Model(using: &generator)

      let tape = Tape<Float>()
      let outputs = model(tape.input(points.inputs))
      let loss = crossEntropy(logits: outputs, labels: tape.index(points.targets))
      let report = GradientCheck(of: loss).run()
      #expect(report.agrees)
    }

    """
  }

  private var readme: String {
    """
    # \(name)

    A network of two features that learns to tell two spirals apart, on Adjoint.

    ```
    swift run
    swift test
    swift run -c release
    ```

    The first trains, and prints the accuracy on points that the network has not seen. The second checks the gradient of
    the loss; when it is wrong, the report names the operation. The third trains in an optimised build, which larger
    models need.

    The network is in `Sources/\(name)/Model.swift`, its training in `Sources/\(name)/Train.swift`. `Package.swift` says
    where Adjoint comes from.

    """
  }
}
