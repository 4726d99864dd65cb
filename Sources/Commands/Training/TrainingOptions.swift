import Adjoint
import AdjointCommandData
import AdjointCommandLine
import AdjointLearning

/// The options of `adjoint train`: one table, from which parsing, help, defaults and what a checkpoint stores all come.
package enum TrainingOptions {
  /// The options that decide the result; a checkpoint stores these, and resuming takes them from it.
  package static let settings: [Option] = data + model + optimization + stopping

  /// The settings that may be given anew when resuming: how far it goes and what steers an update. The rest decides what
  /// a checkpoint holds.
  package static let adjustable: Set<String> = Set(
    OptimizerEntry.hyperparameterOptions + ["data", "epochs", "schedule", "clip-norm", "l1", "l2"])

  /// The options about files and output, free to differ when resuming.
  package static let output: [Option] = [
    Option(
      "save", "FILE", .text, in: "Files and output",
      "Save a checkpoint (safetensors) at the start, after every epoch, and when interrupted."),
    Option(
      "save-every", "SECONDS", .number(.interval), default: "5", in: "Files and output",
      "Save in mid-epoch too, after so many seconds."),
    Option(
      "threads", "N", .integer(1...WorkerPool.maximumThreads), in: "Files and output",
      "Split the work among so many threads; as many as cores when left out. No digit depends on it."),
    Option(
      "resume", "FILE", .text, in: "Files and output",
      "Go on from a checkpoint; all settings come from it, and saving goes on to the same file. Given anew may be --epochs, "
        + "--schedule, --clip-norm, --l1, --l2, the optimizer's numbers such as --learning-rate, and --data where the same "
        + "data has moved. With --save of the same name, a missing file starts anew."),
    Option(
      "report", "DIR", .text, in: "Files and output",
      "Write DIR/report.html at the end: settings, curves, confusion matrix, misclassified images, weights, histograms of "
        + "activations and gradients; each chart also as an SVG file."),
    Option(
      "trace", "FILE", .text, in: "Files and output",
      "Write a hash of every value and adjoint of each step, so that 'adjoint diff' says where two trainings parted."),
    Option(
      "trace-values", "STEPS", .text, in: "Files and output",
      "The steps of which the trace holds every element, such as 7 or 5-9; when left out, the first one, but for large "
        + "values."),
    Option(
      "log", "FILE", .text, in: "Files and output",
      "Write the metrics of each epoch as a line of FILE.jsonl or FILE.csv, for pandas and plotting tools; resuming goes on with "
        + "the same file."),
    .flag("json", in: "Files and output", "Print one JSON object as the last line of standard output."),
    DataOptions.downloadFlag(in: "Files and output"),
    DataOptions.memoryOption(in: "Files and output"),
  ]

  package static let all: [Option] = settings + output

  /// The command whose arguments a checkpoint's settings are.
  package static let command = Command(name: "train", summary: "", options: all, notes: []) { _, _ in 0 }

  private static let data: [Option] = [
    Option(
      "data", "WHAT", .text, default: "drawn", in: "Data",
      "drawn (digits drawn by a program), mnist, a directory with the four IDX files of a data set (one of several is "
        + "named by its beginning, such as emnist/emnist-letters), NumPy's arrays in an NPZ file (x_train, y_train, x_test, "
        + "y_test, or x and y), or a CSV file with a column of classes. Its rows are images of 28 × 28 where they are 784 "
        + "whole numbers from 0 to 255. Of a CSV file, and of x and y, a fifth is the test set."),
    Option(
      "label", "NAME", .text, in: "Data",
      "The column of a CSV file that holds the class: its name in the header, first, or last. Without it, the column "
        + "named label, class, target, species, digit or y, or the only one that can be classes."),
    Option(
      "classes", "NAMES", .text, in: "Data",
      "Names for the classes, such as cat,dog, in the order of their labels."),
    Option(
      "train-limit", "N", .integer(1...1_000_000), in: "Data",
      "Use only the first N training images; of drawn digits there are as many as are asked for, 60,000 otherwise."),
    Option(
      "test-limit", "N", .integer(1...1_000_000), in: "Data",
      "Use only the first N test images; 10,000 drawn digits otherwise."),
    Option(
      "standardize", "HOW", .choice(StandardizationName.optionNames), default: "none", in: "Data",
      "Pixels: none leaves them in 0 … 1; pixel subtracts each pixel's mean over the training set and divides by its "
        + "deviation, as is done with the features of a table; image does so over each image's own pixels."),
    Option(
      "validation", "FRACTION", .number(.fraction), default: "0", in: "Data",
      "The fraction of the training images to set aside for validation."),
  ]

  private static let model: [Option] = [
    Option(
      "model", "NAME", .choice(NetworkName.optionNames), default: "mlp", in: "Model",
      "mlp is a multi-layer perceptron; cnn has convolutions of 5 × 5, each with activation and max pooling 2 × 2, then "
        + "128 hidden units."),
    Option(
      "filters", "SIZES", .text, default: "16,32", in: "Model", "Kernels of each convolution of cnn."),
    Option(
      "hidden", "SIZES", .text, default: "128", in: "Model",
      "Units of the hidden layers of mlp, such as 128,64; none makes it softmax regression. For rows of numbers, 32 to 128 "
        + "by their count."),
    Option(
      "activation", "NAME", .choice(Activation.optionNames), default: "relu", in: "Model",
      "After every hidden layer and convolution."),
    Option(
      "initializer", "NAME", .choice(InitializerName.optionNames), default: "he-normal", in: "Model",
      "How the weights begin; biases begin at 0."),
    Option(
      "dropout", "RATE", .number(.fraction), default: "0", in: "Model",
      "The share of hidden units that are switched off in a training step; with cnn, of its pooled features too."),
    Option(
      "loss", "NAME", .choice(ClassificationLoss.optionNames), default: "cross-entropy", in: "Model",
      "mse and bce compare the outputs with the one-hot label."),
  ]

  private static let optimization: [Option] =
    [
      Option(
        "optimizer", "NAME", .choice(OptimizerEntry.all.map(\.name)), default: "adam", in: "Optimisation",
        "The update rule.")
    ]
    + OptimizerEntry.hyperparameterOptions.map(hyperparameter) + [
      Option(
        "schedule", "FORM", .text, default: "constant", in: "Optimisation",
        "The learning rate over time: \(ScheduleNotation.expected)."),
      Option(
        "clip-norm", "LIMIT", .number(.positive), in: "Optimisation",
        "Scale all gradients together so that their norm is at most this."),
      Option(
        "l1", "LAMBDA", .number(.atLeastZero), default: "0", in: "Optimisation",
        "The penalty λ Σ|w| on the weights (not the biases)."),
      Option(
        "l2", "LAMBDA", .number(.atLeastZero), default: "0", in: "Optimisation",
        "The penalty λ/2 Σw² on the weights (not the biases)."),
      Option(
        "batch", "N", .integer(1...1_000_000), default: "128", in: "Optimisation",
        "Examples in a step; for a small table, an eighth of them at most."),
      Option(
        "shards", "N", .integer(1...TrainingStep<Float>.mostShards), in: "Optimisation",
        "Cut each batch into N shards, a power of two, whose gradients are added by a tree: each of several processes sees its own "
          + "shards alone. Digits depend on N, and not on the number of processes."),
      Option(
        "epochs", "N", .integer(1...1_000_000), default: "10", in: "Optimisation",
        "Passes over the training examples; for a table, as many as make 2,000 steps."),
      Option(
        "seed", "N", .integer(0...Int.max), default: "0", in: "Optimisation",
        "Decides weights, shuffling, dropout and the split; the same seed gives the same digits."),
    ]

  private static let stopping: [Option] = [
    Option(
      "patience", "N", .integer(1...1_000_000), in: "Early stopping",
      "Stop when the validation loss has not improved for N epochs, and keep the best weights."),
    Option(
      "stop-rule", "NAME", .choice(EarlyStopping.Rule.optionNames), default: "since-best", in: "Early stopping",
      "What patience counts: epochs since the best, or increases in a row."),
  ]

  private static func hyperparameter(_ name: String) -> Option {
    let explanations: [String: (Option.Bounds, String)] = [
      "learning-rate": (.positive, "The step size α."),
      "momentum": (.fraction, "γ, how much of the velocity is kept."),
      "decay": (.fraction, "ρ, how much of the mean square is kept."),
      "epsilon": (.positiveFloat, "ε, which keeps the division finite."),
      "beta1": (.fraction, "β₁, how much of the mean gradient is kept."),
      "beta2": (.fraction, "β₂, how much of the mean square is kept."),
      "weight-decay": (.atLeastZero, "λ, how fast weights shrink apart from the gradient."),
    ]
    let (bounds, text) = explanations[name] ?? (.atLeastZero, "")
    let users = OptimizerEntry.users(of: name)
    let whose = users.count == OptimizerEntry.all.count ? "" : " For \(users.listed("and"))."
    return Option(
      name, "X", .number(bounds), in: "Optimisation",
      "\(text)\(whose) Default: \(OptimizerEntry.defaults(of: name)).")
  }

  /// Every setting with its default, in aligned columns, for the help.
  package static var defaultsTable: [String] {
    let adam = OptimizerEntry.named("adam")?.hyperparameters ?? []
    var cells: [(String, String)] = []
    for option in settings {
      if let fallback = option.fallback {
        cells.append((option.name, fallback))
      } else if let value = adam.first(where: { $0.option == option.name })?.value {
        cells.append((option.name, value.short))
      } else if !OptimizerEntry.hyperparameterOptions.contains(option.name) {
        cells.append((option.name, "none"))
      }
    }
    let columns = 3
    let rows = (cells.count + columns - 1) / columns
    return (0..<rows).map { row in
      let line = stride(from: row, to: cells.count, by: rows).map { index in
        cells[index].0.padded(to: 15) + cells[index].1.padded(to: index + rows < cells.count ? 18 : 0)
      }
      return line.joined()
    }
  }
}
