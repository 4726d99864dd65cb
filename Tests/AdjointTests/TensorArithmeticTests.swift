import Adjoint
import Testing

/// Arithmetic of tensors: what a tape computes, to the bit, without a tape.
@Suite struct TensorArithmeticTests {
  private func agrees<S: BitComparable>(_ example: ExampleCase, as type: S.Type) -> Bool {
    let values = example.values()
    let tensors: [Tensor<S>] = values.compactMap {
      switch $0 {
      case .numbers(let value): value.converted()
      case .indices: nil
      }
    }
    let y = Tensor.evaluating(example.example.operation, tensors, file: #fileID, line: #line)
    return y.isIdentical(to: example.record(values, as: S.self).y.value)
  }

  @Test(arguments: ExampleCase.all.filter { $0.example.operation.indexPosition == nil })
  func `Each operation of the catalogue gives a tensor the bits that it gives a tape`(example: ExampleCase) {
    #expect(agrees(example, as: Float.self) && agrees(example, as: Double.self))
  }

  /// A function under one name for tensors and for variables.
  private struct Twin<S: BitComparable>: Sendable {
    let text: String
    let onTensors: @Sendable (Tensor<S>, Tensor<S>) -> Tensor<S>
    let onVariables: @Sendable (Variable<S>, Variable<S>) -> Variable<S>

    init(
      _ text: String, _ onTensors: @escaping @Sendable (Tensor<S>, Tensor<S>) -> Tensor<S>,
      _ onVariables: @escaping @Sendable (Variable<S>, Variable<S>) -> Variable<S>
    ) { (self.text, self.onTensors, self.onVariables) = (text, onTensors, onVariables) }

    static var operators: [Twin] {
      [
        Twin("+", { $0 + $1 }, { $0 + $1 }), Twin("-", { $0 - $1 }, { $0 - $1 }),
        Twin("*", { $0 * $1 }, { $0 * $1 }), Twin("/", { $0 / $1 }, { $0 / $1 }),
        Twin("-a", { a, _ in -a }, { a, _ in -a }),
        Twin("+ 2", { a, _ in a + 2 }, { a, _ in a + 2 }), Twin("2 +", { a, _ in 2 + a }, { a, _ in 2 + a }),
        Twin("- 2", { a, _ in a - 2 }, { a, _ in a - 2 }), Twin("2 -", { a, _ in 2 - a }, { a, _ in 2 - a }),
        Twin("* 3", { a, _ in a * 3 }, { a, _ in a * 3 }), Twin("3 *", { a, _ in 3 * a }, { a, _ in 3 * a }),
        Twin("/ 3", { a, _ in a / 3 }, { a, _ in a / 3 }), Twin("3 /", { a, _ in 3 / a }, { a, _ in 3 / a }),
        Twin(".<", { $0 .< $1 }, { $0 .< $1 }), Twin(".<=", { $0 .<= $1 }, { $0 .<= $1 }),
        Twin(".>", { $0 .> $1 }, { $0 .> $1 }), Twin(".>=", { $0 .>= $1 }, { $0 .>= $1 }),
        Twin(".==", { $0 .== $1 }, { $0 .== $1 }), Twin(".!=", { $0 .!= $1 }, { $0 .!= $1 }),
        Twin(".< 0", { a, _ in a .< 0 }, { a, _ in a .< 0 }), Twin(".<= 0", { a, _ in a .<= 0 }, { a, _ in a .<= 0 }),
        Twin(".> 0", { a, _ in a .> 0 }, { a, _ in a .> 0 }), Twin(".>= 0", { a, _ in a .>= 0 }, { a, _ in a .>= 0 }),
        Twin(".== 0", { a, _ in a .== 0 }, { a, _ in a .== 0 }),
        Twin(".!= 0", { a, _ in a .!= 0 }, { a, _ in a .!= 0 }),
        Twin("maximum", { $0.maximum($1) }, { $0.maximum($1) }),
        Twin("minimum", { $0.minimum($1) }, { $0.minimum($1) }),
        Twin("pow", { $0.pow($1) }, { $0.pow($1) }),
        Twin("atan2", { $0.atan2($1) }, { $0.atan2($1) }),
        Twin("hypot", { $0.hypot($1) }, { $0.hypot($1) }),
        Twin("remainder", { $0.remainder($1) }, { $0.remainder($1) }),
        Twin("logAddExp", { $0.logAddExp($1) }, { $0.logAddExp($1) }),
        Twin("xlogy", { $0.xlogy($1) }, { $0.xlogy($1) }),
        Twin("prelu", { $0.prelu(slope: $1) }, { $0.prelu(slope: $1) }),
        Twin("clamp by tensors", { $0.clamp(min: $1, max: $1 + 1) }, { $0.clamp(min: $1, max: $1 + 1) }),
        Twin("masked", { $0.masked(by: $1) }, { $0.masked(by: $1) }),
        Twin("where", { `where`($0 .> 0, $0, $1) }, { `where`($0 .> 0, $0, $1) }),
      ]
    }

    static var functions: [Twin] {
      [
        Twin("exp", { a, _ in a.exp() }, { a, _ in a.exp() }),
        Twin("expm1", { a, _ in a.expm1() }, { a, _ in a.expm1() }),
        Twin("log", { a, _ in a.log() }, { a, _ in a.log() }),
        Twin("log1p", { a, _ in a.log1p() }, { a, _ in a.log1p() }),
        Twin("sqrt", { a, _ in a.sqrt() }, { a, _ in a.sqrt() }),
        Twin("square", { a, _ in a.square() }, { a, _ in a.square() }),
        Twin("reciprocal", { a, _ in a.reciprocal() }, { a, _ in a.reciprocal() }),
        Twin("abs", { a, _ in a.abs() }, { a, _ in a.abs() }),
        Twin("sign", { a, _ in a.sign() }, { a, _ in a.sign() }),
        Twin("step", { a, _ in a.step() }, { a, _ in a.step() }),
        Twin("sin", { a, _ in a.sin() }, { a, _ in a.sin() }),
        Twin("cos", { a, _ in a.cos() }, { a, _ in a.cos() }),
        Twin("atan", { a, _ in a.atan() }, { a, _ in a.atan() }),
        Twin("tanh", { a, _ in a.tanh() }, { a, _ in a.tanh() }),
        Twin("tan", { a, _ in a.tan() }, { a, _ in a.tan() }),
        Twin("asin", { a, _ in a.asin() }, { a, _ in a.asin() }),
        Twin("acos", { a, _ in a.acos() }, { a, _ in a.acos() }),
        Twin("sinh", { a, _ in a.sinh() }, { a, _ in a.sinh() }),
        Twin("cosh", { a, _ in a.cosh() }, { a, _ in a.cosh() }),
        Twin("asinh", { a, _ in a.asinh() }, { a, _ in a.asinh() }),
        Twin("acosh", { a, _ in a.acosh() }, { a, _ in a.acosh() }),
        Twin("atanh", { a, _ in a.atanh() }, { a, _ in a.atanh() }),
        Twin("exp2", { a, _ in a.exp2() }, { a, _ in a.exp2() }),
        Twin("log2", { a, _ in a.log2() }, { a, _ in a.log2() }),
        Twin("log10", { a, _ in a.log10() }, { a, _ in a.log10() }),
        Twin("erfc", { a, _ in a.erfc() }, { a, _ in a.erfc() }),
        Twin("lgamma", { a, _ in a.lgamma() }, { a, _ in a.lgamma() }),
        Twin("floor", { a, _ in a.floor() }, { a, _ in a.floor() }),
        Twin("ceil", { a, _ in a.ceil() }, { a, _ in a.ceil() }),
        Twin("round", { a, _ in a.round() }, { a, _ in a.round() }),
        Twin("trunc", { a, _ in a.trunc() }, { a, _ in a.trunc() }),
        Twin("digamma", { a, _ in a.digamma() }, { a, _ in a.digamma() }),
        Twin("mish", { a, _ in a.mish() }, { a, _ in a.mish() }),
        Twin("geluTanh", { a, _ in a.geluTanh() }, { a, _ in a.geluTanh() }),
        Twin("clamp from below", { $0.clamp(min: $1) }, { $0.clamp(min: $1) }),
        Twin("clamp from above", { $0.clamp(max: $1) }, { $0.clamp(max: $1) }),
        Twin("relu6", { a, _ in a.relu6() }, { a, _ in a.relu6() }),
        Twin("hardTanh", { a, _ in a.hardTanh() }, { a, _ in a.hardTanh() }),
        Twin("hardSigmoid", { a, _ in a.hardSigmoid() }, { a, _ in a.hardSigmoid() }),
        Twin("hardSwish", { a, _ in a.hardSwish() }, { a, _ in a.hardSwish() }),
        Twin("softsign", { a, _ in a.softsign() }, { a, _ in a.softsign() }),
        Twin("selu", { a, _ in a.selu() }, { a, _ in a.selu() }),
        Twin("celu", { a, _ in a.celu() }, { a, _ in a.celu() }),
        Twin("tanhShrink", { a, _ in a.tanhShrink() }, { a, _ in a.tanhShrink() }),
        Twin("softShrink", { a, _ in a.softShrink() }, { a, _ in a.softShrink() }),
        Twin("hardShrink", { a, _ in a.hardShrink() }, { a, _ in a.hardShrink() }),
        Twin("logSigmoid", { a, _ in a.logSigmoid() }, { a, _ in a.logSigmoid() }),
        Twin("polygamma", { a, _ in a.polygamma(order: 1) }, { a, _ in a.polygamma(order: 1) }),
        Twin("threshold", { a, _ in a.threshold(0.1, 2) }, { a, _ in a.threshold(0.1, 2) }),
        Twin("sech", { a, _ in a.sech() }, { a, _ in a.sech() }),
        Twin("sigmoid", { a, _ in a.sigmoid() }, { a, _ in a.sigmoid() }),
        Twin("erf", { a, _ in a.erf() }, { a, _ in a.erf() }),
        Twin("normalDensity", { a, _ in a.normalDensity() }, { a, _ in a.normalDensity() }),
        Twin("normalDistribution", { a, _ in a.normalDistribution() }, { a, _ in a.normalDistribution() }),
        Twin("relu", { a, _ in a.relu() }, { a, _ in a.relu() }),
        Twin("gelu", { a, _ in a.gelu() }, { a, _ in a.gelu() }),
        Twin("silu", { a, _ in a.silu() }, { a, _ in a.silu() }),
        Twin("softplus", { a, _ in a.softplus() }, { a, _ in a.softplus() }),
        Twin("leakyRelu", { a, _ in a.leakyRelu() }, { a, _ in a.leakyRelu() }),
        Twin("leakyRelu 0.2", { a, _ in a.leakyRelu(slope: 0.2) }, { a, _ in a.leakyRelu(slope: 0.2) }),
        Twin("elu", { a, _ in a.elu() }, { a, _ in a.elu() }),
        Twin("elu 0.5", { a, _ in a.elu(alpha: 0.5) }, { a, _ in a.elu(alpha: 0.5) }),
        Twin("power", { a, _ in a.power(3) }, { a, _ in a.power(3) }),
        Twin("clamp", { a, _ in a.clamp(-0.5, 0.7) }, { a, _ in a.clamp(-0.5, 0.7) }),
      ]
    }

    /// Functions of matrices whose products are defined.
    static var arrangements: [Twin] {
      [
        Twin("sum", { a, _ in a.sum() }, { a, _ in a.sum() }),
        Twin("sum 0", { a, _ in a.sum(axes: [0]) }, { a, _ in a.sum(axes: [0]) }),
        Twin(
          "sum -1", { a, _ in a.sum(axes: [-1], keepingDimensions: true) },
          { a, _ in a.sum(axes: [-1], keepingDimensions: true) }),
        Twin("mean", { a, _ in a.mean() }, { a, _ in a.mean() }),
        Twin("mean 1", { a, _ in a.mean(axes: [1]) }, { a, _ in a.mean(axes: [1]) }),
        Twin("variance", { a, _ in a.variance() }, { a, _ in a.variance() }),
        Twin(
          "variance 1", { a, _ in a.variance(axes: [0], correction: 1) },
          { a, _ in a.variance(axes: [0], correction: 1) }),
        Twin("max", { a, _ in a.max() }, { a, _ in a.max() }),
        Twin("max 0", { a, _ in a.max(axes: [0]) }, { a, _ in a.max(axes: [0]) }),
        Twin("min", { a, _ in a.min() }, { a, _ in a.min() }),
        Twin(
          "min 1", { a, _ in a.min(axes: [1], keepingDimensions: true) },
          { a, _ in a.min(axes: [1], keepingDimensions: true) }),
        Twin("argMax", { a, _ in a.argMax().map { S(Double($0)) } }, { a, _ in a.argMax().asNumbers() }),
        Twin(
          "argMax 0", { a, _ in a.argMax(axis: 0).map { S(Double($0)) } },
          { a, _ in a.argMax(axis: 0).asNumbers() }),
        Twin("prod", { a, _ in a.prod() }, { a, _ in a.prod() }),
        Twin("norm", { a, _ in a.norm() }, { a, _ in a.norm() }),
        Twin("standardDeviation", { a, _ in a.standardDeviation() }, { a, _ in a.standardDeviation() }),
        Twin("sum along", { a, _ in a.sum(axis: -2) }, { a, _ in a.sum(axis: -2) }),
        Twin("mean along", { a, _ in a.mean(axis: -2) }, { a, _ in a.mean(axis: -2) }),
        Twin("variance along", { a, _ in a.variance(axis: -2) }, { a, _ in a.variance(axis: -2) }),
        Twin("max along", { a, _ in a.max(axis: -2) }, { a, _ in a.max(axis: -2) }),
        Twin("min along", { a, _ in a.min(axis: -2) }, { a, _ in a.min(axis: -2) }),
        Twin("prod along", { a, _ in a.prod(axis: -2) }, { a, _ in a.prod(axis: -2) }),
        Twin("norm along", { a, _ in a.norm(axis: -2) }, { a, _ in a.norm(axis: -2) }),
        Twin(
          "standardDeviation along", { a, _ in a.standardDeviation(axis: -2) },
          { a, _ in a.standardDeviation(axis: -2) }),
        Twin("cumprod", { a, _ in a.cumprod() }, { a, _ in a.cumprod() }),
        Twin("cumprod 0", { a, _ in a.cumprod(axis: 0) }, { a, _ in a.cumprod(axis: 0) }),
        Twin("normalize", { a, _ in a.normalize() }, { a, _ in a.normalize() }),
        Twin("normalize 0", { a, _ in a.normalize(axis: 0) }, { a, _ in a.normalize(axis: 0) }),
        Twin("softmin", { a, _ in a.softmin() }, { a, _ in a.softmin() }),
        Twin("softmin 0", { a, _ in a.softmin(axis: 0) }, { a, _ in a.softmin(axis: 0) }),
        Twin("softmax", { a, _ in a.softmax() }, { a, _ in a.softmax() }),
        Twin("softmax 0", { a, _ in a.softmax(axis: 0) }, { a, _ in a.softmax(axis: 0) }),
        Twin("logSoftmax 0", { a, _ in a.logSoftmax(axis: 0) }, { a, _ in a.logSoftmax(axis: 0) }),
        Twin("logSumExp", { a, _ in a.logSumExp() }, { a, _ in a.logSumExp() }),
        Twin("logSumExp of all", { a, _ in a.logSumExp(axes: [0, -1]) }, { a, _ in a.logSumExp(axes: [0, -1]) }),
        Twin("logSumExp 0", { a, _ in a.logSumExp(axis: -2) }, { a, _ in a.logSumExp(axis: -2) }),
        Twin("cumsum", { a, _ in a.cumsum() }, { a, _ in a.cumsum() }),
        Twin("cumsum 0", { a, _ in a.cumsum(axis: 0, reversed: true) }, { a, _ in a.cumsum(axis: 0, reversed: true) }),
        Twin("matmul", { $0.matmul($1.transpose()) }, { $0.matmul($1.permute([1, 0])) }),
        Twin("matmul AT", { $0.matmul($1, transposeA: true) }, { $0.matmul($1, transposeA: true) }),
        Twin("matmul BT", { $0.matmul($1, transposeB: true) }, { $0.matmul($1, transposeB: true) }),
        Twin("einsum", { einsum("ij,kj->ki", $0, $1) }, { einsum("ij,kj->ki", $0, $1) }),
        Twin("dot", { $0.dot($1) }, { $0.dot($1) }), Twin("tensordot", { $0.tensordot($1) }, { $0.tensordot($1) }),
        Twin("tensordot 1", { $0.tensordot($1, axes: [1], [-1]) }, { $0.tensordot($1, axes: [1], [-1]) }),
        Twin("outer", { $0[0, axis: 0].outer($1[1, axis: 0]) }, { $0[0, axis: 0].outer($1[1, axis: 0]) }),
        Twin(
          "solve", { $0.matmul($1, transposeB: true).solve($0) }, { $0.matmul($1, transposeB: true).solve($0) }),
        Twin(
          "solveTriangular", { $0.matmul($1, transposeB: true).solveTriangular($0, upper: true) },
          { $0.matmul($1, transposeB: true).solveTriangular($0, upper: true) }),
        Twin(
          "choleskySolve", { a, _ in a.matmul(a, transposeB: true).cholesky().choleskySolve(a) },
          { a, _ in a.matmul(a, transposeB: true).cholesky().choleskySolve(a) }),
        Twin(
          "inverse", { $0.matmul($1, transposeB: true).inverse() }, { $0.matmul($1, transposeB: true).inverse() }),
        Twin(
          "determinant", { $0.matmul($1, transposeB: true).determinant() },
          { $0.matmul($1, transposeB: true).determinant() }),
        Twin(
          "logDeterminant", { $0.matmul($1, transposeB: true).logDeterminant() },
          { $0.matmul($1, transposeB: true).logDeterminant() }),
        Twin(
          "logDeterminant positive", { a, _ in a.matmul(a, transposeB: true).logDeterminant(positiveDefinite: true) },
          { a, _ in a.matmul(a, transposeB: true).logDeterminant(positiveDefinite: true) }),
        Twin(
          "cofactors", { $0.matmul($1, transposeB: true).cofactors() },
          { $0.matmul($1, transposeB: true).cofactors() }),
        Twin(
          "trace", { $0.matmul($1, transposeB: true).trace() }, { $0.matmul($1, transposeB: true).trace() }),
        Twin(
          "matrixPower", { $0.matmul($1, transposeB: true).matrixPower(3) },
          { $0.matmul($1, transposeB: true).matrixPower(3) }),
        Twin("transpose", { a, _ in a.transpose() }, { a, _ in a.permute([1, 0]) }),
        Twin("permute", { a, _ in a.permute([1, 0]) }, { a, _ in a.permute([1, 0]) }),
        Twin("broadcast", { a, _ in a.broadcast(to: [2, 3, 4]) }, { a, _ in a.broadcast(to: [2, 3, 4]) }),
        Twin("concatenate", { concatenate([$0, $1, $0]) }, { concatenate([$0, $1, $0]) }),
        Twin("concatenate 1", { concatenate([$0, $1], axis: -1) }, { concatenate([$0, $1], axis: -1) }),
        Twin("row", { a, _ in a[1, axis: 0] }, { a, _ in a[1, axis: 0] }),
        Twin("rows", { a, _ in a[1...] }, { a, _ in a[1...] }),
        Twin("columns", { a, _ in a[1..<3, axis: 1] }, { a, _ in a[1..<3, axis: 1] }),
        Twin("element", { a, _ in Tensor(scalar: a[2, 1]) }, { a, _ in a[2, 1] }),
        Twin("+ constant", { $0 + $1 }, { $0 + $1.value }), Twin("constant +", { $0 + $1 }, { $0.value + $1 }),
        Twin("- constant", { $0 - $1 }, { $0 - $1.value }), Twin("constant -", { $0 - $1 }, { $0.value - $1 }),
        Twin("* constant", { $0 * $1 }, { $0 * $1.value }), Twin("constant *", { $0 * $1 }, { $0.value * $1 }),
        Twin("/ constant", { $0 / $1 }, { $0 / $1.value }), Twin("constant /", { $0 / $1 }, { $0.value / $1 }),
        Twin("matmul constant", { $0.matmul($1, transposeB: true) }, { $0.matmul($1.value, transposeB: true) }),
        Twin("constant matmul", { $0.matmul($1, transposeA: true) }, { $0.value.matmul($1, transposeA: true) }),
      ]
    }

    /// The names of the operations that the variables record, or nil when the values differ in a bit.
    func operations(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Set<String>? {
      let tape = Tape<S>()
      let (x, y): (Tensor<S>, Tensor<S>) = (a.converted(), b.converted())
      let recorded = onVariables(tape.input(x), tape.input(y))
      guard onTensors(x, y).isIdentical(to: recorded.value) else { return nil }
      return Set((0..<tape.count).compactMap { tape.operation(at: $0)?.name })
    }
  }

  private func expectAgreement(_ a: Tensor<Double>, _ b: Tensor<Double>, elementwiseOnly: Bool) -> Set<String> {
    var seen: Set<String> = []
    func expect<S>(_ twins: [Twin<S>]) {
      for twin in twins {
        let operations = twin.operations(a, b)
        #expect(operations != nil, "\(twin.text) of \(a.shape) and \(b.shape) in \(S.self)")
        seen.formUnion(operations ?? [])
      }
    }
    expect(Twin<Float>.operators + Twin<Float>.functions + (elementwiseOnly ? [] : Twin<Float>.arrangements))
    expect(Twin<Double>.operators + Twin<Double>.functions + (elementwiseOnly ? [] : Twin<Double>.arrangements))
    return seen
  }

  @Test func `Every function of a tensor has the bits of the variable's function of that name`() {
    var generator = Generator(seed: 16)
    let seen = expectAgreement(generator.tensor([3, 4]), generator.tensor([3, 4]), elementwiseOnly: false)
    // Layers' biases and windows, and what reads indices are recorded; padding is asked for by slices' rule.
    let onTapesAlone: Set = [
      "addBias", "pad", "gather", "scatterAdd", "pick", "oneHot", "argSort", "gatherAlong", "scatterAddAlong", "unfold",
      "fold",
      "maxPool", "averagePool",
    ]
    #expect(Set(OperationCatalog.names).subtracting(seen) == onTapesAlone)
    let awkward = Tensor([
      [0, -0.0, .infinity, -.infinity], [.nan, .leastNonzeroMagnitude, 1e300, -1e300], [1, -1, 0.5, -2],
    ])
    _ = expectAgreement(awkward, generator.tensor([3, 4]), elementwiseOnly: true)
    _ = expectAgreement(generator.tensor([3, 4]), awkward, elementwiseOnly: true)
  }

  @Test func `Operators broadcast tensors from the right, as on a tape`() {
    let shapes: [(Shape, Shape)] = [
      ([], []), ([0], [1]), ([1], [1]), ([3, 4], [4]), ([4], [3, 4]), ([3, 1], [1, 4]), ([2, 1, 3], [4, 1]), ([], [5]),
      ([3, 0], [1, 0]), ([0, 3], []),
    ]
    for (a, b) in shapes {
      var generator = Generator(seed: 3)
      _ = expectAgreement(generator.tensor(a), generator.tensor(b), elementwiseOnly: true)
    }
  }

  @Test func `Compound assignment is the operator, and leaves copies alone`() {
    let start = Tensor<Float>([[1, 2], [3, 4]])
    var x = start
    x += Tensor([10, 20])
    #expect(x == Tensor([[11, 22], [13, 24]]) && start == Tensor([[1, 2], [3, 4]]))
    x -= 1
    x *= 2
    x /= 4
    #expect(x == Tensor([[5, 10.5], [6, 11.5]]))
    x -= x
    x += 3
    x *= x
    x /= x
    #expect(x == .ones([2, 2]))
    var number = Tensor<Double>(scalar: 2)
    number *= Tensor([1, 2, 3])
    #expect(number == Tensor([2, 4, 6]))
  }

  @Test func `Many tensors are concatenated in order, and a sum's number is its scalar`() {
    let parts = (0..<100).map { Tensor([Double($0)]) }
    #expect(concatenate(parts) == Tensor((0..<100).map { Double($0) }))
    #expect(concatenate(parts).sum().scalar == 4950 && Tensor<Float>(scalar: 3).scalar == 3)
    #expect(Tensor<Double>.zeros([0, 3]).sum(axes: [0]) == .zeros([3]))
  }

  @Test
  func `Shapes that do not fit trap with the tape's sentence, and at the caller's line where a method can carry it`()
    async
  {
    func said(_ result: ExitTest.Result?) -> String {
      String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
    let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.ones([3, 4]) + .ones([3])
    }
    #expect(said(sum).contains("add: [3, 4] and [3] do not broadcast: 4 and 3 differ"))
    let product = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.ones([3, 4]).matmul(.ones([5, 4]))
    }
    #expect(said(product).contains("AdjointTests/TensorArithmeticTests.swift:"))
    #expect(said(product).contains("matmul: inner dimensions differ: 4 of [3, 4] against 5 of [5, 4]"))
    let mean = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.ones([0]).mean()
    }
    #expect(said(mean).contains("AdjointTests/TensorArithmeticTests.swift:"))
    #expect(said(mean).contains("mean: no elements along the axes [0] of [0]"))
    let axis = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.ones([2]).softmax(axis: 1)
    }
    #expect(said(axis).contains("AdjointTests/TensorArithmeticTests.swift:"))
    #expect(said(axis).contains("softmax: axis 1 does not exist in [2], which has rank 1"))
    let scalar = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.ones([2]).scalar
    }
    #expect(said(scalar).contains("scalar: a tensor of shape [2] has 2 elements, not one"))
  }
}
