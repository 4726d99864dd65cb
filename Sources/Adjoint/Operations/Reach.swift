/// The elements of y that each element of one input can reach with a derivative, whatever the numbers are. A sparse derivative is
/// found from it, and holds wherever the recording does; `localJacobian` is that of one point, where a number may be 0 by chance.
enum Reach: Equatable {
  /// None: y is piecewise constant in this input, or it holds indices.
  case none
  /// The elements beside it, as broadcasting repeats it.
  case beside
  /// The places to which it is moved or repeated, as the operation itself says.
  case moved
  /// The one place in which it is added up, as the operation itself says.
  case added
  /// The result of the reduction over these axes that it takes part in.
  case reduced(AxisSet)
  /// All of the same part, of so many equal ones.
  case part(of: Int)
  /// Those behind it in its row, or before it, itself among them.
  case onward(isReversed: Bool)
  /// The row or column of a matrix product that it takes part in.
  case product(transposes: Bool)
  /// All.
  case all
}

extension Operation {
  /// The reach of an input on operands of these shapes. Indices that are computed may be any in their range.
  func reach(ofInput i: Int, _ x: [Shape], computesIndices: Bool) -> Reach {
    if indexPosition == i { return .none }
    switch form {
    case .map(let f): return f.isFlat ? .none : .beside
    case .zip(.binary(let f)): return f == .masked && i == 1 ? .none : .beside
    case .zip(.comparison): return .none
    case .select: return i == 0 ? .none : .beside
    case .addBias: return .beside
    case .product(let transposeA, let transposeB): return .product(transposes: i == 0 ? transposeA : transposeB)
    case .sum(let axes, _), .mean(let axes, _), .variance(let axes, _, _), .extremum(_, let axes, _):
      return .reduced(axes)
    case .argMax, .argSort, .oneHot, .asNumbers, .stopGradient: return .none
    case .softmax: return .part(of: x[i].dropLast().reduce(1, *))
    case .cumulativeSum(let isReversed): return .onward(isReversed: isReversed)
    case .broadcast, .reshape, .permute, .slice, .pad, .concatenate, .unfold: return .moved
    case .gather, .pick, .gatherAlong: return computesIndices ? .all : .moved
    case .scatterAdd, .scatterAddAlong: return computesIndices ? .all : .added
    case .cholesky, .solveTriangular, .solve, .determinant: return .part(of: x[0].leading.elementCount)
    case .fold, .maxPool, .averagePool: return .part(of: x[i][0])
    case .scan: return .all
    case .other:
      if isElementwise { return .beside }
      return entrywiseInputs(x)?[i] == true ? .part(of: x[i][0]) : .all
    }
  }
}

extension MapFunction {
  /// True where the derivative is 0 on every piece.
  fileprivate var isFlat: Bool {
    switch self {
    case .unary(let f): [.sign, .step, .floor, .ceil, .round, .trunc].contains(f)
    case .leakyReLU, .elu, .power, .clamp, .polygamma: false
    }
  }
}
