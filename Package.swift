// swift-tools-version: 6.2
import PackageDescription

// The house, from the bottom up: a target depends only on targets that stand above it in this list.
let package = Package(
  name: "Adjoint",
  products: [
    .library(name: "Adjoint", targets: ["Adjoint"]),
    .library(name: "AdjointDatasets", targets: ["AdjointDatasets"]),
    .library(name: "AdjointLearning", targets: ["AdjointLearning"]),
    .library(name: "AdjointChecking", targets: ["AdjointChecking"]),
    .library(name: "AdjointDrawing", targets: ["AdjointDrawing"]),
    .library(name: "AdjointExperiments", targets: ["AdjointExperiments"]),
    .executable(name: "adjoint", targets: ["AdjointCommand"]),
  ],
  targets: [
    // C: matrix product and vector loops per instruction set, chosen at run time.
    .target(name: "AdjointKernels"),
    // C: the system's zlib, opened at run time.
    .target(name: "AdjointCompression"),
    // The tape, the operations, differentiation, programs.
    .target(name: "Adjoint", dependencies: ["AdjointKernels"]),
    // IDX, CSV, drawn digits, toy problems; split, standardise, batch.
    .target(name: "AdjointDatasets", dependencies: ["Adjoint", "AdjointCompression"]),
    // Layers, losses, optimisers, the training step, checkpoints.
    .target(name: "AdjointLearning", dependencies: ["Adjoint", "AdjointDatasets"]),
    // Gradient verification: oracles, verdicts, blame, reports.
    .target(name: "AdjointChecking", dependencies: ["Adjoint", "AdjointLearning"]),
    // A tape as drawing, Jacobians, derivation and interactive page; charts.
    .target(name: "AdjointDrawing", dependencies: ["Adjoint"], exclude: ["Explanation/Page/Assets"]),
    // The experiments of the source documents: settings, records, reports.
    .target(
      name: "AdjointExperiments",
      dependencies: ["Adjoint", "AdjointDatasets", "AdjointDrawing", "AdjointLearning"]),
    // The command line, product `adjoint`.
    .executableTarget(
      name: "AdjointCommand",
      dependencies: [
        "Adjoint", "AdjointChecking", "AdjointDatasets", "AdjointDrawing", "AdjointExperiments", "AdjointLearning",
      ]),

    // Examples: one folder per idea.
    .executableTarget(name: "GradientInTenLines", dependencies: ["Adjoint"], path: "Examples/GradientInTenLines"),
    .executableTarget(name: "CustomOperation", dependencies: ["Adjoint"], path: "Examples/CustomOperation"),
    .executableTarget(
      name: "CustomArchitecture", dependencies: ["AdjointLearning", "AdjointDatasets"],
      path: "Examples/CustomArchitecture"),
    .executableTarget(
      name: "WrongDerivative", dependencies: ["AdjointChecking", "AdjointLearning"], path: "Examples/WrongDerivative"),
    .executableTarget(
      name: "FunctionRegression", dependencies: ["AdjointLearning"], path: "Examples/FunctionRegression"),
    .executableTarget(
      name: "HandwrittenDigits", dependencies: ["AdjointLearning", "AdjointDatasets"],
      path: "Examples/HandwrittenDigits"),
    .executableTarget(
      name: "DerivedOnPaper", dependencies: ["AdjointDrawing", "AdjointLearning"], path: "Examples/DerivedOnPaper"),
    .executableTarget(
      name: "DrawTheChainRule", dependencies: ["AdjointDrawing"], path: "Examples/DrawTheChainRule"),
    .executableTarget(
      name: "JacobianChain", dependencies: ["AdjointDrawing", "AdjointLearning"], path: "Examples/JacobianChain"),
    .executableTarget(
      name: "ChartGallery", dependencies: ["AdjointChecking", "AdjointDatasets", "AdjointDrawing", "AdjointLearning"],
      path: "Examples/ChartGallery"),

    // Counts allocations and retains of a training step; a test runs it.
    .target(name: "AllocationHooks", path: "Tests/AllocationHooks"),
    .executableTarget(
      name: "AllocationProbe", dependencies: ["AdjointLearning", "AllocationHooks"], path: "Tests/AllocationProbe"),

    .testTarget(name: "AdjointKernelsTests", dependencies: ["AdjointKernels"]),
    .testTarget(name: "AdjointTests", dependencies: ["Adjoint", "AdjointChecking"]),
    .testTarget(name: "AdjointDatasetsTests", dependencies: ["AdjointDatasets"]),
    .testTarget(name: "AdjointLearningTests", dependencies: ["AdjointLearning"]),
    .testTarget(name: "AdjointCommandTests", dependencies: ["AdjointCommand"]),
    .testTarget(name: "AdjointCheckingTests", dependencies: ["AdjointChecking", "AdjointLearning"]),
    .testTarget(
      name: "AdjointDrawingTests",
      dependencies: ["AdjointChecking", "AdjointDrawing", "AdjointDatasets", "AdjointLearning"]),
    .testTarget(name: "AdjointExperimentsTests", dependencies: ["AdjointExperiments", "AdjointDatasets"]),
  ],
  swiftLanguageModes: [.v6]
)

// One settings loop: every Swift target is held to the same rules.
for target in package.targets {
  target.swiftSettings = [.enableUpcomingFeature("ExistentialAny")]
}
