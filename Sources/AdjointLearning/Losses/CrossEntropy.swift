import Adjoint

/// −ln softmax(logits)[label], for logits […, classes] and labels […] that are indices: [batch], [batch, time].
///
/// With smoothing ε, classes C and weights w, the loss of a row is
///   (1 − ε) w[label] · −ln p[label] + ε/C Σⱼ wⱼ · −ln pⱼ, p = softmax(logits),
/// and the mean divides by Σ w[label] in place of the number of rows, as PyTorch's does.
/// - Parameters:
///   - smoothing: the share ε of a label that is spread over all classes, 0 or above, and below 1.
///   - classWeights: the weight of each class, [classes]; 1 when left out.
///   - ignored: a label whose rows count nothing: a class, such as that of padding, or the number of classes, which stands
///     for none. When every row is ignored, or weighs 0, the mean is 0.
public func crossEntropy<S: Scalar>(
  logits: Variable<S>, labels: Variable<S>, smoothing: Double = 0, classWeights: Tensor<S>? = nil,
  ignoring ignored: Int? = nil, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("crossEntropy", logits, labels, site).requireLabels(ignoring: ignored)
  check(smoothing, "crossEntropy: smoothing", .share, at: site)
  return logits.tape.scoped("crossEntropy") {
    labelLoss(
      "crossEntropy", logits, labels, smoothing: smoothing, classWeights: classWeights, ignoring: ignored,
      reduction: reduction, at: site
    ) { $0.logSoftmax() }
  }
}

/// −ln softmax(logits)[label], for logits […, classes] and labels […] in any type of integers, fixed from now on. An ignored
/// label may be any integer here, such as −100.
public func crossEntropy<S: Scalar, Label: BinaryInteger & BitwiseCopyable & Sendable>(
  logits: Variable<S>, labels: Tensor<Label>, smoothing: Double = 0, classWeights: Tensor<S>? = nil,
  ignoring ignored: Int? = nil, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  guard !logits.tape.isRecordingForReplay else {
    site.trap(
      "crossEntropy: these labels would be fixed in the recorded step, and every batch be compared with them. Give them to the "
        + "step, `step(inputs, labels)`, whose loss receives them as its second variable.")
  }
  do throws(FeedError) {
    var indices = try labels.asIndices()
    var index = ignored
    if let ignored, let classes = logits.shape.last, !(0..<classes).contains(ignored) {
      // An index is never negative: the number of classes stands for the label.
      indices = indices.map { Int($0) == ignored ? Int32(classes) : $0 }
      index = classes
    }
    return crossEntropy(
      logits: logits, labels: logits.tape.index(indices, name: "labels"), smoothing: smoothing,
      classWeights: classWeights, ignoring: index, reduction: reduction, file: file, line: line)
  } catch {
    site.trap("crossEntropy: \(error)")
  }
}

/// −ln softmax(logits)[label], for logits [batch, classes] and a list of labels, one a row, fixed from now on.
public func crossEntropy<S: Scalar, Label: BinaryInteger & BitwiseCopyable & Sendable>(
  logits: Variable<S>, labels: [Label], smoothing: Double = 0, classWeights: Tensor<S>? = nil,
  ignoring ignored: Int? = nil, reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  crossEntropy(
    logits: logits, labels: Tensor(labels), smoothing: smoothing, classWeights: classWeights, ignoring: ignored,
    reduction: reduction, file: file, line: line)
}

/// −Σⱼ wⱼ tⱼ ln softmax(logits)ⱼ, for targets […, classes] that are one-hot rows or probabilities.
/// - Parameters:
///   - smoothing: ε; the targets become (1 − ε) t + ε / classes.
///   - classWeights: the weight w of each class, [classes]; 1 when left out. The mean is over the rows.
public func crossEntropy<S: Scalar>(
  logits: Variable<S>, probabilities targets: Variable<S>, smoothing: Double = 0, classWeights: Tensor<S>? = nil,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let site = CallSite(file, line)
  LossOperands("crossEntropy", logits, targets, site).requireNumbers()
  check(smoothing, "crossEntropy: smoothing", .share, at: site)
  let classes = logits.shape.last ?? 1
  return logits.tape.scoped("crossEntropy") {
    let targets = smoothing == 0 ? targets : targets * (1 - smoothing) + smoothing / Double(classes)
    let terms =
      LossForm.isFormer ? targets * logits.logSoftmax() : weighted(targets, logits.logSoftmax())
    let weights = classWeights.map { checkedWeights("crossEntropy", $0, classes: classes, on: logits.tape, at: site) }
    return -reduction((weights.map { selected(terms, $0) } ?? terms).sum(axes: [-1]), at: site)
  }
}

