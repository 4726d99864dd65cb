import Adjoint
import Foundation
import Testing

/// The first line of every trap names the user's file and line, wherever the interface can carry them: operators and
/// properties cannot.
@Suite struct CallSiteTests {
  /// A call that traps, and the line on which it stands.
  struct Call: Sendable {
    let name: String
    let line: UInt
    let body: @Sendable () throws -> Void

    init(_ name: String, line: UInt = #line, _ body: @escaping @Sendable () throws -> Void) {
      (self.name, self.line, self.body) = (name, line, body)
    }
  }

  // What the calls are made with: matrices, an index leaf, a single number, handles and programs that do not fit.
  private static func m() -> Variable<Float> { Tape<Float>().input(.ones([2, 3])) }
  private static func one() -> Variable<Float> { Tape<Float>().constant(1) }
  private static func index() -> Variable<Float> { Tape<Float>().index(Tensor<Int32>([0, 1])) }
  private static func stale() -> Variable<Float> {
    let x = m()
    x.tape.truncate()
    return x
  }
  /// A program whose index leaf holds what nobody checked.
  private static func corrupted() throws -> Program<Float> {
    let tape = Tape<Float>()
    let index = tape.index(Tensor<Int32>([0]))
    let program = Program<Float>([tape.input(.ones([1, 3])).pick(index)])
    var kept: UnsafeMutableBufferPointer<Int32>?
    try program.fillIndices(index) { kept = $0 }
    kept?[0] = 9
    return program
  }
  private static func jacobian() -> LocalJacobian? { m().exp().localJacobian(withRespectTo: 0) }
  private static func sweep() -> Backward<Float> {
    let x = m()
    return x.tape.backward(from: x.sum(), to: [x])
  }

  private static func on<T>(_ x: T, _ body: (T) -> Any) { _ = body(x) }

  static let calls =
    elementwise + furtherFunctions + reductions + furtherReductions + movements + products + recordings + programs

  private static let elementwise = [
    Call("exp") { _ = index().exp() }, Call("expm1") { _ = index().expm1() }, Call("log") { _ = index().log() },
    Call("log1p") { _ = index().log1p() }, Call("sqrt") { _ = index().sqrt() }, Call("square") { _ = index().square() },
    Call("reciprocal") { _ = index().reciprocal() }, Call("abs") { _ = index().abs() },
    Call("sign") { _ = index().sign() }, Call("step") { _ = index().step() }, Call("sin") { _ = index().sin() },
    Call("cos") { _ = index().cos() }, Call("atan") { _ = index().atan() }, Call("tanh") { _ = index().tanh() },
    Call("sech") { _ = stale().sech() }, Call("sigmoid") { _ = stale().sigmoid() }, Call("erf") { _ = stale().erf() },
    Call("normalDensity") { _ = stale().normalDensity() }, Call("relu") { _ = stale().relu() },
    Call("normalDistribution") { _ = stale().normalDistribution() }, Call("gelu") { _ = stale().gelu() },
    Call("silu") { _ = stale().silu() }, Call("softplus") { _ = stale().softplus() },
    Call("leakyRelu") { _ = stale().leakyRelu() }, Call("elu") { _ = index().elu() },
    Call("power") { _ = index().power(2) }, Call("clamp") { _ = m().clamp(2, 1) },
    Call("clamp") { _ = index().clamp(1, 2) }, Call("maximum") { _ = m().maximum(m()) },
    Call("maximum") { _ = index().maximum(1) }, Call("minimum") { _ = index().minimum(2 as Float) },
    Call("minimum") { _ = m().minimum(stale()) }, Call("masked") { _ = m().masked(by: index()) },
    Call("where") { _ = `where`(m(), m(), m()) }, Call("where") { _ = `where`(index(), 1, index()) },
  ]

