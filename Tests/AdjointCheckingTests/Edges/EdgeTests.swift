import Adjoint
import AdjointChecking
import Foundation
import Testing

@Suite struct EdgeTests {
  private static let cases = EdgeCheck.cases
  private static let names = Set(cases.map(\.name)).sorted()

  @Test("Values and derivatives at edges are as stated", arguments: names)
  func statements(name: String) {
    for edge in Self.cases where edge.name == name {
      for complaint in EdgeCheck(edge).complaints { Issue.record("\(complaint)") }
    }
  }

  @Test func `A loop hands on what is not finite as its steps would`() throws {
    // c₀′ = c₁, c₁′ = sin(c₀ e) + c₁, with c₀ e as output; three steps, the last entry first.
    let loop = try #require(OperationCatalog.loops.flatMap { $0.examples }[2].operation as? Scan)
    for numbers in [[0, -0.0, 1, .nan, 1], [.infinity, 1, 0, 1, 1], [1, .infinity, 0, 0, 0], [-0.0, -0.0, 0, 0, 0]] {
      func bits(_ x: Tensor<Double>) -> [UInt64] { x.elements.map { $0.isNaN ? 0 : $0.bitPattern } }
      func found(_ record: ([Variable<Double>]) -> Variable<Double>) -> [[Double]] {
        let tape = Tape<Double>()
        let x = [tape.input(Tensor(scalar: numbers[0])), tape.input(Tensor(scalar: numbers[1]))]
        let leaves = x + [tape.input(Tensor(Array(numbers[2...])))]
        let y = record(leaves)
        let cotangent = tape.constant(Tensor((1...y.shape[0]).map { Double($0) }))
        let slopes = gradients(of: y, withRespectTo: leaves, cotangent: cotangent)
        let program = Program<Double>([y] + slopes)
        program.run()
        for x in [y] + slopes { #expect(bits(program.value(of: x)) == bits(x.value)) }
        return ([y] + slopes).map(\.value.elements)
      }
      let own = found { $0[0].tape.record(loop, inputs: $0) }
      for (a, b) in zip(own, found { loop.unrolled($0, on: $0[0].tape) }) {
        #expect(zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }, "\(numbers): \(a), step by step \(b)")
      }
    }
  }

  @Test func `A point in a vector has the bits that it has alone`() {
    for complaint in EdgeCheck.vectorComplaints(Self.cases) { Issue.record("\(complaint)") }
  }

  @Test func `Every operation of the catalogue has edges, and every case its own name`() {
    let operations = Self.cases.compactMap { edge in
      if case .operation(let operation) = edge.function { operation.name } else { nil }
    }
    #expect(Set(operations) == Set(OperationCatalog.names))
    let keys = Self.cases.map(\.key)
    #expect(Set(keys).count == keys.count)
  }

  @Test func `Every difference from other libraries has a reason, and every case their answer`() throws {
    let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../Docs/Edges/peers.json")
    let peers = try EdgePeers(contentsOf: repository.standardizedFileURL)
    for complaint in EdgePage(Self.cases.map { EdgeCheck($0) }, peers).complaints { Issue.record("\(complaint)") }
  }

  // MARK: Sabotage

  private func complaints(_ operation: any Adjoint.Operation, as f: MapFunction) -> [String] {
    EdgeFunctions.cases(of: f, as: operation).flatMap { EdgeCheck($0).complaints }
  }

  @Test func `A relu whose rule multiplies by a mask is found by an infinite cotangent`() {
    let found = complaints(Altered(function: .relu, rule: .multipliedMask), as: .unary(.relu))
    #expect(found.contains { $0.hasPrefix("relu at 0, in Double: an infinite cotangent reaches") }, "\(found)")
    #expect(complaints(Altered(function: .relu, rule: .selectedMask), as: .unary(.relu)).isEmpty)
  }

  @Test func `A derivative at a kink that is that of the other side is found`() {
    let found = complaints(Altered(function: .abs, rule: .rightSide), as: .unary(.abs))
    #expect(found.contains { $0.hasPrefix("abs at 0, in Double: the gradient is 1, stated is 0") }, "\(found)")
  }

  @Test func `Dual numbers that go another way at a kink are found`() {
    let found = complaints(OpenRelu(), as: .unary(.relu))
    #expect(found.contains { $0.hasPrefix("relu at 0, in Double: reverse mode gives 0, forward mode 1") }, "\(found)")
  }

  @Test func `A derivative that overflows on the way is found`() {
    // 1/x as 1/x² · x
    let found = complaints(Altered(function: .log, rule: .overflowing), as: .unary(.log))
    #expect(found.contains { $0.hasPrefix("log at max, in Double: the derivative is 0.0") }, "\(found)")
  }

  @Test func `A maximum that gives all to its first argument where both tie is found`() {
    let found = EdgePairs.cases(of: .maximum, as: FirstOfTies()).flatMap { EdgeCheck($0).complaints }
    #expect(found.contains { $0.hasPrefix("maximum at ∞; ∞, in Float: the gradient of input 0 is 1") }, "\(found)")
  }
}

/// A function of one number under another rule.
private struct Altered: Adjoint.Operation {
  enum Rule { case multipliedMask, selectedMask, rightSide, overflowing }
  let function: Unary
  let rule: Rule

  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { function.forward(x, into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let x = p.x[0]
    return switch rule {
    case .multipliedMask: [p.to(0, g * x.step())]
    case .selectedMask: [p.to(0, g.masked(by: p.y))]
    case .rightSide: [p.to(0, `where`(x .>= 0, g, -g))]
    case .overflowing: [p.to(0, g * (x.square().reciprocal() * x))]
    }
  }
  var name: String { function.name }
}

/// A relu whose value at 0 is x, so that a dual number keeps its tangent there.
private struct OpenRelu: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { x[0] }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    for i in y.indices { y[i] = x[0][i] < 0 ? 0 : x[0][i] }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] { [p.to(0, g.masked(by: p.y))] }
  var name: String { "relu" }
}

/// A maximum whose cotangent goes to its first argument where both tie.
private struct FirstOfTies: Adjoint.Operation {
  func shape(of x: [Shape]) throws(ShapeError) -> Shape { try Binary.maximum.shape(of: x) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { Binary.maximum.forward(x, into: y) }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    let isSecond = p.x[0] .< p.x[1]
    let zero = p.tape.constant(0)
    return [p.to(0, `where`(isSecond, zero, g)), p.to(1, `where`(isSecond, g, zero))]
  }
  var name: String { "maximum" }
}
