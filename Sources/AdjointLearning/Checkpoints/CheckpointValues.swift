import Adjoint
import AdjointFiles

// The tensors of a checkpoint for the places that they belong to, checked before anything is changed.

extension Checkpoint {
  /// The tensors for these places, after checking that names and shapes fit exactly and all numbers are finite.
  func values<S: Scalar>(
    for places: [(name: String, parameter: Parameter<S>)], prefix: String = ""
  ) throws(FileError) -> [Tensor<S>] {
    try search(for: places, prefix: prefix).values.map { $0.tensor }
  }

  /// The tensors for these places, with the positions of the places, and the names that did not meet.
  ///
  /// Names are the model's own, or PyTorch's. Where names need not fit, shapes and numbers still must.
  func search<S: Scalar>(
    for places: [(name: String, parameter: Parameter<S>)], prefix: String = "", renaming: [String: String] = [:],
    strict: Bool = true
  ) throws(FileError) -> (values: [(position: Int, tensor: Tensor<S>)], report: LoadReport) {
    let wanted = places.map { prefix + $0.name }
    let reserved = [Checkpoint.optimizerPrefix, Checkpoint.averagePrefix, Checkpoint.bestPrefix]
    let present = file.names.filter { name in
      prefix.isEmpty ? !reserved.contains { name.hasPrefix($0) } : name.hasPrefix(prefix)
    }
    var search = try WeightSearch(file, present: present, names: Set(wanted), renaming: renaming, path: path)
    let found = wanted.map { search.find($0) }
    let surplus = present.filter { !search.used.contains($0) && !PyTorchName.isCounter($0) }
    let otherOptimizer =
      prefix == Checkpoint.optimizerPrefix
      ? "Give the step the optimiser that it was saved with, or load the weights alone." : nil
    if strict, let extra = surplus.first {
      throw FileError(
        .mismatch, file: path, at: .tensor(extra),
        expected: wanted.isEmpty
          ? "none" + (prefix.isEmpty ? "" : " under '\(prefix)'") : "only \(Safetensors.listed(wanted.sorted()))",
        found: "a tensor that this model does not have",
        remedy: otherOptimizer
          ?? "Build the model that the file was saved from, rename what is in the file, or in code load with strict: false."
      )
    }
    var values: [(position: Int, tensor: Tensor<S>)] = []
    for (position, (name, parameter)) in places.enumerated() {
      // Nobody wrote the name of an unnamed one.
      let isNamed = parameter.name != nil
      let meant = isNamed ? "" : ", for \(parameter.words(storedAs: name, at: position))"
      guard let place = found[position], let shape = search.shape(of: place) else {
        guard strict else { continue }
        throw FileError(
          .missingTensor, file: path, at: .tensor(prefix + name),
          expected: "a tensor of shape \(parameter.shape)\(meant)",
          found: present.isEmpty ? "no tensors" : "none; the file holds \(Safetensors.listed(present))",
          remedy: otherOptimizer
            ?? "Build the model that the file was saved from, with the same names"
            + (isNamed ? "." : ": unnamed layers are numbered by their use, so give them names."))
      }
      guard shape == parameter.shape else {
        throw FileError(
          .mismatch, file: path, at: .tensor(place.name), expected: "the shape \(parameter.shape)\(meant)",
          found: "\(shape)",
          remedy: "Build the model with the sizes that the file was saved with.")
      }
      if let type = file.elementType(of: place.name), type.isInteger {
        throw FileError(
          .mismatch, file: path, at: .tensor(place.name), expected: "numbers with fractions, as weights are",
          found: "integers of type \(type.rawValue)",
          remedy: "Weights that were quantised must be scaled where they were made; save them as F32.")
      }
      let value: Tensor<S> = try search.tensor(place, shape: shape)
      // What an optimiser keeps may have overflowed in an element that no longer moves.
      if prefix != Checkpoint.optimizerPrefix,
        let element = value.elements.firstIndex(where: { !$0.primal.isFinite })
      {
        throw FileError(
          .badValue, file: path, at: .tensor(place.name), expected: "finite numbers",
          found: "\(value.elements[element]) at element \(element)",
          remedy: "The training that wrote it had diverged; use a checkpoint from before.")
      }
      values.append((position, value))
    }
    let missing = places.indices.filter { found[$0] == nil }.map { wanted[$0] }
    return (values, LoadReport(missing: missing, surplus: surplus))
  }

  /// The tensors for what steps keep, whose names begin with their prefixes.
  func values<S: Scalar>(forKept places: [(name: String, parameter: Parameter<S>)]) throws(FileError) -> [Tensor<S>] {
    var values: [String: Tensor<S>] = [:]
    for prefix in [Checkpoint.optimizerPrefix, Checkpoint.averagePrefix] {
      let own = places.filter { $0.name.hasPrefix(prefix) }
        .map { (name: String($0.name.dropFirst(prefix.count)), parameter: $0.parameter) }
      for ((name, _), value) in zip(own, try self.values(for: own, prefix: prefix)) { values[prefix + name] = value }
    }
    return places.compactMap { values[$0.name] }
  }
}