  private static let furtherFunctions = [
    Call("tan") { _ = index().tan() },
    Call("asin") { _ = index().asin() },
    Call("acos") { _ = index().acos() },
    Call("sinh") { _ = index().sinh() },
    Call("cosh") { _ = index().cosh() },
    Call("asinh") { _ = index().asinh() },
    Call("acosh") { _ = index().acosh() },
    Call("atanh") { _ = index().atanh() },
    Call("exp2") { _ = index().exp2() },
    Call("log2") { _ = index().log2() },
    Call("log10") { _ = index().log10() },
    Call("erfc") { _ = index().erfc() },
    Call("lgamma") { _ = index().lgamma() },
    Call("floor") { _ = index().floor() },
    Call("ceil") { _ = index().ceil() },
    Call("round") { _ = index().round() },
    Call("trunc") { _ = index().trunc() },
    Call("digamma") { _ = index().digamma() },
    Call("mish") { _ = index().mish() },
    Call("clamp") { _ = index().geluTanh() },
    Call("relu6") { _ = index().relu6() },
    Call("hardTanh") { _ = index().hardTanh() },
    Call("hardSigmoid") { _ = index().hardSigmoid() },
    Call("hardSwish") { _ = index().hardSwish() }, Call("geluTanh") { _ = index().geluTanh() },
    Call("softsign") { _ = index().softsign() },
    Call("selu") { _ = index().selu() },
    Call("celu") { _ = index().celu() },
    Call("tanhShrink") { _ = index().tanhShrink() },
    Call("softShrink") { _ = index().softShrink() },
    Call("hardShrink") { _ = index().hardShrink() },
    Call("logSigmoid") { _ = index().logSigmoid() },
    Call("polygamma") { _ = m().polygamma(order: -1) },
    Call("threshold") { _ = index().threshold(0, 1) },
    Call("prelu") { _ = index().prelu(slope: m()) },
    Call("prelu") { _ = m().prelu(slope: index()) },
    Call("xlogy") { _ = index().xlogy(m()) },
    Call("clamp") { _ = index().clamp(min: m(), max: m()) },
    Call("pow") { _ = m().pow(index()) },
    Call("pow") { _ = pow(stale(), 2) },
    Call("pow") { _ = pow(m(), stale()) },
    Call("atan2") { _ = m().atan2(stale()) },
    Call("hypot") { _ = m().hypot(index()) },
    Call("remainder") { _ = m().remainder(stale()) },
    Call("logAddExp") { _ = m().logAddExp(index()) },
  ]

  private static let furtherReductions = [
    Call("prod") { _ = m().prod(axes: [2]) },
    Call("cumprod") { _ = m().cumprod(axis: 2) },
    Call("norm") { _ = m().norm(axes: [2]) },
    Call("standardDeviation") { _ = m().standardDeviation(correction: 6) },
    Call("normalize") { _ = m().normalize(axis: 2) },
    Call("softmin") { _ = index().softmin() },
    Call("sum") { _ = m().sum(axis: 2) },
    Call("norm") { _ = index().norm() },
  ]

  private static let reductions = [
    Call("sum") { _ = m().sum(axes: [2]) }, Call("sum") { _ = index().sum() }, Call("sum") { _ = m().sum(to: [4]) },
    Call("mean") { _ = m().mean(axes: [-3]) }, Call("variance") { _ = m().variance(correction: 6) },
    Call("max") { _ = m().max(axes: [2]) }, Call("min") { _ = stale().min() },
    Call("argMax") { _ = m().argMax(axis: 2) }, Call("argMax") { _ = one().argMax() },
    Call("argMin") { _ = one().argMin() }, Call("argMin") { _ = index().argMin() },
    Call("argSort") { _ = m().argSort(axis: 2) }, Call("sort") { _ = one().sort() },
    Call("topK") { _ = m().topK(4) }, Call("asNumbers") { _ = m().asNumbers() },
    Call("cumsum") { _ = m().cumsum(axis: 2) }, Call("softmax") { _ = one().softmax() },
    Call("logSoftmax") { _ = m().logSoftmax(axis: -3) }, Call("logSumExp") { _ = index().logSumExp() },
  ]

