// Counts what a training step asks of the heap and of the reference counts, and prints one line of JSON.
//
//   swift run -c release AllocationProbe [--trace]     also prints the stack of each event
import AllocationHooks
import Foundation

var report = Report(isSupported: allocation_hooks_install() != 0)
if CommandLine.arguments.contains("--trace") { allocation_hooks_trace(1) }
if report.isSupported {
  let steps = Steps()
  report.controls = Witness.controls()
  report.steps = try steps.count()
  report.runs = steps.countRuns()
  (report.examples, report.offenders) = Catalogue.offenders()
}
let encoder = JSONEncoder()
encoder.outputFormatting = .sortedKeys
print(String(decoding: try encoder.encode(report), as: UTF8.self))
