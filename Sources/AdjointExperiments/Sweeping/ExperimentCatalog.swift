/// Every experiment, in the order of the documents.
public enum ExperimentCatalog {
  public static let all: [Experiment] =
    Document000.experiments + Document001.experiments + Document002.experiments + Document003.experiments
    + Document004.experiments + Beyond.experiments
}