  private static let movements = [
    Call("broadcast") { _ = m().broadcast(to: [4]) }, Call("reshape") { _ = m().reshape(to: [5]) },
    Call("permute") { _ = m().permute([0, 0]) }, Call("transpose") { _ = one().transpose() },
    Call("slice") { _ = m().slice(start: [0, 0], size: [3, 3]) }, Call("slice") { _ = m().slice(0..<3) },
    Call("slice") { _ = m().slice(-1..<1) }, Call("slice") { _ = m().slice(0..<1, axis: 2) },
    Call("pad") { _ = m().pad(before: [-1, 0], after: [0, 0]) }, Call("stopGradient") { _ = index().stopGradient() },
    Call("concatenate") { _ = concatenate([m(), one()]) }, Call("concatenate") { _ = concatenate([Variable<Float>]()) },
    Call("stack") { _ = stack([m()], axis: 4) }, Call("stack") { _ = stack([Variable<Float>]()) },
    Call("stack") { _ = stack([m(), one()]) }, Call("flatten") { _ = one().flatten() },
    Call("reshape") { _ = m().reshape(4, -1) }, Call("squeeze") { _ = m().squeeze(axis: 0) },
    Call("squeeze") { _ = stale().squeeze() }, Call("unsqueeze") { _ = m().unsqueeze(axis: 3) },
    Call("flatten") { _ = m().flatten(from: 1, through: 0) }, Call("transpose") { _ = m().transpose(0, 2) },
    Call("moveAxis") { _ = m().moveAxis(from: 2, to: 0) }, Call("flip") { _ = m().flip(axis: 2) },
    Call("flip") { _ = stale().flip() }, Call("roll") { _ = m().roll(by: 1, axis: -3) },
    Call("split") { _ = m().split(sizes: [1, 2]) }, Call("split") { _ = m().split(every: 0) },
    Call("chunk") { _ = m().chunk(0) }, Call("unstack") { _ = one().unstack() }, Call("tile") { _ = m().tile([-1]) },
    Call("tile") { _ = m().tile([.max, 2, 1]) }, Call("repeated") { _ = m().repeated(-1, axis: 0) },
    Call("repeated") { _ = m().repeated(.max, axis: 0) }, Call("tril") { _ = one().tril() },
    Call("triu") { _ = stale().triu() }, Call("diagonal") { _ = m().diagonal(offset: 4) },
    Call("diagonalMatrix") { _ = one().diagonalMatrix() },
    Call("diagonalMatrix") { _ = m().diagonalMatrix(offset: .min) },
    Call("slice") { _ = m().slice(start: [1, 0], size: [2, 3], step: [-2, 1]) },
    Call("pad") { _ = m().pad(before: [0, 0], after: [0, 0], step: [0, 1]) },
    Call("subscript") { _ = m()[2] }, Call("subscript") { _ = m()[0, 0, 0] }, Call("subscript") { _ = m()[..., 3] },
    Call("subscript") { _ = m()[-3, ...] }, Call("subscript") { _ = stale()[0] },
    Call("subscript") { _ = m()[.from(0, by: 0)] }, Call("subscript") { _ = m()[0, axis: 2] },
    Call("subscript") { _ = m()[stride(from: 0, to: .max, by: 1)] }, Call("subscript") { _ = m()[-1..<1] },
    Call("subscript") { _ = m()[stride(from: 1, through: -1, by: -1)] },
    Call("concatenate") { _ = concatenate([Tensor<Float>]()) }, Call("stack") { _ = stack([Tensor<Float>]()) },
    Call("arange") { _ = Tensor.arange(from: 0, to: 1, by: 0) },
    Call("linspace") { _ = Tensor.linspace(from: 0, through: 1, count: -1) },
    Call("masked") { _ = m().masked(by: Tensor<Float>([1, 2])) },
    Call("gather") { _ = m().gather(m()) }, Call("scatterAdd") { _ = m().scatterAdd(m(), rows: 2) },
    Call("pick") { _ = m().pick(m()) }, Call("oneHot") { _ = m().oneHot(3) },
  ]

