import Adjoint
import AdjointChecking
import AdjointCommandLine
import AdjointFiles

/// `adjoint check --process`: a derivative that another program computes.
struct ProcessCheck {
  private let command: String
  private let timeout: Double
  private let seed: UInt64
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(CommandError) {
    command = try arguments.required("process")
    timeout = try arguments.number("timeout")
    seed = UInt64(try arguments.integer("seed"))
    printsJSON = arguments.isGiven("json")
  }

  func run(_ console: Console) throws -> Int32 {
    console.live("  waiting for its description …")
    let function = try ProcessFunction(command, timeout: timeout)
    let report: FunctionReport
    do {
      report = try check(function, console)
    } catch {
      // A fault of the protocol is what the error comes from.
      try function.end()
      throw error
    }
    try function.end()
    console.line("\(report)")
    if function.description.point == nil, report.value.contains(where: { !$0.isFinite }) {
      console.line(#"  The point was drawn; describe one where the value is finite, as "at"."#)
    }
    if printsJSON { console.line(report.json) }
    return report.exitCode
  }

  private func check(_ function: ProcessFunction, _ console: Console) throws -> FunctionReport {
    let description = function.description
    console.field("process", command)
    console.field("inputs", description.words + ", in " + (description.isSingle ? "float32" : "float64"))
    console.field("point", description.point == nil ? "drawn with seed \(seed)" : "its own")
    console.line()
    let x = description.point ?? point(of: description)
    var setting = FunctionSetting()
    setting.inputs = description.inputs
    setting.isSingle = description.isSingle
    setting.statedNoise = description.noise ?? 0
    setting.output = (try? function.shape(at: x)) ?? []
    setting.progress = { done, count in console.live("  \(done) of \(count) …") }
    return checkDerivative(of: function.value, function.claim, at: x, setting)
  }

  /// Normal numbers, which are of `Float` where the function is.
  private func point(of description: ProcessDescription) -> [Double] {
    var generator = Generator(seed: seed)
    return (0..<(description.inputs.last?.range.upperBound ?? 0)).map { _ in
      let number: Double = generator.normal()
      return description.isSingle ? Double(Float(number)) : number
    }
  }
}
