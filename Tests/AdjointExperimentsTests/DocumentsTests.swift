import AdjointExperiments
import Testing

@Suite struct DocumentsTests {
  @Test("A verdict follows from numbers alone")
  func verdicts() {
    #expect(Proof.equal([1, 2], [1, 2]).verdict == .holds)
    #expect(Proof.equal([1, 2.001], [1, 2]).verdict == .wrong)
    #expect(Proof.equal([1], [1, 2]).verdict == .wrong)
    #expect(Proof.equal([.nan], [1]).verdict == .wrong)
    #expect(Proof.equal([], []).verdict == .wrong, "nothing was compared")
    #expect(Proof.amended([2], "half", [1], [1]).verdict == .misprint)
    #expect(Proof.amended([1], "half", [0.5], [1]).verdict == .holds)
    #expect(Proof.amended([2], "half", [3], [1]).verdict == .wrong)
    #expect(Proof.product(of: [(1, 10), (1, 64)], "ᵀ", [1], [1]).verdict == .misprint)
    #expect(Proof.product(of: [(1, 10), (10, 64)], "ᵀ", [1], [1]).verdict == .holds)
    #expect(Proof.product(of: [(1, 10), (10, 64)], "ᵀ", [2], [1]).verdict == .wrong)
    #expect(Proof.shaped((3, 1), where: (3, 1), "ᵀ", [1], [1]).verdict == .holds)
    #expect(Proof.shaped((3, 1), where: (1, 3), "ᵀ", [1], [1]).verdict == .misprint)
    #expect(Proof.shaped((3, 1), where: (1, 4), "ᵀ", [1], [1]).verdict == .wrong)
    #expect(Proof.shaped((3, 1), where: (3, 1), "ᵀ", [2], [1]).verdict == .wrong)
  }

  @Test("Every known slip of the five documents is confirmed by its numbers")
  func slips() throws {
    let verdicts = try DocumentClaims.verdicts()
    #expect(verdicts.keys.sorted() == ["000", "001", "002", "003", "004"])
    func expect(_ document: String, _ place: String, _ verdict: String) {
      #expect(verdicts[document]?[place] == verdict, "\(document) \(place)")
    }
    expect("000", "(2)", "holds")
    expect("000", "(4)", "misprint")
    expect("001", "§2.1 ∂a₂/∂W₂", "wrong")
    expect("001", "§2.1 ∂a₁/∂W₁", "wrong")
    expect("001", "§2.1 ∂f₁/∂a₁", "misprint")
    expect("001", "§2.2 ∂L/∂W₂", "misprint")
    expect("001", "§2.2 ∂L/∂W₁", "misprint")
    expect("001", "§5", "wrong")
    expect("002", "(3)", "misprint")
    expect("002", "Alg. 1, lines 5–7", "misprint")
    expect("002", "Alg. 1, line 8: the sum", "misprint")
    expect("002", "§3, table 1", "wrong")
    expect("002", "(7)", "misprint")
    expect("003", "§8.1, gradients", "wrong")
    expect("003", "§8.1, learning", "wrong")
    expect("003", "§1, §2, chain", "holds")
    expect("004", "(6.16b)", "misprint")
    expect("004", "Ex. 6.1, two layers", "misprint")
    expect("004", "Alg. 6.1, line 10", "holds")
    expect("004", "Alg. 6.1, line 13", "holds")
    // What lacks the same −λ, and what is a row where a column stands, has the same verdict.
    for place in ["(11)", "(13)"] { expect("000", place, "misprint") }
    for place in ["§5", "§7.2.1, the line"] { expect("003", place, "misprint") }
    expect("004", "Alg. 6.1, line 21", "misprint")
    expect("002", "§3, table 1, differences", "holds")
    expect("004", "Alg. 6.1, lines 18, 19", "holds")
  }

  @Test("The page has every numbered equation of each document")
  func coverage() throws {
    let verdicts = try DocumentClaims.verdicts()
    func places(_ document: String) -> String { (verdicts[document] ?? [:]).keys.joined(separator: " ") }
    for number in Array(1...11) + [13, 14, 15] { #expect(places("000").contains("(\(number))")) }
    for number in 1...9 { #expect(places("002").contains("(\(number))")) }
    for number in [
      "6.2", "6.3", "6.6a", "6.6b", "6.7", "6.8a", "6.8b", "6.11", "6.13", "6.14a", "6.14b", "6.15", "6.16a", "6.16b",
      "6.16c",
      "6.16d", "6.17", "6.18", "6.19", "6.20", "6.21", "6.23a", "6.23b", "6.24a", "6.24b", "6.24c", "6.24d", "6.25",
      "6.26a",
      "6.26b", "6.27a", "6.27b", "6.27c", "6.27d", "6.28",
    ] {
      #expect(places("004").contains("(\(number))"), "\(number)")
    }
  }
}