  private static let products = [
    Call("matmul") { _ = m().matmul(m()) }, Call("addBias") { _ = m().addBias(m()) },
    Call("einsum") { _ = einsum("ij,jk", m(), m()) }, Call("einsum") { _ = einsum("i", [stale()]) },
    Call("dot") { _ = m().dot(one()) }, Call("outer") { _ = m().outer(one()) },
    Call("tensordot") { _ = m().tensordot(m()) }, Call("tensordot") { _ = m().tensordot(m(), axes: 3) },
    Call("tensordot") { _ = m().tensordot(m(), axes: [2], [0]) },
    Call("conv2d") { _ = m().conv2d(m()) }, Call("unfold") { _ = m().unfold(Windows(2)) },
    Call("fold") { _ = m().fold(Windows(2), into: 2) }, Call("maxPool") { _ = m().maxPool(2) },
    Call("cholesky") { _ = m().cholesky() }, Call("solve") { _ = m().solve(m()) },
    Call("solve") { _ = one().solve(one()) }, Call("solveTriangular") { _ = m().solveTriangular(m()) },
    Call("choleskySolve") { _ = m().choleskySolve(m()) }, Call("inverse") { _ = m().inverse() },
    Call("determinant") { _ = m().determinant() }, Call("logDeterminant") { _ = m().logDeterminant() },
    Call("cholesky") { _ = m().logDeterminant(positiveDefinite: true) }, Call("cofactors") { _ = m().cofactors() },
    Call("trace") { _ = m().trace() }, Call("matrixPower") { _ = m().matrixPower(2) },
    Call("averagePool") { _ = m().averagePool(2) }, Call("conv1d") { _ = m().conv1d(m()) },
    Call("convTranspose2d") { _ = m().convTranspose2d(m()) }, Call("convTranspose1d") { _ = m().convTranspose1d(m()) },
    Call("maxPool1d") { _ = m().maxPool1d(2) }, Call("averagePool1d") { _ = m().averagePool1d(2) },
    Call("adaptiveMaxPool") { _ = m().adaptiveMaxPool(to: 2) },
    Call("adaptiveAveragePool") { _ = m().adaptiveAveragePool(to: 2) },
    Call("adaptiveMaxPool1d") { _ = m().adaptiveMaxPool1d(to: 2) },
    Call("adaptiveAveragePool1d") { _ = m().adaptiveAveragePool1d(to: 2) },
    Call("globalMaxPool") { _ = m().globalMaxPool() }, Call("globalAveragePool") { _ = m().globalAveragePool() },
    Call("resize") { _ = m().resize(to: 2) }, Call("resize1d") { _ = m().resize1d(to: 2) },
    Call("pad") { _ = m().pad(before: [1], after: [1], mode: .reflect) },
  ]

