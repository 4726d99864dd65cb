/// "Did you mean": the known word that takes the fewest edits to reach.
///
/// The distance counts insertions, deletions, replacements and swaps of neighbours (the restricted form of Damerau 1964).
package enum Suggestion {
  /// The nearest of `words`, or nil when none is near: more than a third of the letters would have to change.
  package static func nearest(to word: String, among words: some Sequence<String>) -> String? {
    // No word that we know is so long, and the distance takes time.
    guard word.utf8.count <= 64 else { return nil }
    let typed = word.lowercased()
    var best: (word: String, distance: Int)?
    for candidate in words {
      let edits = distance(typed, candidate.lowercased())
      // A word that was only begun ("hid" for "hidden") is near too.
      let isBeginning = typed.count >= 2 && candidate.lowercased().hasPrefix(typed)
      let allowed = max(1, max(typed.count, candidate.count) / 3)
      guard edits <= allowed || isBeginning else { continue }
      let score = isBeginning ? min(edits, 1) : edits
      if score < best?.distance ?? .max { best = (candidate, score) }
    }
    return best?.word
  }

  /// The option that was meant: by its name elsewhere, or the nearest.
  package static func option(_ name: String, among options: [String]) -> String? {
    let hyphenated = name.lowercased().replacing("_", with: "-")
    let meant = elsewhere.first { $0.names.contains(hyphenated) }?.options.first(where: options.contains)
    return meant ?? nearest(to: hyphenated, among: options)
  }

  /// Names that other libraries and their scripts give to what options of ours do; of several options, the first that a
  /// command has.
  private static let elsewhere: [(names: Set<String>, options: [String])] = [
    (["lr", "rate", "step-size", "alpha", "eta", "base-lr", "initial-lr"], ["learning-rate"]),
    (["batch-size", "bs", "b", "minibatch", "train-batch-size"], ["batch"]),
    (["n-epochs", "num-epochs", "nb-epoch", "max-epochs", "num-train-epochs", "iterations", "e"], ["epochs"]),
    (["wd", "decay-weights"], ["weight-decay"]), (["rho", "smoothing"], ["decay"]), (["eps"], ["epsilon"]),
    (["betas", "beta-1", "adam-beta1"], ["beta1"]), (["beta-2", "adam-beta2"], ["beta2"]),
    (["opt", "optim", "solver"], ["optimizer"]), (["criterion", "loss-fn", "objective"], ["loss"]),
    (["lr-schedule", "lr-scheduler", "scheduler"], ["schedule"]),
    (["clip", "grad-clip", "clipnorm", "max-grad-norm", "gradient-clip-val", "clip-grad-norm"], ["clip-norm"]),
    (["layers", "units", "hidden-size", "hidden-sizes", "hidden-dim", "hidden-layers", "hidden-units"], ["hidden"]),
    (["channels", "num-filters", "kernels"], ["filters"]), (["act", "nonlinearity"], ["activation"]),
    (["kernel-initializer", "weight-init", "init-method"], ["initializer"]),
    (["drop", "drop-rate", "dropout-rate", "p"], ["dropout"]), (["arch", "network", "net"], ["model"]),
    (["random-seed", "random-state", "manual-seed", "rng-seed"], ["seed"]),
    (["val", "val-split", "validation-split", "valid", "val-fraction"], ["validation"]),
    (["early-stopping", "early-stop"], ["patience"]),
    (["normalize", "normalise", "standardise", "scaling", "scale"], ["standardize"]),
    (["dataset", "data-dir", "data-path", "train-data", "input", "train", "root", "file", "csv"], ["data"]),
    (["max-train-samples", "num-samples", "limit"], ["train-limit", "test-limit"]),
    (["max-test-samples"], ["test-limit"]),
    (["out", "save-path", "output", "output-dir", "save-dir", "save-model", "model-dir"], ["save", "output", "out"]),
    (["checkpoint", "ckpt", "weights", "model-path", "pretrained", "model"], ["load", "resume"]),
    (
      ["resume-from", "restore", "continue", "resume-from-checkpoint", "load", "initial-checkpoint"],
      ["resume", "load"]
    ),
    (["workers", "num-workers", "n-jobs", "jobs", "j", "num-threads", "nproc"], ["threads"]),
    (["plot", "plots", "logdir", "log-dir", "html"], ["report"]), (["v", "V"], ["version"]),
  ]

  /// The number of edits between two words.
  package static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var least = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
