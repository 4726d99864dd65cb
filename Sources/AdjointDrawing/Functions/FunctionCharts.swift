import Adjoint
import AdjointCharts

// Charts of recorded functions: charts themselves know numbers alone.

extension LineChart {
  /// Activation functions, or their derivatives, as the tape computes them.
  public static func activations(
    _ activations: [(name: String, function: (Variable<Double>) -> Variable<Double>)], derivatives: Bool = false,
    on interval: ClosedRange<Double> = -4...4
  ) -> LineChart {
    let series = activations.map { activation in
      var curve = Series(activation.name, of: { $0 }, on: interval, count: 241)
      let tape = Tape<Double>()
      let x = tape.input(Tensor(shape: [curve.x.count], elements: curve.x))
      let y = activation.function(x)
      curve.y = derivatives ? gradient(of: y.sum(), withRespectTo: x).value.elements : y.value.elements
      return curve
    }
    return LineChart(
      derivatives ? "Derivatives of activation functions" : "Activation functions", x: Axis("x"),
      y: Axis(derivatives ? "f′(x)" : "f(x)"), series)
  }
}

extension PlaneGrid {
  /// The points as a batch [rows · columns, 2], for a model.
  public func inputs<S: Scalar>(as type: S.Type = S.self) -> Tensor<S> {
    Tensor(shape: [rows * columns, 2], elements: points.flatMap { [S($0.x), S($0.y)] })
  }
}