  private static let recordings = [
    Call("record") { _ = m().tape.record(Unary.exp, index()) },
    Call("record") { _ = m().tape.record(Unary.exp, inputs: []) },
    Call("truncate") { m().tape.truncate(to: -1) }, Call("subscript") { _ = m().tape[1] },
    Call("store") { on(m()) { $0.tape.store($0, into: Parameter(.ones([3]))) } },
    Call("random") { _ = Tape<Float>().random(.uniform(low: 1, high: 0), shape: [2]) },
    Call("labeled") { _ = stale().labeled("x") }, Call("expression") { _ = m().tape.expression(of: m(), in: [:]) },
    Call("backward") { on(m()) { $0.tape.backward(from: $0) } },
    Call("backward") { on(m()) { $0.tape.backward(from: $0.sum(), to: [one()]) } },
    Call("backward") { on(m()) { $0.tape.backward(from: $0, cotangent: $0.sum()) } },
    Call("adjoint") { _ = sweep().adjoint(of: m()) }, Call("contributions") { _ = sweep().contributions(to: m()) },
    Call("gradients") { _ = gradients(of: one(), withRespectTo: [Parameter<Float>(.ones([1]))]) },
    Call("gradient") { _ = gradient(of: one(), withRespectTo: Parameter<Float>(.ones([1]))) },
    Call("gradients") { on(m()) { gradients(of: $0, withRespectTo: [$0]) } },
    Call("gradient") { _ = gradient(of: m().sum(), withRespectTo: m()) },
    Call("jacobian") { _ = Adjoint.jacobian(of: m().sum(), withRespectTo: m()) },
    Call("jacobian") { _ = Adjoint.jacobian(of: m(), withRespectTo: Parameter<Float>(.ones([1]))) },
    Call("hessian") { on(m()) { hessian(of: $0, withRespectTo: $0) } },
    Call("hessian") { _ = hessian(of: m().sum(), withRespectTo: Parameter<Float>(.ones([1]))) },
    Call("hessianVectorProduct") { on(m()) { hessianVectorProduct(of: $0.sum(), withRespectTo: [$0], vector: []) } },
    Call("hessianVectorProduct") { on(one()) { hessianVectorProduct(of: $0, withRespectTo: [$0], vector: [m()]) } },
    Call("jvp") { on(m()) { jvp(of: $0, withRespectTo: [$0], along: []) } },
    Call("jvp") { _ = jvp(of: m(), withRespectTo: [m()], along: [.ones([2, 3])]) },
    Call("jvp") { on(m()) { jvp(of: $0, withRespectTo: [$0], along: [one()]) as Variable<Float> } },
    Call("jvp") { _ = jvp(at: stale(), along: m()) { $0 } },
    Call("sparsity") { _ = sparsity(of: m(), withRespectTo: [m()]) },
    Call("jacobian") { _ = Adjoint.jacobian(of: stale(), withRespectTo: [m()], sparsity: .detected) },
    Call("hessian") { on(m()) { hessian(of: $0, withRespectTo: $0, sparsity: .detected) } },
    Call("hessianDiagonal") { on(m()) { hessianDiagonal(of: $0, withRespectTo: $0) } },
    Call("batchJacobian") { on(m()) { batchJacobian(of: $0.sum(axis: 0), withRespectTo: $0) } },
    Call("localJacobian") { _ = m().localJacobian(withRespectTo: 0) },
    Call("times") { _ = jacobian()?.times([1]) }, Call("leftTimes") { _ = jacobian()?.leftTimes([1]) },
  ]

  private static let programs = [
    Call("init") { _ = Program<Float>([Variable<Float>]()) }, Call("init") { _ = Program<Float>([m(), m()]) },
    Call("init") { _ = WorkerPool(threads: 0) },
    Call("scan") { _ = scan([stale()], steps: 2) { $0 } },
    Call("scan") { _ = scan([m()], over: [m(), m().sum(axis: 0)]) { carry, _ in (carry, []) } },
    Call("vmap") { _ = vmap(over: [stale()]) { $0 } },
    Call("vmap") { _ = vmap(over: [m(), m().sum(axis: 0)]) { [$0[0]] } },
    Call("vmap") { _ = vmap(over: stale()) { $0.sin() } },
    Call("run") { on(m()) { Program<Float>([$0.exp()]).run(after: $0) } },
    Call("run") { try corrupted().run() }, Call("replay") { try corrupted().replay() },
    Call("feed") { try Program<Float>([m()]).feed(m(), .ones([2, 3])) },
    Call("feed") { try Program<Float>([m()]).feed(m(), Tensor<Int32>([1])) },
    Call("fill") { Program<Float>([m()]).fill(m()) { _ in } },
    Call("fillIndices") { try Program<Float>([m()]).fillIndices(m()) { _ in } },
    Call("value") { _ = Program<Float>([m()]).value(of: m()) },
    Call("withValue") { Program<Float>([m()]).withValue(of: m()) { _ in } },
    Call("write") { on(m()) { Program<Float>([$0]).write(.ones([3]), into: $0) } },
    Call("profile") { on(Program<Float>([m()])) { p in p.profile { _ = p.profile {} } } },
  ]