/// −ln p[label], for log-probabilities […, classes], as `logSoftmax()` gives them, and labels […] that are indices.
/// - Parameters:
///   - classWeights: the weight of each class, [classes]; the mean divides by Σ w[label].
///   - ignored: a label whose rows count nothing: a class, or the number of classes.
public func negativeLogLikelihood<S: Scalar>(
  logProbabilities: Variable<S>, labels: Variable<S>, classWeights: Tensor<S>? = nil, ignoring ignored: Int? = nil,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Variable<S> {
  let (name, site) = ("negativeLogLikelihood", CallSite(file, line))
  LossOperands(name, logProbabilities, labels, site).requireLabels(ignoring: ignored)
  return logProbabilities.tape.scoped(name) {
    labelLoss(
      name, logProbabilities, labels, smoothing: 0, classWeights: classWeights, ignoring: ignored,
      reduction: reduction, at: site)
  }
}

/// The loss of labels under the log-probabilities of some scores.
private func labelLoss<S: Scalar>(
  _ loss: String, _ scores: Variable<S>, _ labels: Variable<S>, smoothing: Double,
  classWeights: Tensor<S>?, ignoring ignored: Int?, reduction: LossReduction, at site: CallSite,
  _ logProbabilities: (Variable<S>) -> Variable<S> = { $0 }
) -> Variable<S> {
  guard smoothing > 0 || classWeights != nil || ignored != nil else {
    return -reduction(logProbabilities(scores).pick(labels), at: site)
  }
  let (tape, classes) = (scores.tape, scores.shape[scores.shape.rank - 1])
  let weights = classWeights.map { checkedWeights(loss, $0, classes: classes, on: tape, at: site) }
  // By label: whether a row counts, and its weight. The entry behind the classes is that of no class.
  let hasNone = ignored == classes
  let counts = Tensor<S>((0..<classes + (hasNone ? 1 : 0)).map { $0 == ignored ? 0 : 1 })
  let counted = tape.constant(counts).gather(labels)
  let rowWeights =
    classWeights.map { tape.constant(Tensor($0.elements + (hasNone ? [0] : [])) * counts).gather(labels) } ?? counted
  // An ignored row may hold anything, as behind the end of a sequence: NaN there must reach no gradient.
  let costs = -logProbabilities(ignored == nil ? scores : scores.masked(by: counted.unsqueeze(axis: -1)))
  let nobody = hasNone ? [tape.constant(.zeros(costs.shape.replacing(axis: costs.shape.rank - 1, with: 1)))] : []
  let hits = selected((hasNone ? concatenate([costs] + nobody, axis: -1) : costs).pick(labels), rowWeights)
  guard smoothing > 0 else { return reduction(hits, weights: rowWeights) }
  let spread = (weights.map { selected(costs, $0) } ?? costs).sum(axes: [-1]).masked(by: counted)
  return reduction(hits * (1 - smoothing) + spread * (smoothing / Double(classes)), weights: rowWeights)
}

/// x ⊙ w, and 0 where the weight is 0, whatever x is.
private func selected<S: Scalar>(_ x: Variable<S>, _ w: Variable<S>) -> Variable<S> { x.masked(by: w) * w }

/// The weights of classes as a constant.
private func checkedWeights<S: Scalar>(
  _ loss: String, _ weights: Tensor<S>, classes: Int, on tape: Tape<S>, at site: CallSite
) -> Variable<S> {
  guard weights.shape == [classes] else {
    site.trap("\(loss): the class weights have shape \(weights.shape); give [\(classes)], one for each class")
  }
  if let place = weights.elements.firstIndex(where: { !($0.primal >= 0 && $0.primal.isFinite) }) {
    site.trap(
      "\(loss): the weight of class \(place) is \(weights.elements[place]); it must be a finite number, 0 or above")
  }
  return tape.constant(weights)
}
