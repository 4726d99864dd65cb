import Adjoint

// A step is called with what its closure takes.

extension TrainingStep {
  /// One update from inputs and class indices. Returns the loss before the update.
  /// - Throws: `FeedError` when an index is out of range, `TrainingError` when the loss, a gradient, a value to be stored or
  ///   the rate is not finite. Nothing has been changed then.
  @discardableResult
  public func callAsFunction(
    _ x: Tensor<S>, _ labels: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try step(2, at: CallSite(file, line)) { $0 == 0 ? FedValue(x) : FedValue(labels) }
  }

  /// One update from inputs and numeric targets. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(
    _ x: Tensor<S>, _ targets: Tensor<S>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try step(2, at: CallSite(file, line)) { $0 == 0 ? FedValue(x) : FedValue(targets) }
  }

  /// One update of a loss with one input. Returns the loss before the update.
  @discardableResult
  public func callAsFunction(_ x: Tensor<S>, file: StaticString = #fileID, line: UInt = #line) throws -> S {
    try step(1, at: CallSite(file, line)) { _ in FedValue(x) }
  }

  /// One update of a loss whose one input is indices, such as the tokens of a text. Returns the loss before the update.
  @_disfavoredOverload  // `Tensor([3, 4])` is of the step's own numbers
  @discardableResult
  public func callAsFunction(
    _ indices: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try step(1, at: CallSite(file, line)) { _ in FedValue(indices) }
  }

  /// One update from indices and indices, such as tokens and those that come next. Returns the loss before the update.
  @_disfavoredOverload
  @discardableResult
  public func callAsFunction(
    _ x: Tensor<Int32>, _ y: Tensor<Int32>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try step(2, at: CallSite(file, line)) { $0 == 0 ? FedValue(x) : FedValue(y) }
  }

  /// One update from indices and numeric targets. Returns the loss before the update.
  @_disfavoredOverload
  @discardableResult
  public func callAsFunction(
    _ x: Tensor<Int32>, _ targets: Tensor<S>, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    try step(2, at: CallSite(file, line)) { $0 == 0 ? FedValue(x) : FedValue(targets) }
  }

  /// One update from three inputs or more, of numbers or indices. Returns the loss before the update.
  @discardableResult
  public func callAsFunction<each More: StepTensor>(
    _ x: some StepTensor, _ y: some StepTensor, _ z: some StepTensor, _ more: repeat each More,
    file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    var values: [FedValue<S>] = [try x.fed(), try y.fed(), try z.fed()]
    for value in repeat each more { values.append(try value.fed()) }
    return try step(values, at: CallSite(file, line))
  }

  /// One update from a struct of tensors. Returns the loss before the update.
  @discardableResult
  public func callAsFunction<Input: StepInput>(
    _ input: Input, file: StaticString = #fileID, line: UInt = #line
  ) throws -> S {
    let site = CallSite(file, line)
    guard shards == nil else {
      site.trap(
        "TrainingStep: a \(Input.self) cannot be cut into shards; give its tensors by position, or leave TrainingStep.shards nil"
      )
    }
    let loss = compileIfNeeded(input, at: site)
    try feed(input, to: loss)
    return try update(from: loss)
  }

  private func step(_ values: [FedValue<S>], at site: CallSite) throws -> S {
    try step(values.count, at: site) { values[$0] }
  }
}

extension TrainingStep {
  /// Records the loss for inputs of these shapes, without an update: parameters and what is kept for them are known then, and
  /// a checkpoint can be restored. Shapes alone count, so `Tensor.zeros([128, 784])` serves a step of any precision.
  public func prepare<each Input: StepTensor>(
    _ inputs: repeat each Input, file: StaticString = #fileID, line: UInt = #line
  ) throws {
    var values: [FedValue<S>] = []
    for input in repeat each inputs {
      // Numbers written in place are `Double` where no context asks for another type.
      values.append(try (input as? Tensor<Double>).map { FedValue($0.converted()) } ?? input.fed())
    }
    if shards != nil {
      let rows = recordedRows(values.first?.form.shape.first ?? 0)
      values = values.map { $0.rows(rows) }
    }
    _ = compileIfNeeded(values, at: CallSite(file, line))
  }

  /// Records the loss for a struct of these shapes, without an update.
  public func prepare<Input: StepInput>(_ input: Input, file: StaticString = #fileID, line: UInt = #line) {
    _ = compileIfNeeded(input, at: CallSite(file, line))
  }

  func compileIfNeeded(_ values: [FedValue<S>], at site: CallSite) -> CompiledLoss<S> {
    compileIfNeeded(values.count, at: site, form: { values[$0].form }, values: { values })
  }

  func compileIfNeeded<Input: StepInput>(_ input: Input, at site: CallSite) -> CompiledLoss<S> {
    closure.require(Input.self, at: site)
    return compileIfNeeded(reading: { path in input[keyPath: path].flatMap { FedValue.all(of: $0) } }, at: site)
  }

  /// Writes the properties of a struct that the closure reads.
  func feed<Input: StepInput>(_ input: Input, to loss: CompiledLoss<S>) throws {
    for field in loss.inputs.fields {
      guard let values: [FedValue<S>] = input[keyPath: field.path].flatMap({ FedValue.all(of: $0) }) else { continue }
      for (position, value) in zip(field.range, values) {
        try value.feed(loss.inputs.leaves[position], of: loss.program)
      }
    }
  }
}

extension TrainingStep {
  /// The values that the closure returned beside the loss, as the latest step computed them.
  public var auxiliary: [String: Tensor<S>] {
    guard let latest else { return [:] }
    let values = latest.auxiliary.map { ($0.name, latest.program.value(of: $0.variable)) }
    return Dictionary(uniqueKeysWithValues: values)
  }

  /// The gradient of a parameter in the latest step: that of the loss, before clipping and penalties.
  /// - Precondition: the latest step trained it.
  public func gradient(
    of parameter: Parameter<S>, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor<S> {
    let name = parameter.name ?? "unnamed"
    guard let updates = latestUpdates else {
      CallSite(file, line).trap("TrainingStep.gradient(of:): there was no step yet, so '\(name)' has no gradient")
    }
    guard let position = updates.parameters.firstIndex(where: { $0 === parameter }) else {
      CallSite(file, line).trap(
        "TrainingStep.gradient(of:): the latest step did not train "
          + (updates.names.contains(name) ? "this '\(name)', but another of that name" : "'\(name)'") + "; it trained "
          + updates.names.prefix(8).joined(separator: ", "))
    }
    updates.gatherGradients()
    return updates.runs[position].gradientTensor
  }

  /// Runs `body` with the averaged weights in the place of the weights, which come back after it.
  /// - Precondition: the step has an `averaging`.
  public func withAveragedWeights<Result>(
    file: StaticString = #fileID, line: UInt = #line, _ body: () throws -> Result
  ) rethrows -> Result {
    guard averaging != .none else {
      CallSite(file, line).trap(
        "TrainingStep.withAveragedWeights: no average is kept; give the step one, such as "
          + "averaging: .exponential(decay: 0.999)")
    }
    gatherKept()
    let swapped = namedParameters.compactMap { _, parameter in
      averages[ObjectIdentifier(parameter)].map { (parameter, parameter.value, $0.value) }
    }
    for (parameter, _, average) in swapped { parameter.value = average }
    defer { for (parameter, value, _) in swapped { parameter.value = value } }
    return try body()
  }
}
