import Adjoint

/// A way to record an operator.
typealias Row<S: Scalar> = (Call<S>) throws -> [GraphValue<S>]

/// The operators that are known, each with a way to record it. A file of the folder `Operators` states those of a family.
struct OperatorTable<S: Scalar> {
  private var rows: [String: Row<S>] = [:]

  init() {
    addElementwise()
    addArithmetic()
    addLogic()
    addReductions()
    addShaping()
    addIndexing()
    addScattering()
    addProducts()
    addConvolutions()
    addPooling()
    addResizing()
    addSampling()
    addNormalizations()
    addRecurrent()
    addAttention()
    addLosses()
    addControl()
    addConstants()
    addSequences()
    addTraining()
    addLinearModels()
  }

  subscript(node: ONNXNode) -> Row<S>? { rows[node.key] }

  subscript(name: String) -> Row<S>? {
    get { rows[name] }
    set { rows[name] = newValue }
  }

  /// The names of all operators.
  static var names: Set<String> { Set(OperatorTable().rows.keys) }
}
