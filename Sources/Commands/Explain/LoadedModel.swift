import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointCommandTraining
import AdjointDatasets
import AdjointFiles
import AdjointLearning

extension ExplainedModel {
  /// The network of a checkpoint, on examples of the test set of the data that it was trained on, or that `--data` names.
  /// - Throws: `CommandError`, or `FileError` for a damaged file.
  init(loading file: String, _ arguments: Arguments, _ console: Console) throws {
    for name in ["model", "activation", "seed"] where arguments.isGiven(name) {
      throw CommandError.unusedOption(name, reason: "with --load", usedBy: [])
    }
    let classifier: Classifier
    do {
      classifier = try Classifier(loading: file)
    } catch CommandError.foreignCheckpoint(let file, let missing, let tensors, _) {
      // The options that it suggests are of other commands.
      throw CommandError.foreignCheckpoint(file, missing: missing, tensors: tensors)
    }
    let data = try ExplainedData(for: classifier, arguments, console)
    let (height, width, classes) = (classifier.height, classifier.width, classifier.classNames.count)
    let model: any Layer<Double> = classifier.plan.model(height: height, width: width, classes: classes)
    for (place, (_, trained)) in zip(model.parameters(forInput: [1, height * width]), classifier.parameters) {
      place.parameter.value = trained.value.converted()
    }
    try self.init(
      model, .classes(classifier.plan.loss), data, arguments, sizes: classifier.architecture,
      named: "\(classifier.architecture), \(classifier.plan.loss.optionName)",
      origin: "from \(FilePlace.url(file).lastPathComponent)")
  }
}

extension ExplainedData {
  /// Examples as a network takes them.
  init(for classifier: Classifier, _ arguments: Arguments, _ console: Console) throws {
    let name = arguments.isGiven("data") ? try arguments.required("data") : classifier.trainedOn
    let source = try ExplainedData.source(name)
    try source.download(arguments, console)
    var options = DataOptions()
    if case .table = source { options.label = classifier.plan.settings["label"] }
    let (first, batch) = (try arguments.integer("example"), try arguments.integer("batch"))
    let count = first + max(batch, ExplainedData.carriedOfMany)
    // A table that the training divided is divided again in the same way; other data has its test set apart.
    let training: Int? = if case .drawn = source { 1 } else { nil }
    let loaded =
      arguments.isGiven("data")
      ? try source.loadTest(
        limit: count, options, classNames: classifier.classLabels, features: classifier.featureNames)
      : try source.load(limits: (training, count), options).test
    let examples = classifier.standardized(try classifier.matched(loaded, from: source.title))
    let shown = try examples.batch(Array(0..<min(count, examples.count))[...])
    try self.init(
      shown, reaching: first, of: arguments, classes: classifier.classNames.count, title: source.title,
      imageSize: classifier.isImages ? (classifier.height, classifier.width) : nil)
  }
}
