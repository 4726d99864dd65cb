import AdjointKernels
import Foundation

/// The instruction set on which the loops of `Float` and `Double` run, chosen once.
///
/// The choice is the best set that this machine has, or the one that the environment variable `ADJOINT_KERNELS` names:
/// `avx512`, `avx2`, `baseline`, `neon`, or `reference` for the default bodies of `ArrayLoops`.
package enum Kernels {
  // Unsafe only in name: a pointer to a constant C table, written never.
  nonisolated(unsafe) static let active: UnsafePointer<ak_kernels>? = choose()

  /// The name of the instruction set in use.
  package static var name: String { active.map { String(cString: $0.pointee.name) } ?? "reference" }

  /// The instruction sets that this machine has, best first, and `reference`.
  package static var available: [String] {
    var tables: UnsafePointer<UnsafePointer<ak_kernels>?>?
    let count = Int(ak_available(&tables))
    return (0..<count).compactMap { tables?[$0].map { String(cString: $0.pointee.name) } } + ["reference"]
  }

  private static func choose() -> UnsafePointer<ak_kernels>? {
    guard let wanted = ProcessInfo.processInfo.environment["ADJOINT_KERNELS"], !wanted.isEmpty else {
      return ak_kernels_named(nil)
    }
    if wanted == "reference" { return nil }
    guard let table = ak_kernels_named(wanted) else {
      fatalError("ADJOINT_KERNELS=\(wanted): this machine has \(available.joined(separator: ", "))")
    }
    return table
  }
}

extension Float {
  /// Asks for bytes in the second-level cache that are read soon. A hint: no value depends on it.
  package static func prefetch(_ bytes: UnsafeBufferPointer<UInt8>) { ak_prefetch(bytes.baseAddress, bytes.count) }

  /// Bytes as numbers from 0 to 1: byte / 255, to the last bit.
  /// - Precondition: the output holds as many numbers.
  package static func fractions(
    of bytes: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<Float>
  ) {
    guard output.count >= bytes.count else {
      fatalError("fractions: \(bytes.count) bytes into \(output.count) numbers")
    }
    guard let x = bytes.baseAddress, let y = output.baseAddress else { return }
    if let kernels = Kernels.active { return kernels.pointee.fractions_f32(x, y, bytes.count) }
    for i in bytes.indices { y[i] = Float(x[i]) / 255 }
  }
}