  @Test(arguments: calls.indices)
  func `The first line of a trap names the caller's file and line`(number: Int) async {
    let call = CallSiteTests.calls[number]
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [number = number as Int] in
      try CallSiteTests.calls[number].body()
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.hasPrefix("AdjointTests/CallSiteTests.swift:\(call.line): Fatal error: "), "\(call.name): \(said)")
  }

  /// Methods that have nothing to trap at.
  static let calm: Set = [
    "constant", "input", "index", "parameter", "state", "newest", "commitStores", "scoped", "checkpointed",
  ]

  /// The public functions of recordings and programs, or of tensors, with their declarations.
  static func declarations(
    in folders: [String] = ["Tape", "Operations", "Presentation", "Program"],
    of homes: [String] = ["Variable", "Tape", "Program", "Backward", "WorkerPool", "LocalJacobian"]
  ) throws -> [(name: String, text: String)] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Adjoint")
    let files = folders.flatMap { folder in
      let inside = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
      return inside?.compactMap { $0 as? URL } ?? []
    }
    return try files.filter { $0.pathExtension == "swift" }.flatMap { file in
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
      var (found, isHome): ([(name: String, text: String)], Bool) = ([], false)
      for (number, line) in lines.enumerated() {
        if let first = line.first, first.isLetter || first == "@" {
          let words = line.split { !$0.isLetter && !$0.isNumber }.map(String.init)
          let kind = words.firstIndex { ["extension", "class", "struct"].contains($0) }
          isHome = kind.map { homes.contains(words[$0 + 1]) } ?? line.hasPrefix("public func")
        }
        let words = line.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        guard isHome, line.hasPrefix("public ") || line.hasPrefix("  public "),
          let keyword = words.firstIndex(where: { ["func", "init", "subscript"].contains($0) })
        else { continue }
        let declaration =
          lines[number...].prefix { !$0.hasSuffix("{") && !$0.hasSuffix("}") }
          + lines[number...]
          .drop { !$0.hasSuffix("{") && !$0.hasSuffix("}") }.prefix(1)
        let name = words[keyword] == "func" ? words[keyword + 1] : words[keyword]
        found.append((name, declaration.joined(separator: " ")))
      }
      return found
    }
  }

  @Test func `Every method of a tensor that is given something that may not fit takes its caller's line`() throws {
    let declarations = try CallSiteTests.declarations(in: ["Arithmetic"], of: ["Tensor", "Variable"])
      .filter { !$0.text.contains(" static ") && !$0.text.contains("func \($0.name)()") && $0.name != "subscript" }
    #expect(declarations.count > 50)
    for (name, text) in declarations where !["leakyRelu", "elu", "power"].contains(name) {
      #expect(text.contains("file: StaticString = #fileID") && text.contains("line: UInt = #line"), "\(text)")
    }
  }

  @Test func `Every public method of a recording or a program takes its caller's line, and is tried here`() throws {
    let tried = Set(CallSiteTests.calls.map(\.name))
    let declarations = try CallSiteTests.declarations()
    #expect(declarations.count > 80)
    for (name, text) in declarations where !CallSiteTests.calm.contains(name) && !text.contains(" static ") {
      if text.contains("init(mode:") || text.contains("public init() {}") { continue }
      // What another method of the library calls is told the line of that one's caller.
      if text.contains("file: StaticString, line: UInt)") { continue }
      #expect(text.contains("file: StaticString = #fileID") && text.contains("line: UInt = #line"), "\(text)")
      #expect(tried.contains(name), "\(name) has no call in the table")
    }
  }
}
