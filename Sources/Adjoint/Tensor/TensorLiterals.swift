// Tensors from literals. Numbers are `Double` unless the context asks for another type: the initialisers of any element type
// are disfavoured, since `Int` would win otherwise, as it does for a plain literal. A row is any collection, so that `[]` is a
// vector alone.

extension Tensor {
  /// A vector.
  @_disfavoredOverload
  public init(_ elements: [Element]) { self.init(of: [elements.count], elements) }

  /// A matrix, given by its rows: `Tensor<Float>([[1, 2], [3, 4]])`.
  /// - Precondition: all rows have the same length.
  @_disfavoredOverload
  public init<Row: Collection>(_ rows: [Row], file: StaticString = #fileID, line: UInt = #line)
  where Row.Element == Element {
    self.init(stacking: rows.map { Tensor(Array($0)) }, rank: 2, file, line)
  }

  /// A tensor of three axes, given by its matrices.
  /// - Precondition: all matrices have the same shape.
  @_disfavoredOverload
  public init<Row: Collection>(_ matrices: [[Row]], file: StaticString = #fileID, line: UInt = #line)
  where Row.Element == Element {
    self.init(stacking: matrices.map { Tensor($0, file: file, line: line) }, rank: 3, file, line)
  }

  /// A tensor of four axes, such as images with channels.
  /// - Precondition: all parts of one depth have the same shape.
  @_disfavoredOverload
  public init<Row: Collection>(_ parts: [[[Row]]], file: StaticString = #fileID, line: UInt = #line)
  where Row.Element == Element {
    self.init(stacking: parts.map { Tensor($0, file: file, line: line) }, rank: 4, file, line)
  }

  /// Tensors of one shape along a new first axis.
  private init(stacking parts: [Tensor], rank: Int, _ file: StaticString, _ line: UInt) {
    let shape = parts.first?.shape ?? Shape(Array(repeating: 0, count: rank - 1))
    if let odd = parts.firstIndex(where: { $0.shape != shape }) {
      fatalError(
        "Tensor: ragged: entry \(odd) of an array has the shape \(parts[odd].shape), entry 0 has \(shape); entries must "
          + "be equally long",
        file: file, line: line)
    }
    self.init(of: shape.batched(parts.count), parts.flatMap(\.elements))
  }
}

extension Tensor where Element == Double {
  /// A tensor of `Double` of `shape` with these elements in row-major order.
  /// - Precondition: there are `shape.elementCount` elements.
  public init(shape: Shape, elements: [Double], file: StaticString = #fileID, line: UInt = #line) {
    self.init(of: shape, elements, file, line)
  }

  /// A tensor of `Double` with one value everywhere.
  public init(repeating value: Double, shape: Shape) {
    self.init(of: shape, Array(repeating: value, count: shape.elementCount))
  }

  /// A single number of `Double`.
  public init(scalar value: Double) { self.init(of: [], [value]) }

  /// A vector of `Double`, the type of a literal for which no context asks for another one.
  public init(_ elements: [Double]) { self.init(of: [elements.count], elements) }

  /// A matrix of `Double`, given by its rows: `Tensor([[1, 2], [3, 4]])`.
  /// - Precondition: all rows have the same length.
  public init<Row: Collection>(_ rows: [Row], file: StaticString = #fileID, line: UInt = #line)
  where Row.Element == Double {
    self.init(stacking: rows.map { Tensor(Array($0)) }, rank: 2, file, line)
  }

  /// A tensor of `Double` with three axes, given by its matrices.
  /// - Precondition: all matrices have the same shape.
  public init<Row: Collection>(_ matrices: [[Row]], file: StaticString = #fileID, line: UInt = #line)
  where Row.Element == Double {
    self.init(stacking: matrices.map { Tensor($0, file: file, line: line) }, rank: 3, file, line)
  }

  /// A tensor of `Double` with four axes, such as images with channels.
  /// - Precondition: all parts of one depth have the same shape.
  public init<Row: Collection>(_ parts: [[[Row]]], file: StaticString = #fileID, line: UInt = #line)
  where Row.Element == Double {
    self.init(stacking: parts.map { Tensor($0, file: file, line: line) }, rank: 4, file, line)
  }
}
