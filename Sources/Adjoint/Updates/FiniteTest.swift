/// Whether gradients are numbers, tested before anything is updated: threads take a contiguous part of each.
package final class FiniteTest<S: Scalar>: WorkerPool.Task {
  private var runs: [ParameterRun<S>] = []
  /// What each part found; each writes its own.
  private var findings = UnsafeMutableBufferPointer<Bool>.allocate(capacity: 1)

  deinit { findings.deallocate() }

  /// Whether every element of every gradient is neither NaN nor infinite.
  package func holds(for runs: [ParameterRun<S>], on pool: WorkerPool?) -> Bool {
    self.runs = runs
    let parts = pool?.threads ?? 1
    if findings.count < parts {
      findings.deallocate()
      findings = .allocate(capacity: parts)
    }
    if let pool { pool.run(self) } else { run(part: 0, of: 1) }
    return (0..<parts).allSatisfy { findings[$0] }
  }

  package override func run(part: Int, of parts: Int) { findings[part] = isFinite(part, parts) }

  // By position, and specialised: a loop over an array of a generic type allocates.
  @specialized(where S == Float)
  @specialized(where S == Double)
  private func isFinite(_ part: Int, _ parts: Int) -> Bool {
    for position in 0..<runs.count where !runs[position].part(part, of: parts).hasFiniteGradient { return false }
    return true
  }
}
