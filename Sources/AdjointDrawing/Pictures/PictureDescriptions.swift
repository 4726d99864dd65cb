// What the pictures say of themselves where they are printed.

extension NeuronDiagram: CustomStringConvertible {
  /// The title and the summary.
  public var description: String { "NeuronDiagram “\(title)”: \(summary)" }
}

extension UnitDiagram: CustomStringConvertible {
  /// The title and the summary.
  public var description: String { "UnitDiagram “\(title)”: \(summary)" }
}

extension FeatureMaps: CustomStringConvertible {
  /// The title and the summary.
  public var description: String { "FeatureMaps “\(title)”: \(summary)" }
}

extension AttentionMaps: CustomStringConvertible {
  /// The title and the summary.
  public var description: String { "AttentionMaps “\(title)”: \(summary)" }
}

extension LossSurface: CustomStringConvertible {
  /// The title and the summary.
  public var description: String { "LossSurface “\(title)”: \(summary)" }
}

extension GradientFlow: CustomStringConvertible {
  /// The title and the summary.
  public var description: String { "GradientFlow “\(title)”: \(summary)" }
}
