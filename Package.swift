// swift-tools-version: 6.2
import PackageDescription

// The house, from the bottom up. A target may depend only on targets that stand above it in this list.
let package = Package(
  name: "Adjoint",
  products: [
    .library(name: "Adjoint", targets: ["Adjoint"])
  ],
  targets: [
    // C: matrix product and vector loops per instruction set, chosen at run time.
    .target(name: "AdjointKernels"),
    // The tape, the operations, differentiation, programs.
    .target(name: "Adjoint", dependencies: ["AdjointKernels"]),

    .testTarget(name: "AdjointKernelsTests", dependencies: ["AdjointKernels"]),
    .testTarget(name: "AdjointTests", dependencies: ["Adjoint"]),
  ],
  swiftLanguageModes: [.v6]
)

// One settings loop: every Swift target is held to the same rules.
for target in package.targets {
  target.swiftSettings = [.enableUpcomingFeature("ExistentialAny")]
}
