// swift-tools-version: 6.2
import PackageDescription

// The house, from the bottom up: a target depends only on targets that stand above it in this list.
let package = Package(
  name: "Adjoint",
  // Clocks, regular expressions and casts to `any Layer<S>` ask for these; see Docs/Platforms.md.
  platforms: [.macOS(.v13), .iOS(.v16)],
  products: [
    .library(name: "Adjoint", targets: ["Adjoint"]),
    // With the error that reading and writing files throws.
    .library(name: "AdjointDatasets", targets: ["AdjointDatasets", "AdjointFiles"]),
    .library(name: "AdjointLearning", targets: ["AdjointLearning", "AdjointFiles"]),
    .library(name: "AdjointChecking", targets: ["AdjointChecking"]),
    .library(name: "AdjointGrading", targets: ["AdjointGrading"]),
    .library(name: "AdjointCharts", targets: ["AdjointCharts"]),
    .library(name: "AdjointDrawing", targets: ["AdjointDrawing"]),
    .library(name: "AdjointONNX", targets: ["AdjointONNX", "AdjointFiles"]),
    // `adjoint NAME` runs the executable `adjoint-NAME` beside it; `swift run adjoint` compiles none of these.
    .executable(name: "adjoint", targets: ["AdjointCommand"]),
    .executable(name: "adjoint-check", targets: ["CheckTool"]),
    .executable(name: "adjoint-explain", targets: ["ExplainTool"]),
    .executable(name: "adjoint-lesson", targets: ["LessonTool"]),
    .executable(name: "adjoint-diff", targets: ["DiffTool"]),
    .executable(name: "adjoint-export", targets: ["ExportTool"]),
    .executable(name: "adjoint-bench", targets: ["BenchTool"]),
    .executable(name: "adjoint-experiments", targets: ["ExperimentsTool"]),
  ],
  targets: [
    // The kernels of the instruction sets are a target of their own, since a Swift target waits for the objects of the C targets that
    // it names. Of the jobs that are ready a build takes the one whose name is last, so this name makes it compile `Adjoint` first.
    // C: the kernels of each instruction set.
    .target(
      name: "AKSets", path: "Sources/AdjointKernels/Sets", publicHeadersPath: ".",
      cSettings: [
        .headerSearchPath("../include"),
        .unsafeFlags(["-O2"], .when(configuration: .debug)),  // else a step takes 15 times as long
      ]),
    // C: matrix product and vector loops: the choice of an instruction set at run time, threads, workspace.
    .target(
      name: "AdjointKernels", dependencies: ["AKSets"], exclude: ["Sets"],
      cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),  // for the same reason
    // C: the system's zlib and libturbojpeg, opened at run time.
    .target(name: "AdjointCompression"),
    // Reading, replacing, JSON, byte orders, hashes, arrays, images; the one error about files.
    .target(name: "AdjointFiles", dependencies: ["AdjointCompression"]),
    // C: the system's MPI, opened at run time.
    .target(name: "AdjointProcesses"),
    // The tape, the operations, differentiation, programs.
    .target(name: "Adjoint", dependencies: ["AdjointKernels", "AdjointProcesses"]),
    // IDX, CSV, NPZ, drawn digits, toy problems; split, standardise, batch.
    .target(name: "AdjointDatasets", dependencies: ["Adjoint", "AdjointFiles"]),
    // Layers, losses, optimisers, the training step, checkpoints; minimisers for small smooth problems.
    .target(name: "AdjointLearning", dependencies: ["Adjoint", "AdjointFiles"]),
    // C: a copy of the process, in which an operation of somebody else may trap.
    .target(name: "AdjointRehearsal"),
    // Gradient verification: oracles, verdicts, blame, reports.
    .target(name: "AdjointChecking", dependencies: ["Adjoint", "AdjointFiles", "AdjointLearning", "AdjointRehearsal"]),
    // The checker's own grade: faults, mutation score, random programs; worksheets that grade a student.
    .target(
      name: "AdjointGrading", dependencies: ["Adjoint", "AdjointChecking", "AdjointFiles", "AdjointLearning"]),
    // Charts as SVG.
    .target(name: "AdjointCharts", dependencies: ["AdjointFiles"]),
    // A tape as drawing, Jacobians, derivation and interactive page.
    .target(
      name: "AdjointDrawing", dependencies: ["Adjoint", "AdjointCharts", "AdjointFiles"],
      exclude: ["Explanation/Exercise/Assets", "Explanation/Page/Assets", "Order/Page/Assets"]),
    // The course: lessons as pages, each with an exercise that the page grades.
    .target(
      name: "AdjointLessons",
      dependencies: [
        "Adjoint", "AdjointCharts", "AdjointDatasets", "AdjointDrawing", "AdjointGrading", "AdjointLearning",
      ]),
    // ONNX: the format, a graph recorded from a model, a model written from a tape.
    .target(name: "AdjointONNX", dependencies: ["Adjoint", "AdjointFiles", "AdjointLearning"]),
    // The experiments of the source documents: settings, records, reports.
    .target(
      name: "AdjointExperiments",
      dependencies: ["Adjoint", "AdjointCharts", "AdjointDatasets", "AdjointFiles", "AdjointLearning"]),

    // C: starts a command where the system does not tell it its own path and words.
    .target(name: "AdjointStart", path: "Sources/Commands/Start"),
    // The command line: options and output, and the programs.
    .target(
      name: "AdjointCommandLine", dependencies: ["Adjoint", "AdjointFiles", "AdjointStart"],
      path: "Sources/Commands/Shared"),
    // Data as the command line knows them.
    .target(
      name: "AdjointCommandData", dependencies: ["AdjointCommandLine", "AdjointDatasets"],
      path: "Sources/Commands/Data"),
    // The package that `adjoint new` writes.
    .target(name: "AdjointCommandNew", dependencies: ["AdjointCommandLine"], path: "Sources/Commands/New"),
    // What decides a training, and the network in a checkpoint; names of the library.
    .target(
      name: "AdjointCommandTraining", dependencies: ["AdjointCommandData", "AdjointLearning"],
      path: "Sources/Commands/Training"),
    .executableTarget(
      name: "AdjointCommand",
      dependencies: ["AdjointCharts", "AdjointCommandNew", "AdjointCommandTraining"],
      path: "Sources/Commands/Adjoint"),
    .executableTarget(
      name: "ExplainTool",
      dependencies: ["AdjointCommandTraining", "AdjointDrawing", "AdjointGrading"], path: "Sources/Commands/Explain"),
    .executableTarget(
      name: "LessonTool", dependencies: ["AdjointCommandLine", "AdjointLessons"], path: "Sources/Commands/Lesson"),
    .executableTarget(
      name: "CheckTool", dependencies: ["AdjointCommandTraining", "AdjointGrading"], path: "Sources/Commands/Check"),
    .executableTarget(
      name: "DiffTool", dependencies: ["AdjointCommandLine", "AdjointLearning"], path: "Sources/Commands/Diff"),
    .executableTarget(
      name: "ExportTool", dependencies: ["AdjointChecking", "AdjointCommandTraining", "AdjointONNX"],
      path: "Sources/Commands/Export"),
    .executableTarget(
      name: "BenchTool",
      dependencies: ["AdjointChecking", "AdjointCharts", "AdjointCommandTraining", "AdjointKernels"],
      path: "Sources/Commands/Bench"),
    .executableTarget(
      name: "ExperimentsTool",
      dependencies: ["AdjointChecking", "AdjointCommandData", "AdjointExperiments"],
      path: "Sources/Commands/Experiments"),

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
      name: "PhysicsInformedNetwork", dependencies: ["AdjointCharts", "AdjointLearning"],
      path: "Examples/PhysicsInformedNetwork"),
    .executableTarget(name: "GradBench", dependencies: ["Adjoint"], path: "Examples/GradBench"),
    .executableTarget(name: "MAML", dependencies: ["AdjointLearning"], path: "Examples/MAML"),
    .executableTarget(
      name: "GaussianProcess", dependencies: ["AdjointCharts", "AdjointLearning"], path: "Examples/GaussianProcess"),
    .executableTarget(name: "MixtureOfExperts", dependencies: ["AdjointLearning"], path: "Examples/MixtureOfExperts"),
    .executableTarget(
      name: "LeCun1989", dependencies: ["AdjointLearning", "AdjointDatasets"], path: "Examples/LeCun1989"),
    .executableTarget(
      name: "VariationalAutoencoder", dependencies: ["AdjointCharts", "AdjointDatasets", "AdjointLearning"],
      path: "Examples/VariationalAutoencoder"),
    .executableTarget(name: "GAN", dependencies: ["AdjointCharts", "AdjointLearning"], path: "Examples/GAN"),
    .executableTarget(
      name: "TinyLanguageModel", dependencies: ["AdjointLearning"], path: "Examples/TinyLanguageModel"),
    .executableTarget(
      name: "DerivedOnPaper", dependencies: ["AdjointDrawing", "AdjointLearning"], path: "Examples/DerivedOnPaper"),
    .executableTarget(
      name: "DrawTheChainRule", dependencies: ["AdjointDatasets", "AdjointDrawing", "AdjointLearning"],
      path: "Examples/DrawTheChainRule"),
    .executableTarget(
      name: "JacobianChain", dependencies: ["AdjointDrawing", "AdjointLearning"], path: "Examples/JacobianChain"),
    .executableTarget(
      name: "ChartGallery", dependencies: ["AdjointChecking", "AdjointDatasets", "AdjointDrawing", "AdjointLearning"],
      path: "Examples/ChartGallery"),

    // Counts allocations and retains of a training step; a test runs it.
    .target(name: "AllocationHooks", path: "Tests/AllocationHooks"),
    .executableTarget(
      name: "AllocationProbe", dependencies: ["AdjointDatasets", "AdjointLearning", "AllocationHooks"],
      path: "Tests/AllocationProbe"),

    // Trains on the processes that mpirun has started; `.ci/witness processes` runs it.
    .executableTarget(
      name: "ProcessProbe", dependencies: ["AdjointFiles", "AdjointLearning"], path: "Tests/ProcessProbe"),

    // What tests share: a folder that goes when the test ends, gzip members made by hand, the programs that were built.
    .target(name: "TestFiles", path: "Tests/TestFiles"),

    // Fuzzers, odd operations and a soak, in processes of their own; `.ci/trials` runs it.
    .executableTarget(
      name: "Trials", dependencies: ["AdjointDatasets", "AdjointLearning", "AdjointONNX", "TestFiles"],
      path: "Tests/Trials"),

    // Cases that other libraries compute anew; `.ci/witness` runs it.
    .executableTarget(
      name: "Witness",
      dependencies: ["AdjointDatasets", "AdjointFiles", "AdjointGrading", "AdjointLearning", "AdjointONNX"],
      path: "Tests/Witness",
      exclude: [
        "checkers.py", "checkers_page.py", "faults.py", "formats.py", "layers.py", "onnx_exports.py", "onnx_suite.py",
        "onnx_written.py", "operations.py", "opinfo.py", "trainings.py", "witness.py",
      ]),

    .testTarget(name: "AdjointKernelsTests", dependencies: ["AdjointKernels"]),
    .testTarget(name: "AdjointTests", dependencies: ["Adjoint", "AdjointGrading"]),
    .testTarget(name: "AdjointFilesTests", dependencies: ["AdjointFiles", "TestFiles"]),
    .testTarget(name: "AdjointDatasetsTests", dependencies: ["AdjointDatasets", "TestFiles"]),
    .testTarget(
      name: "AdjointLearningTests", dependencies: ["AdjointDatasets", "AdjointLearning", "TestFiles"],
      exclude: ["Fixtures"]),
    .testTarget(name: "AdjointONNXTests", dependencies: ["AdjointLearning", "AdjointONNX", "TestFiles"]),
    .testTarget(
      name: "AdjointCommandTests",
      dependencies: [
        "AdjointCommand", "BenchTool", "ExperimentsTool", "ExplainTool", "LessonTool", "CheckTool", "DiffTool",
        "ExportTool",
        "AdjointDatasets",
        "AdjointLearning",
        "TestFiles",
      ]),
    .testTarget(name: "GradBenchTests", dependencies: ["GradBench", "TestFiles"], exclude: ["Fixtures"]),
    .testTarget(name: "AdjointCheckingTests", dependencies: ["AdjointGrading", "AdjointLearning"]),
    .testTarget(
      name: "AdjointDrawingTests",
      dependencies: [
        "AdjointGrading", "AdjointDrawing", "AdjointDatasets", "AdjointLearning", "AdjointLessons", "TestFiles",
      ]),
    .testTarget(name: "AdjointExperimentsTests", dependencies: ["AdjointExperiments", "AdjointDatasets"]),
  ],
  swiftLanguageModes: [.v6]
)

// One settings loop: every Swift target is held to the same rules.
for target in package.targets {
  target.swiftSettings = [.enableUpcomingFeature("ExistentialAny")]
}

for target in package.targets
where ["AdjointCommandLine", "AdjointCommandTraining", "AdjointCommand"].contains(target.name) {
  // The front of `adjoint` reads options and prints; what takes time stands in the modules below. Nothing is compiled beside it at
  // the end of the first build, which is shorter by what the optimiser would do here.
  target.swiftSettings?.append(.unsafeFlags(["-Onone"], .when(configuration: .release)))
}
