import Adjoint
import Testing

/// What an equation records, and what is said of one that does not fit.
@Suite struct EinsumTests {
  struct Record: CustomTestStringConvertible, Sendable {
    let equation: String
    let shapes: [Shape]
    let operations: [String]
    var testDescription: String { equation }
    init(_ equation: String, _ shapes: [Shape], _ operations: String...) {
      (self.equation, self.shapes, self.operations) = (equation, shapes, operations)
    }
  }

  static let records = [
    Record("ij,jk->ik", [[2, 3], [3, 4]], "matmul"), Record("ij,kj", [[2, 3], [4, 3]], "matmul"),
    Record("ij,jk->ki", [[2, 3], [3, 4]], "matmul"),
    Record("bhqd,bhkd->bhqk", [[2, 3, 4, 5], [2, 3, 6, 5]], "matmul"),
    Record("bhqk,bhkd->bhqd", [[2, 3, 4, 6], [2, 3, 6, 5]], "matmul"),
    Record("btd,ed->bte", [[2, 3, 4], [5, 4]], "matmul"), Record("ki,kj->ij", [[2, 3], [2, 4]], "matmul"),
    Record("i,i->", [[3], [3]], "matmul"), Record("ij,j->i", [[2, 3], [3]], "matmul"),
    Record("i,j->ij", [[2], [3]], "reshape", "multiply"), Record("ij,ij->ij", [[2, 3], [2, 3]], "multiply"),
    Record("bi,bi->b", [[2, 3], [2, 3]], "multiply", "sum"), Record("ij->ji", [[2, 3]], "permute"),
    Record("ij->", [[2, 3]], "sum"), Record("ij->ij", [[2, 3]]), Record("...ij->...ji", [[5, 2, 3]], "permute"),
    Record("bqhd,bkhd->bhqk", [[2, 4, 3, 5], [2, 6, 3, 5]], "permute", "permute", "matmul"),
  ]

  @Test("An equation records no more than it needs", arguments: records)
  func recording(record: Record) {
    let tape = Tape<Float>()
    let x = record.shapes.map { tape.input(.ones($0)) }
    _ = einsum(record.equation, x)
    #expect((x.count..<tape.count).compactMap { tape.operation(at: $0)?.name } == record.operations)
  }

  @Test("Several operands are combined in the order of fewest multiplications", arguments: [3, 8])
  func order(count: Int) {
    // From the right, a vector goes through every matrix; from the left, matrices meet matrices.
    let letters = Array("abcdefghi")
    let terms = (0..<count).map { "\(letters[$0])\(letters[$0 + 1])" } + ["\(letters[count])"]
    let tape = Tape<Float>()
    let x = (0..<count).map { _ in tape.input(.ones([6, 6])) } + [tape.input(.ones([6]))]
    let y = einsum(terms.joined(separator: ","), x)
    #expect(y.shape == [6])
    for node in 0..<tape.count where tape.operation(at: node) != nil { #expect(tape[node].shape.rank == 1) }
  }

  struct Misfit: CustomTestStringConvertible, Sendable {
    let equation: String
    let shapes: [Shape]
    let sentence: String
    var testDescription: String { equation }
    init(_ equation: String, _ shapes: [Shape], _ sentence: String) {
      (self.equation, self.shapes, self.sentence) = (equation, shapes, sentence)
    }
  }

  static let misfits = [
    Misfit(
      "ij,jk->ik", [[2, 3], [4, 5]],
      "the letter j has the extent 3 in operand 0 \"ij\" [2, 3] and 4 in operand 1 \"jk\" [4, 5]"),
    Misfit(
      "ii", [[2, 3]], "the letter i has the extent 2 in operand 0 \"ii\" [2, 3] and 3 in operand 0 \"ii\" [2, 3]"),
    Misfit("ij,jk->iz", [[2, 3], [3, 5]], "the result of \"ij,jk->iz\" names the letter z, which no operand has"),
    Misfit("ij->ii", [[2, 3]], "the result of \"ij->ii\" names the letter i twice"),
    Misfit("ij,jk", [[2, 3]], "\"ij,jk\" names 2 operands, was given 1: [2, 3]"),
    Misfit("ij", [[2, 3], [3]], "\"ij\" names 1 operand, was given 2: [2, 3], [3]"),
    Misfit("ij", [], "\"ij\" names 1 operand, was given 0"),
    Misfit("ijk", [[2, 3]], "\"ijk\" names 3 axes, and operand 0 [2, 3] has 2"),
    Misfit("i,i", [[2], []], "\"i\" names 1 axis, and operand 1 [] has 0"),
    Misfit("...ijk", [[2, 3]], "\"...ijk\" names at least 3 axes, and operand 0 [2, 3] has 2"),
    Misfit("...i...", [[2, 3]], "\"...i...\" in \"...i...\" has ... twice"),
    Misfit("i->j->k", [[2]], "\"i->j->k\" has -> more than once"),
    Misfit(
      "...i,...i", [[2, 4], [3, 4]],
      "an axis behind ... has the extent 2 in operand 0 \"...i\" [2, 4] and 3 in operand 1 \"...i\" [3, 4]"),
    Misfit(
      "i;j", [[2], [3]],
      "\";\" in \"i;j\" is not understood: a letter names an axis, a comma separates operands, -> comes before the result, "
        + "and ... stands for any further axes"),
    Misfit(
      "ij>i", [[2, 3]],
      "\">\" in \"ij>i\" is not understood: a letter names an axis, a comma separates operands, -> comes before the result, "
        + "and ... stands for any further axes"),
    Misfit(
      "abcde,fghij->abcdefghij", [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
      "the result of \"abcde,fghij->abcdefghij\" has 10 axes; at most 8 are supported"),
  ]

  @Test("An equation that does not fit is told in a sentence", arguments: misfits)
  func sentence(misfit: Misfit) {
    #expect(throws: ShapeError("einsum: " + misfit.sentence)) { try EinsumEquation(misfit.equation, misfit.shapes) }
  }

  @Test func `Products of vectors and of several axes are what their equations are`() {
    var generator = Generator(seed: 3)
    let (a, b) = (generator.tensor([2, 3, 4]), generator.tensor([3, 4, 5]))
    let (u, v, square) = (generator.tensor([3]), generator.tensor([4]), generator.tensor([2, 3, 3]))
    func expect(_ x: Tensor<Double>, _ y: Tensor<Double>) { #expect(x.isClose(to: y), "\(x) \(y)") }
    expect(a.tensordot(b), einsum("ijk,jkl->il", a, b))
    expect(a.tensordot(b, axes: [-1, 1], [1, 0]), einsum("ijk,jkl->il", a, b))
    expect(a.tensordot(b, axes: [1], [0]), einsum("ijk,jlm->iklm", a, b))
    expect(u.tensordot(v, axes: 0), einsum("i,j->ij", u, v))
    expect(u.outer(v), einsum("i,j->ij", u, v))
    expect(a.dot(a), einsum("ijk,ijk->", a, a))
    expect(einsum("bii->b", square), Tensor([0, 1].map { b in (0..<3).reduce(0) { $0 + square[b, $1, $1] } }))
  }
}
