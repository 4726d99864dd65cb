import AdjointCommandLine
import Dispatch
import Foundation

/// Ctrl-C and its kin, as a question that is asked after every step.
///
/// The first signal is only noted: the training finishes its step, saves, and ends. From then on a second one ends the
/// process at once.
final class Interruption {
  private let sources: [(signal: Int32, source: any DispatchSourceSignal)]

  init() {
    let queue = DispatchQueue(label: "adjoint.signals")
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // Cancelling is how the source remembers that its signal came.
      source.setEventHandler { source.cancel() }
      source.resume()
      return (number, source)
    }
  }

  /// The signal that came, if one did.
  var received: Int32? {
    guard let number = sources.first(where: { $0.source.isCancelled })?.signal else { return nil }
    for (number, _) in sources { signal(number, SIG_DFL) }
    return number
  }

  /// Ends with the exit code of a process that the signal ended: 130 for Ctrl-C.
  static func exitCode(_ signal: Int32) -> Int32 { 128 + signal }
}
