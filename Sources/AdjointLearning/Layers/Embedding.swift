import Adjoint

/// A table of vectors, one a word: y[i…] = E[index[i…]], for indices of any shape, [batch, time] → [batch, time, width].
///
/// ```swift
/// let embedding = Embedding<Float>(vocabulary, 64, name: "tokens", using: &generator)
/// let logits = embedding.logits(of: features(embedding(tokens)))  // tied weights
/// ```
public struct Embedding<S: Scalar>: LibraryLayer {
  /// The table E, [count, width].
  public private(set) var weight: Parameter<S>
  package let padding: Int?
  package let name: String?

  /// A table with new vectors.
  /// - Parameters:
  ///   - count: how many words: the indices are 0 ..< count.
  ///   - width: the numbers of a vector.
  ///   - padding: a word whose vector is 0 and has no gradient.
  ///   - name: the prefix of the parameter's name, `name/weight`; numbered by first use when left out.
  ///   - initializer: by default N(0, 1).
  public init(
    _ count: Int, _ width: Int, padding: Int? = nil, name: String? = nil,
    initializer: Initializer = .normal(mean: 0, deviation: 1), using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let site = CallSite(file, line)
    check(count, "Embedding: the count of words", atLeast: 1, at: site)
    check(width, "Embedding: the width", atLeast: 1, at: site)
    var values: Tensor<S> = initializer.tensor(
      [count, width], fanIn: count, fanOut: width, using: &generator, file: file, line: line)
    if let padding {
      guard (0..<count).contains(padding) else {
        site.trap("Embedding: the padding is \(padding); it must be one of the words, 0 ..< \(count)")
      }
      for place in padding * width..<(padding + 1) * width { values[linear: place] = 0 }
    }
    weight = Parameter(values, name: name.map { $0 + "/weight" })
    (self.padding, self.name) = (padding, name)
  }

  public func callAsFunction(_ indices: Variable<S>) -> Variable<S> {
    require(indices.role == .index, indices, takes: "indices (Int32) of any shape, such as tape.index(_:)")
    return indices.tape.scoped(name ?? "embedding") {
      let table = indices.tape.parameter(weight)
      guard let padding else { return table.gather(indices) }
      let isTrained = Tensor<S>(
        shape: [weight.shape[0], 1], elements: (0..<weight.shape[0]).map { $0 == padding ? 0 : 1 })
      return `where`(indices.tape.constant(isTrained), table, table.stopGradient()).gather(indices)
    }
  }

  /// x·Eᵀ for features x […, width]: the logits […, count] of a model whose first and last layer share the table.
  public func logits(of x: Variable<S>, file: StaticString = #fileID, line: UInt = #line) -> Variable<S> {
    let takes = "[…, \(weight.shape[1])] to make logits of"
    require(x.shape.last == weight.shape[1], x, takes: takes, at: CallSite(file, line))
    return x.tape.scoped(name ?? "embedding") { x.matmul(x.tape.parameter(weight), transposeB: true) }
  }

  package mutating func detach() { weight = weight.copy() }

  public var description: String {
    title("Embedding", name) + "\(weight.shape[0]) words, width \(weight.shape[1])"
      + (padding.map { ", padding \($0)" } ?? "") + ", " + words(of: [weight])
  }
}
