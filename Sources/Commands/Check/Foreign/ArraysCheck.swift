import AdjointChecking
import AdjointCommandLine

/// `adjoint check --arrays`: claimed slopes beside values of a function along lines.
struct ArraysCheck {
  init(_ arguments: Arguments) throws(CommandError) {}
  func run(_ console: Console) throws -> Int32 { 2 }
}
