struct PeerRuns {
  let method = ""
  init(rows: [BenchRow], interpreter: String, isQuick: Bool, _ console: Console) throws {}
  func results() throws -> [BenchResult] { [] }
}
