import Adjoint
import AdjointChecking
import Testing

/// Equations of Einstein's notation against plain loops over all indices.
@Suite struct EinsumTests {
  /// A random equation with its operands. It keeps the name of each axis, so that the loops need not read the text.
  struct Equation: CustomStringConvertible {
    var text = ""
    /// The names of each operand's axes, `.0` and `.1` behind an ellipsis, and their extents.
    var operands: [[(name: String, extent: Int)]] = []
    var output: [String] = []
    var extents: [String: Int] = [:]
    var description: String { text + " " + shapes.map(\.description).joined(separator: " ") }
    var shapes: [Shape] { operands.map { Shape($0.map(\.extent)) } }

    init(_ generator: inout Generator) {
      func pick(_ n: Int) -> Int { Int(generator.next() % UInt64(n)) }
      let letters = ["a", "b", "c", "i", "j", "Z"]
      for name in letters + [".0", ".1"] { extents[name] = pick(12) == 0 ? 0 : 1 + pick(3) }
      let hasEllipsis = pick(3) == 0
      var terms: [String] = []
      for _ in 0..<1 + pick(4) {
        var (term, axes): (String, [(name: String, extent: Int)]) = ("", [])
        let count = pick(4)
        let place = hasEllipsis && pick(4) > 0 ? pick(count + 1) : -1
        for position in 0...count {
          if position == place {
            term += "..."
            for name in [".0", ".1"].suffix(pick(3)) { axes.append((name, pick(3) == 0 ? 1 : extents[name] ?? 1)) }
          }
          guard position < count else { break }
          let letter = letters[pick(letters.count)]
          term += (pick(5) == 0 ? " " : "") + letter
          axes.append((letter, extents[letter] ?? 1))
        }
        terms.append(term)
        operands.append(axes)
      }
      // The extent of an axis behind an ellipsis is 1 where no operand has more.
      for name in [".0", ".1"] {
        let own = operands.joined().filter { $0.name == name }.map(\.extent)
        extents[name] = own.first { $0 != 1 } ?? 1
      }
      let names = operands.joined().map(\.name)
      let further = [".0", ".1"].filter { names.contains($0) }
      let known = letters.filter { names.contains($0) }
      let isImplicit = pick(3) == 0
      var explicit = "->"
      if isImplicit {
        output = further + known.filter { name in names.count { $0 == name } == 1 }.sorted()
      } else {
        var rest = known
        let place = pick(3)
        while !rest.isEmpty, pick(4) > 0 {
          if output.count == place, hasEllipsis, !explicit.contains(".") {
            (explicit, output) = (explicit + "...", output + further)
          }
          let letter = rest.remove(at: pick(rest.count))
          (explicit, output) = (explicit + letter, output + [letter])
        }
      }
      text = terms.joined(separator: ",") + (isImplicit ? "" : explicit)
    }

    /// Calls `body` for every setting of all indices, with the places in the operands and in the result.
    private func forEachTerm(_ body: ([Int], Int) -> Void) {
      let names = Array(Set(operands.joined().map(\.name)))
      let count = names.reduce(1) { $0 * (extents[$1] ?? 1) }
      for number in 0..<count {
        var (rest, at): (Int, [String: Int]) = (number, [:])
        for name in names {
          at[name] = rest % (extents[name] ?? 1)
          rest /= extents[name] ?? 1
        }
        func place(_ axes: [(name: String, extent: Int)]) -> Int {
          axes.reduce(0) { $0 * $1.extent + ($1.extent == 1 ? 0 : at[$1.name] ?? 0) }
        }
        body(operands.map(place), place(output.map { ($0, extents[$0] ?? 1) }))
      }
    }

    func value(_ x: [[Double]]) -> [Double] {
      var y = [Double](repeating: 0, count: output.reduce(1) { $0 * (extents[$1] ?? 1) })
      forEachTerm { places, result in y[result] += zip(x, places).reduce(1) { $0 * $1.0[$1.1] } }
      return y
    }

    /// The gradient of ⟨g, y⟩: each operand's element meets the product of all others.
    func gradient(_ x: [[Double]], _ g: [Double]) -> [[Double]] {
      var gradients = x.map { $0.map { _ in 0.0 } }
      forEachTerm { places, result in
        for own in x.indices {
          gradients[own][places[own]] += x.indices.reduce(g[result]) { $1 == own ? $0 : $0 * x[$1][places[$1]] }
        }
      }
      return gradients
    }
  }

  private func recorded(_ equation: Equation, _ x: [[Double]]) -> (x: [Variable<Double>], y: Variable<Double>) {
    let tape = Tape<Double>()
    let leaves = zip(equation.shapes, x).map { tape.input(Tensor(shape: $0, elements: $1)) }
    return (leaves, einsum(equation.text, leaves))
  }

  @Test func `A random equation has the value and the gradients of plain loops over its indices`() {
    var generator = Generator(seed: 1916)
    for _ in 0..<1500 {
      let equation = Equation(&generator)
      let x = equation.shapes.map { generator.tensor($0).elements }
      let (leaves, y) = recorded(equation, x)
      #expect(Array(y.shape) == equation.output.map { equation.extents[$0] ?? 1 }, "\(equation)")
      let cotangent = generator.tensor(y.shape)
      let found = gradients(of: (y * y.tape.constant(cotangent)).sum(), withRespectTo: leaves).map(\.value.elements)
      let expected = equation.gradient(x, cotangent.elements)
      for (a, b) in zip([y.value.elements] + found, [equation.value(x)] + expected) {
        #expect(a.count == b.count, "\(equation)")
        #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }, "\(equation): \(a) \(b)")
      }
    }
  }

  @Test func `Differences of the plain loops agree with the backward mode`() {
    var generator = Generator(seed: 7)
    var judged = 0
    while judged < 12 {
      let equation = Equation(&generator)
      let counts = equation.shapes.map(\.elementCount)
      let size = counts.reduce(0, +)
      guard size > 3, size < 24, !equation.value(counts.map { Array(repeating: 1, count: $0) }).isEmpty else {
        continue
      }
      func split(_ flat: [Double]) -> [[Double]] {
        counts.indices.map { number in
          let start = counts[..<number].reduce(0, +)
          return Array(flat[start..<start + counts[number]])
        }
      }
      let report = checkGradient(
        of: { equation.value(split($0)) },
        vjp: { x, v in
          let (leaves, y) = recorded(equation, split(x))
          let loss = (y * y.tape.constant(Tensor(shape: y.shape, elements: v))).sum()
          return gradients(of: loss, withRespectTo: leaves).flatMap(\.value.elements)
        }, at: generator.tensor([size]).elements)
      #expect(report.agrees, "\(equation): \(report)")
      judged += 1
    }
  }

  @Test func `Equations agree at first and second order`() {
    var generator = Generator(seed: 8)
    for (text, shapes) in [
      ("bhqd,bhkd->bhqk", [[2, 2, 3, 2], [2, 2, 4, 2]]), ("ij,jk,kl->li", [[2, 3], [3, 2], [2, 4]]),
      ("iij,j->i", [[3, 3, 2], [2]]), ("...i,i", [[2, 3], [3]]),
    ] as [(String, [Shape])] {
      let tape = Tape<Double>()
      let y = einsum(text, shapes.map { tape.input(generator.tensor($0)) })
      let report = GradientCheck(of: y.tanh(), order: 2).run()
      #expect(report.agrees, "\(text): \(report)")
    }
  }
}

extension Generator {
  fileprivate mutating func tensor(_ shape: Shape) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in uniform(-1.5, 1.5) })
  }
}
