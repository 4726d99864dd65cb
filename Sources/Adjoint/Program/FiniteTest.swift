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
    findings.update(repeating: true)
    if let pool { pool.run(self) } else { run(part: 0, of: 1) }
    return findings.allSatisfy { $0 }
  }

  package override func run(part: Int, of parts: Int) {
    for run in runs where !run.part(part, of: parts).hasFiniteGradient { findings[part] = false }
  }
}
