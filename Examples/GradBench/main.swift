// The problems of GradBench, in which tools for automatic differentiation are compared, and the suite's protocol: a JSON object a
// line, questions on standard input and answers on standard output. One file a problem; Docs/GradBench.md says how to run it.
import Adjoint
import Foundation

let asked = Asked(
  "The problems of GradBench: answers a JSON object a line, as the suite's `gradbench run` asks.",
  options: [
    "--threads N": "The threads among which a program is split; 1 unless given.",
    "--tool-name": "Print the name under which this answers, and end.",
  ])
let name = "adjoint"
if asked.has("--tool-name") {
  print(name)
  exit(0)
}
// Whoever asks may go away at any time; the next write then says so, and does not end the process.
signal(SIGPIPE, SIG_IGN)

let tool = Tool(
  name: name, compiler: Compiler(pool: asked.count("--threads").flatMap { $0 > 1 ? WorkerPool(threads: $0) : nil }),
  modules: [
    "hello": Hello.functions, "gmm": GMM.functions, "lstm": LSTM.functions, "ba": BundleAdjustment.functions,
    "ht": HandTracking.functions, "kmeans": KMeans.functions, "ode": ODE.functions, "llsq": LeastSquares.functions,
    "lse": LogSumExp.functions, "det": Determinants.functions, "particle": Particle.functions,
    "saddle": Saddle.functions,
  ])
while let line = readLine() {
  guard !line.allSatisfy(\.isWhitespace) else { continue }
  do {
    try FileHandle.standardOutput.write(contentsOf: tool.answer(to: line) + Data("\n".utf8))
  } catch { asked.end("the answer could not be written: \(error)") }
}
