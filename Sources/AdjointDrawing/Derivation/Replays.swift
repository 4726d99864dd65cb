import Adjoint

/// The recording at other points, on which a simplification must hold before it is claimed.
///
/// Parameters and inputs are moved at random, backward nodes follow. What a claim supposes, such as targets whose rows add up
/// to 1, is held, and so are indices, constants and random leaves.
final class Replays<S: Scalar> {
  private let tape: Tape<S>
  private let held: Set<Int>
  private lazy var points: [Tape<Double>] = (1...3).map { point(seed: $0) }

  init(of tape: Tape<S>, holding held: Set<Int>) {
    (self.tape, self.held) = (tape, held)
  }

  /// Recordings that are larger are not replayed, and nothing is claimed of them.
  private static var largestCount: Int { 20_000_000 }

  /// False where a replay may trap, or takes too long.
  lazy var isPossible: Bool = {
    var count = 0
    for node in 0..<tape.count {
      count += tape[node].shape.elementCount
      switch tape[node].operation?.form {
      // Factors of a matrix that is no longer positive definite, a loop that may hold such, or the rule of somebody else.
      case .cholesky, .solveTriangular, .solve, .determinant, .scan, .other: return false
      case .map, .zip, .select, .product, .addBias, .sum, .mean, .variance, .extremum, .argMax, .softmax,
        .cumulativeSum,
        .broadcast, .reshape, .permute, .slice, .pad, .concatenate, .stopGradient, .gather, .scatterAdd, .pick, .oneHot,
        .argSort, .gatherAlong, .scatterAddAlong, .asNumbers, .unfold, .fold, .maxPool, .averagePool, nil:
        continue
      }
    }
    return count <= Replays.largestCount
  }()

  /// True where a tree has the value of a node at the recorded point and at every other one.
  func prove(_ formula: Formula, equals node: Int) -> Bool {
    guard isPossible, formula.shape == tape[node].shape else { return false }
    let recorded: Tensor<S> = formula.value { self.tape[$0] }
    let tolerance = S.self == Double.self ? 1e-10 : 1e-4
    guard agree(recorded.converted(), tape[node].value.converted(), within: tolerance) else { return false }
    return points.allSatisfy { point in agree(formula.value { point[$0] }, point[node].value, within: 1e-10) }
  }

  private func agree(_ a: Tensor<Double>, _ b: Tensor<Double>, within tolerance: Double) -> Bool {
    guard a.shape == b.shape else { return false }
    let scale = b.elements.map(\.magnitude).max() ?? 0
    return zip(a.elements, b.elements).allSatisfy { ($0 - $1).magnitude <= tolerance * scale }
  }

  private func point(seed: Int) -> Tape<Double> {
    var generator = Generator(seed: UInt64(seed))
    let point = Tape<Double>(mode: tape.mode, seed: tape.seed)
    for node in 0..<tape.count {
      let x = tape[node]
      if let operation = x.operation {
        point.record(operation, inputs: x.inputs.map { point[$0.index] })
      } else if x.holdsIndices {
        _ = point.index(x.indexValue)
      } else {
        let moves = !held.contains(node) && [.input, .parameter, .state].contains(x.role)
        let width = x.role == .parameter ? 0.5 : 0
        let value: Tensor<Double> = x.value.converted()
        _ = point.input(
          moves
            ? value.map { $0 * generator.uniform(0.5, 1.5) + width * generator.uniform(-1, 1) } : value)
      }
    }
    return point
  }
}
