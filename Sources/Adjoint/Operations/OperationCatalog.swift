/// The operations of the library, one line each. Tests, checks, generated documentation and drawings run over this
/// list.
public enum OperationCatalog {
  /// The types of all operations of the library.
  public static var all: [any Operation.Type] { library }

  package static let library: [any LibraryOperation.Type] = [
    Unary.self,
    LeakyReLU.self,
    ELU.self,
    Power.self,
    Clamp.self,
    Polygamma.self,
    Binary.self,
    Comparison.self,
    Where.self,
    MatMul.self,
    AddBias.self,
    Sum.self,
    Mean.self,
    Variance.self,
    Extremum.self,
    ArgMax.self,
    ArgSort.self,
    Softmax.self,
    LogSoftmax.self,
    LogSumExp.self,
    CumulativeSum.self,
    Broadcast.self,
    Reshape.self,
    Permute.self,
    Slice.self,
    Pad.self,
    Concatenate.self,
    StopGradient.self,
    Gather.self,
    ScatterAdd.self,
    Pick.self,
    OneHot.self,
    GatherAlong.self,
    ScatterAddAlong.self,
    AsNumbers.self,
    Unfold.self,
    Fold.self,
    MaxPool.self,
    AveragePool.self,
    Cholesky.self,
    SolveTriangular.self,
    Solve.self,
    Determinant.self,
  ]

  /// All examples of all operations.
  package static var examples: [Example] { all.flatMap { $0.examples } }

  /// The names of all operations, each once, in the catalogue's order.
  package static var names: [String] {
    var seen: Set<String> = []
    return examples.map(\.operation.name).filter { seen.insert($0).inserted }
  }
}
