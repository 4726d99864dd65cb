/// Every experiment, in the order of the documents.
public enum ExperimentCatalog {
  public static let all: [Experiment] =
    Document000.experiments + Document002.experiments + Document004.experiments
}
