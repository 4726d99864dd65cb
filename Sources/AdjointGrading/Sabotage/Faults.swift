import Adjoint
import AdjointChecking

/// A way in which a rule goes wrong, injected into one input's contribution.
package enum RuleFault: String, Sendable, CaseIterable {
  case sign, double, half, relativeError
  /// The contribution is transposed, and fits only where that has the same shape.
  case transposed
  /// The contribution is read with its axes in reverse order, under the right shape.
  case transposedStorage
  /// 1/N is missing, or stands there twice.
  case missingMean, doubledMean
  /// Of a broadcast operand's sum, one slice is taken.
  case missingBroadcastSum
  /// A broadcast operand's contribution keeps the result's shape.
  case unsummed
  /// Wrong only where the operand is broadcast.
  case signUnderBroadcast
  case droppedEdge
  /// The whole contribution is baked in as it was recorded.
  case staleContribution
  /// The inputs are baked in as they were recorded.
  case stalePoint
  /// On one side of the kink, the other side's derivative.
  case wrongBranch
  case wrongRow
  /// Right to first order: the contribution is detached from what it depends on.
  case detached
  /// Right to first order: a factor of 1 whose derivative is not 0.
  case spuriousCurvature

  /// Tells whether only the second derivative tells.
  var isSecondOrder: Bool { self == .detached || self == .spuriousCurvature }

  /// Tells whether the fault can be put into an operation at all.
  func applies(to site: FaultSite) -> Bool {
    switch self {
    case .sign, .double, .half, .relativeError, .missingMean, .doubledMean, .droppedEdge, .staleContribution,
      .stalePoint, .detached, .spuriousCurvature:
      true
    case .transposed, .transposedStorage: site.shape.count { $0 > 1 } > 1
    case .missingBroadcastSum, .unsummed, .signUnderBroadcast: site.isBroadcast
    case .wrongBranch: site.isElementwise && site.kink != nil
    case .wrongRow: (site.shape.first ?? 1) > 1
    }
  }

  /// Why the faulty rule would trap when recorded, by the shapes alone.
  func trap(at site: FaultSite) -> String? {
    switch self {
    case .transposed where Array(site.shape.reversed()) != Array(site.shape):
      "a transposed contribution to \(site.shape) has another shape, which recording refuses"
    case .unsummed where site.outputShape != site.shape:
      "a contribution of shape \(site.outputShape) to \(site.shape) is refused by recording"
    case .sign, .double, .half, .relativeError, .transposed, .transposedStorage, .missingMean, .doubledMean,
      .missingBroadcastSum, .unsummed, .signUnderBroadcast, .droppedEdge, .staleContribution, .stalePoint, .wrongBranch,
      .wrongRow, .detached, .spuriousCurvature:
      nil
    }
  }
}

/// One input of one operation, as a fault sees it.
struct FaultSite: Sendable {
  enum Kink: Sendable {
    /// The input itself against a number.
    case at(Double)
    /// The first input against the second.
    case between
  }

  let input: Int
  let shape: Shape
  let outputShape: Shape
  let isElementwise: Bool
  /// Tells whether the operation repeats operands to the shape of its result.
  let broadcasts: Bool
  let kink: Kink?

  /// Tells whether the operand is repeated to the result's shape.
  var isBroadcast: Bool {
    broadcasts && shape != outputShape && shape.broadcasts(to: outputShape) && shape.elementCount > 0
  }

  /// N: how many elements of x stand behind one of y, or the longest axis of x where that is one.
  var meanCount: Int {
    let reduced = outputShape.elementCount > 0 ? shape.elementCount / outputShape.elementCount : 1
    return reduced > 1 ? reduced : shape.max() ?? 1
  }
}
