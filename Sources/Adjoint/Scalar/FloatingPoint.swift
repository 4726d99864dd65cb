import Foundation

// `Float` and `Double` as scalars: elementary functions from the system's mathematics library, array loops from kernels
// (`KernelLoops`).

extension Double: Scalar {
  @inlinable public static var sharesTies: Bool { false }
  @inlinable public var primal: Double { self }

  @inlinable public static func elementary(_ f: ElementaryFunction, _ x: Double) -> Double { f(x) }
  @inlinable public static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Double, _ b: Double) -> Double { f(a, b) }
  @inlinable public static func power(_ x: Double, _ p: Double) -> Double { pow(x, p) }
}

extension Float: Scalar {
  @inlinable public static var sharesTies: Bool { false }
  @inlinable public var primal: Double { Double(self) }

  @inlinable public static func elementary(_ f: ElementaryFunction, _ x: Float) -> Float { f(x) }
  @inlinable public static func elementary(_ f: ElementaryFunctionOfTwo, _ a: Float, _ b: Float) -> Float { f(a, b) }
  @inlinable public static func power(_ x: Float, _ p: Double) -> Float { pow(x, Float(p)) }
}
