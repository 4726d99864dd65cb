import AdjointChecking

/// `adjoint check --sabotage`: how many faults the checker finds, and blames rightly.
struct SabotageRun {
  init(_ names: [String], _ arguments: Arguments) throws {}
  func run(_ console: Console) throws -> Int32 { 0 }
}
