import Adjoint

// A model recorded for replay: what holds of every such recording, and the words for what stands on it.

extension Tape {
  /// Records a model on this tape, to be replayed for every batch of these shapes.
  ///
  /// Traps when the result belongs to another tape, and when a parameter that it uses was made by the recording: each
  /// further one would make another, with fresh numbers, and nobody would keep the trained ones.
  func recordModel(_ user: String, at site: CallSite, _ model: () -> Variable<S>) -> Variable<S> {
    recordModel(user, at: site, result: \.self, model)
  }

  /// Records a model that makes something else beside its result.
  func recordModel<Made>(
    _ user: String, at site: CallSite, result: (Made) -> Variable<S>, _ model: () -> Made
  ) -> Made {
    let made = ModelRecording.$isUnderWay.withValue(true) { model() }
    let result = result(made)
    guard result.tape === self else {
      site.trap(
        "\(user) returned a variable of another tape, \(result.tape.describe(result.index)). Compute the result from "
          + "the variables that it is given; a tensor from outside becomes x.tape.constant(_:) there.")
    }
    for (position, place) in namedParameters.enumerated() where place.parameter.isMadeWhileRecording {
      site.trap(
        "\(user) makes \(words(forParameter: position)). It is recorded once for each shape of a batch, and would "
          + "begin with fresh numbers each time. Make the layer, or parameter, once, outside, and use it there."
      )
    }
    return made
  }

  /// A parameter as a person finds it.
  func words(forParameter position: Int) -> String {
    let (name, parameter) = namedParameters[position]
    return parameter.words(storedAs: name, at: position)
  }

  /// A parameter or a state as a person finds it, by the name under which a checkpoint stores it.
  func words(forParameterNamed name: String) -> String {
    namedParameters.firstIndex { $0.name == name }.map { words(forParameter: $0) } ?? "'\(name)'"
  }

  /// The reason why no gradient reaches a parameter that is to be trained, and the remedy.
  func reasonForTrainingNothing(_ choice: TrainedChoice<S>) -> String {
    let trained = trainableParameters.filter { choice.trains($0.leaf.path, $0.parameter) }
    func listed(_ parameters: [Parameter<S>]) -> String {
      let names = parameters.prefix(4).map { parameter in
        words(forParameter: namedParameters.firstIndex { $0.parameter === parameter } ?? 0)
      }
      return names.joined(separator: ", ") + (parameters.count > 4 ? " and \(parameters.count - 4) more" : "")
    }
    if !trained.isEmpty {
      return
        "no gradient of the loss reaches \(listed(trained.map(\.parameter))). Use what the model computes in the loss, with "
        + "no stopGradient, comparison or argMax on every way between."
    }
    let left = trainableParameters.filter { !choice.updating.matches($0.leaf.path, $0.parameter) }
    if !trainableParameters.isEmpty, left.isEmpty {
      return "the parameters that the loss uses are in frozen groups: \(listed(trainableParameters.map(\.parameter))). "
        + "Set isFrozen = false on the group of those to be trained."
    }
    if !trainableParameters.isEmpty {
      return
        "none of the parameters that the loss uses is among those that the step updates, which are \(choice.updating.words): "
        + "\(listed(trainableParameters.map(\.parameter))). Change `updating` or the frozen groups, or use what they name."
    }
    let all = namedParameters.map(\.parameter)
    if all.isEmpty {
      return "the loss uses no parameter. Call the model inside the step's closure, on the variables that it is given: "
        + "{ x, labels in crossEntropy(logits: model(x), labels: labels) }. A tensor, or a value read before, is a constant."
    }
    let frozen = all.filter(\.isFrozen)
    if frozen.isEmpty {
      return "the loss uses states alone, which are not trained; use tape.parameter(_:) for what is."
    }
    return
      "the parameters that the loss uses are frozen: \(listed(frozen)). Set isFrozen = false on those to be trained; a copy "
      + "of a frozen layer is frozen too."
  }
}

extension Parameter {
  /// This parameter as a person finds it: its name, or where it has none its shape, its layer, its place in the order of
  /// use, and the name that a tape has made from these.
  func words(storedAs path: String, at position: Int) -> String {
    guard name == nil else { return "'\(path)'" }
    let kinds = ["linear", "conv2d", "layerNorm", "batchNorm"]
    let scope = path.split(separator: "/").dropLast().last.map(String.init)
    let layer = scope.map { kinds.contains($0) ? " of a \($0) layer without a name" : " of '\($0)'" } ?? ""
    return
      "an unnamed parameter \(shape)\(layer) (number \(position + 1) in the order of use; a checkpoint calls it '\(path)')"
  }
}
