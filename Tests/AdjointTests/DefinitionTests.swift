import Adjoint
import Testing

/// The values of operations against definitions by coordinates: which elements meet, in every shape of the catalogue.
@Suite struct DefinitionTests {
  @Test("A recorded value is what the definition by coordinates says", arguments: ExampleCase.all)
  func definition(example: ExampleCase) {
    let values = example.values(draw: 5)
    let recorded = example.record(values, as: Double.self)
    var definition = Definition(shape: recorded.y.shape)
    for value in values {
      switch value {
      case .numbers(let numbers): definition.x.append(numbers)
      case .indices(let indices): definition.indices = indices.elements.map(Int.init)
      }
    }
    guard let expected = definition.value(of: example.example.operation) else {
      // The elementwise functions of one argument have their table below.
      guard case .map = example.example.operation.form else {
        Issue.record("no definition of '\(example.example.operation.name)' in Support/Definitions.swift")
        return
      }
      return
    }
    let value = recorded.y.value.elements
    #expect(value.count == expected.count)
    #expect(zip(value, expected).allSatisfy { abs($0 - $1) <= 1e-14 * max(8, abs($1)) }, "\(value) against \(expected)")
  }

  @Test func `Elementwise functions have their textbook values`() {
    let table: [(Unary, Double, Double)] = [
      (.negate, 2, -2), (.exp, 1, 2.718281828459045), (.expm1, 1e-12, 1.0000000000005e-12),
      (.log, 2, 0.6931471805599453),
      (.log1p, 1e-12, 9.999999999995e-13), (.sqrt, 2, 1.4142135623730951), (.square, -3, 9), (.reciprocal, 4, 0.25),
      (.abs, -2, 2), (.sign, -7, -1), (.step, 3, 1), (.step, -3, 0), (.sin, 1, 0.8414709848078965),
      (.cos, 1, 0.5403023058681398), (.atan, 1, 0.7853981633974483),
      (.tan, 1, 1.5574077246549023), (.asin, 0.5, 0.5235987755982989), (.acos, 0.5, 1.0471975511965979),
      (.sinh, 1, 1.1752011936438014), (.cosh, 1, 1.5430806348152437), (.asinh, 1, 0.881373587019543),
      (.acosh, 2, 1.3169578969248166), (.atanh, 0.5, 0.5493061443340549), (.exp2, 0.5, 1.4142135623730951),
      (.log2, 10, 3.321928094887362), (.log10, 2, 0.3010299956639812), (.erfc, 1, 0.15729920705028513),
      (.lgamma, 0.5, 0.5723649429247001), (.floor, -1.5, -2), (.ceil, -1.5, -1), (.round, 2.5, 2), (.round, -3.5, -4),
      (.trunc, -1.5, -1),
      (.tanh, 1, 0.7615941559557649), (.sech, 1, 0.6480542736638855), (.sigmoid, 1, 0.7310585786300049),
      (.erf, 1, 0.8427007929497149), (.normalDensity, 1, 0.24197072451914337),
      (.normalDistribution, 1, 0.8413447460685429),
      (.relu, -1, 0), (.relu, 2, 2), (.gelu, 1, 0.8413447460685429),
      (.silu, 1, 0.7310585786300049), (.softplus, 1, 1.3132616875182228),
    ]
    let tape = Tape<Double>()
    for (f, x, y) in table {
      let value = tape.record(f, tape.constant(x)).scalar
      #expect(abs(value - y) <= 4e-15 * abs(y), "\(f)(\(x)) = \(value)")
    }
    #expect(Set(table.map(\.0)) == Set(Unary.allCases))
    let x = tape.input(Tensor([-2, 3]))
    #expect(x.leakyRelu(slope: 0.1).value == Tensor([-0.2, 3]))
    #expect(x.clamp(-1, 1).value == Tensor([-1, 1]))
    #expect(x.power(3).value == Tensor([-8, 27]))
    #expect(abs(x.elu(alpha: 0.5).value[0] + 0.43233235838169365) < 1e-15)
  }
}
