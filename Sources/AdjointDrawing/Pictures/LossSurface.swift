import Adjoint
import AdjointCharts

/// The loss around the parameters of a recording, along two random directions of its parameters: L(θ + α·d₁ + β·d₂).
///
/// Each direction is normalised filter by filter: the part of it that belongs to a unit has the length of that unit's weights, so
/// that pictures of two networks can be compared. Biases and other parameters of one axis stay where they are.
///
/// ```swift
/// let chart = LossSurface(of: loss, seed: 1)
/// ```
///
/// Source: Li et al., "Visualizing the loss landscape of neural nets", 2018.
public struct LossSurface: Chart {
  public var title: String
  /// The losses, row by row, β from −radius upward.
  package let losses: [Double]
  package let directions: [[Tensor<Double>]]
  private let grid: PlaneGrid
  /// The loss at θ itself.
  private let center: Double

  /// The loss on the data of a recording, computed in `Double` at points · points places. The parameters stay as they are.
  /// - Parameters:
  ///   - radius: how far α and β go.
  ///   - points: how many values each takes; an odd number, so that θ is one of them.
  ///   - seed: the seed that the directions are drawn from.
  /// - Throws: `PictureError` where the value is no single number, or depends on no weights.
  /// - Complexity: points² forward passes.
  public init<S: Scalar>(
    of loss: Variable<S>, radius: Double = 1, points: Int = 41, seed: UInt64 = 0,
    title: String = "The loss along two directions"
  ) throws {
    guard loss.shape.elementCount == 1 else {
      throw PictureError(
        "LossSurface", expected: "a single number", found: "the shape \(loss.shape)",
        remedy: "give the loss, such as a mean")
    }
    guard radius > 0, radius.isFinite else {
      throw PictureError("LossSurface", expected: "a radius above 0", found: "\(radius)", remedy: "give one such as 1")
    }
    let needed = Set(loss.dependencies)
    let leaves = loss.tape.trainableParameters.map(\.leaf).filter { needed.contains($0.index) }
    guard leaves.contains(where: { $0.shape.rank > 1 }) else {
      throw PictureError(
        "LossSurface", expected: "weights behind the loss", found: "none", remedy: "record the loss with its parameters"
      )
    }
    let replay = LossSurface.copy(of: loss)
    let weights = leaves.map { replay.tape[$0.index].value }
    var generator = Generator(seed: seed)
    let directions = (0..<2).map { _ in weights.map { LossSurface.direction(like: $0, using: &generator) } }
    let program = Program<Double>([replay])
    func value(_ alpha: Double, _ beta: Double) throws -> Double {
      for (place, leaf) in leaves.enumerated() {
        let (d, e) = (directions[0][place].elements, directions[1][place].elements)
        let moved = weights[place].elements.enumerated().map { $1 + alpha * d[$0] + beta * e[$0] }
        try program.feed(replay.tape[leaf.index], Tensor(shape: weights[place].shape, elements: moved))
      }
      program.run()
      return program.value(of: replay).elements[0]
    }
    let count = max(points, 3)
    grid = PlaneGrid(x: -radius...radius, y: -radius...radius, columns: count, rows: count)
    losses = try grid.points.map { try value($0.x, $0.y) }
    center = try value(0, 0)
    (self.directions, self.title) = (directions, title)
  }

  /// The recording in `Double`, with its parameters as inputs.
  private static func copy<S: Scalar>(of loss: Variable<S>) -> Variable<Double> {
    let tape = Tape<Double>(mode: loss.tape.mode, seed: loss.tape.seed)
    for node in 0...loss.live.index {
      let x = loss.tape[node]
      if let operation = x.operation {
        tape.record(operation, inputs: x.inputs.map { tape[$0.index] })
      } else if x.holdsIndices {
        _ = tape.index(x.indexValue)
      } else if x.role == .constant {
        _ = tape.constant(x.value.converted())
      } else {
        _ = tape.input(x.value.converted())
      }
    }
    return tape[loss.index]
  }

  /// A random direction: a part for each unit, as long as the unit's weights.
  private static func direction(like weights: Tensor<Double>, using generator: inout Generator) -> Tensor<Double> {
    guard weights.shape.rank > 1, weights.shape[0] > 0 else { return Tensor(repeating: 0, shape: weights.shape) }
    let width = weights.shape.elementCount / weights.shape[0]
    var elements = weights.elements.map { _ in generator.normal() }
    func length(_ values: ArraySlice<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    for unit in 0..<weights.shape[0] {
      let part = unit * width..<(unit + 1) * width
      let (drawn, own) = (length(elements[part]), length(weights.elements[part]))
      for place in part { elements[place] *= drawn > 0 ? own / drawn : 0 }
    }
    return Tensor(shape: weights.shape, elements: elements)
  }

  private var chart: SurfaceChart {
    SurfaceChart(
      title, grid: grid, values: losses, quantity: "loss", x: Axis("α"), y: Axis("β"),
      mark: (0, 0, "L(θ) = \(DecimalText.text(center))"))
  }

  public var summary: String { chart.summary }

  public func drawn() -> ChartDrawing { chart.drawn() }
}
