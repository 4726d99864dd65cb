/// The error of a central difference against its step: truncation falls with h², round-off grows with 1/h, and the sum has
/// the shape of a U. Drawn, it shows why no single hand-picked step is right.
public struct UCurve: Sendable, Codable {
  /// One central difference.
  public struct Point: Sendable, Codable {
    /// h
    public var step: Double
    /// (f(h) − f(−h)) / 2h
    public var estimate: Double
    /// The error of leaving out higher derivatives: 4/3 of the change that halving the step makes, and a quarter of the previous
    /// one where that change is lost in round-off.
    public var truncation: Double
    /// The bound on what the rounding of f's values adds: noise / h.
    public var roundOff: Double
    /// |estimate − the extrapolated value|
    public var error: Double
  }

  /// From the largest step to the smallest; steps that crossed a kink or left the domain are absent.
  public var points: [Point]

  /// The point at the bottom of the U: where truncation and round-off together are least.
  public var bottom: Point? { points.min { $0.truncation + $0.roundOff < $1.truncation + $1.roundOff } }
}
