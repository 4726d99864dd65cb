import Adjoint
import Testing

/// The fingerprint of a recording: checkpoints carry it, so that its value may never change for a program that exists.
struct FingerprintTests {
  /// 64-bit FNV-1a.
  private func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The fingerprint of what `body` records on a leaf of these dimensions.
  private func fingerprint(
    _ shape: Shape = [3, 3], _ body: (Variable<Float>) -> Variable<Float>
  ) -> UInt64 {
    let tape = Tape<Float>()
    _ = body(tape.input(.ones(shape)))
    return tape.fingerprint
  }

  @Test func `the fingerprint is the hash of a line for each node: name, attributes, shape, operands`() {
    let tape = Tape<Float>(mode: .training, seed: 1)
    let x = tape.input(.ones([2, 3]), name: "x")
    let labels = tape.index(Tensor<Int32>([0, 1]))
    let w = tape.parameter(Parameter(Tensor<Float>(repeating: 1, shape: [4, 3]), name: "w"))
    let mask = tape.random(.bernoulli(probability: 0.75, value: 1.5), shape: [2, 4])
    let z = x.matmul(w, transposeB: true).leakyRelu(slope: 0.1) * mask
    let loss = z.logSoftmax().pick(labels).mean(axes: [0])
    let lines = [
      "input [2, 3] []", "index [2] []", "parameter [4, 3] []",
      "random bernoulli(0.75, value: 1.5) [2, 4] []",
      "matmultransposeA: false,transposeB: true [2, 4] [0, 2]", "leakyReluslope: 0.1 [2, 4] [4]",
      "multiply [2, 4] [5, 3]", "logSoftmax [2, 4] [6]", "pick [2] [7, 1]",
      "meanaxes: [0],keepsDimensions: false [] [8]",
    ]
    #expect(tape.fingerprint == hash(lines.map { $0 + ";" }.joined()), "\(tape)")
    _ = gradients(of: loss, withRespectTo: [w])
    // Of a sweep, only the constant with which it begins counts: a checkpoint's fingerprint is taken behind a sweep.
    let swept = lines + ["constant [] []"]
    #expect(tape.fingerprint == hash(swept.map { $0 + ";" }.joined()), "\(tape)")
  }

  @Test func `names of operations, attributes, shapes and operands all enter`() {
    let different: [(String, UInt64)] = [
      ("nothing", fingerprint { $0 }), ("another shape", fingerprint([3, 4]) { $0 }),
      ("tanh", fingerprint { $0.tanh() }), ("sigmoid", fingerprint { $0.sigmoid() }),
      ("slope 0.1", fingerprint { $0.leakyRelu(slope: 0.1) }), ("slope 0.2", fingerprint { $0.leakyRelu(slope: 0.2) }),
      ("rows", fingerprint { $0.sum(axes: [0]) }), ("columns", fingerprint { $0.sum(axes: [1]) }),
      ("A·B", fingerprint { $0.matmul($0) }), ("A·Bᵀ", fingerprint { $0.matmul($0, transposeB: true) }),
      ("clamp to 1", fingerprint { $0.clamp(0, 1) }), ("clamp to 2", fingerprint { $0.clamp(0, 2) }),
      ("f(x) − x", fingerprint { $0.exp() - $0 }), ("x − f(x)", fingerprint { x in { x - $0 }(x.exp()) }),
      ("dropout 0.1", fingerprint { $0 * $0.tape.random(.bernoulli(probability: 0.9, value: 1), shape: [3, 3]) }),
      ("dropout 0.2", fingerprint { $0 * $0.tape.random(.bernoulli(probability: 0.8, value: 1), shape: [3, 3]) }),
    ]
    for (i, a) in different.enumerated() {
      for b in different[..<i] { #expect(a.1 != b.1, "\(a.0), \(b.0)") }
    }
  }

  @Test func `values, labels, scopes and precision do not enter`() {
    let plain = fingerprint { ($0 * 2).tanh() }
    #expect(fingerprint { ($0 * 3).tanh() } == plain)
    #expect(fingerprint { x in x.tape.scoped("a part") { (x * 2).tanh().labeled("y") } } == plain)
    let tape = Tape<Double>(seed: 9)
    _ = (tape.input(.zeros([3, 3]), name: "other") * 2).tanh()
    #expect(tape.fingerprint == plain)
  }

  /// The attributes that enter for each operation of revision 1d59674 that has any; those in `plain` have none.
  private static let attributes = [
    "averagePool": ["size", "stride", "padding"], "broadcast": ["to"], "clamp": ["low", "high"],
    "concatenate": ["axis"], "elu": ["alpha"], "fold": ["size", "stride", "padding", "image"], "leakyRelu": ["slope"],
    "argSort": ["axis", "descending", "count"], "gatherAlong": ["axis"], "scatterAddAlong": ["axis", "extent"],
    "matmul": ["transposeA", "transposeB"], "max": ["axes", "keepsDimensions"],
    "maxPool": ["size", "stride", "padding"], "mean": ["axes", "keepsDimensions"], "min": ["axes", "keepsDimensions"],
    "oneHot": ["classes"], "pad": ["before", "after"], "permute": ["order"], "power": ["exponent"], "reshape": ["to"],
    "scatterAdd": ["rows"], "slice": ["start", "size"], "sum": ["axes", "keepsDimensions"],
    "unfold": ["size", "stride", "padding"], "variance": ["axes", "keepsDimensions", "correction"],
  ]

  private static let plain = [
    "abs", "add", "addBias", "argMax", "asNumbers", "cos", "divide", "equal", "erf", "exp", "expm1", "gather", "gelu",
    "greater",
    "greaterOrEqual", "less", "lessOrEqual", "log", "log1p", "logSoftmax", "logSumExp", "maximum", "minimum",
    "multiply", "negate", "notEqual", "pick", "reciprocal", "relu", "sigmoid", "sign", "silu", "sin", "softmax",
    "softplus", "sqrt", "square", "step", "stopGradient", "subtract", "tanh", "where",
  ]

  // An attribute that an operation gets later must not enter where it has its default.
  @Test func `no operation loses its name, or enters with other attributes`() {
    let expected = Self.attributes.merging(Self.plain.map { ($0, []) }) { attributes, _ in attributes }
    #expect(expected.count == Self.attributes.count + Self.plain.count)
    for (name, attributes) in expected {
      let examples = OperationCatalog.examples.map(\.operation).filter { $0.name == name }
      #expect(examples.contains { $0.attributes.map(\.name) == attributes }, "\(name)")
    }
  }
}
