import Adjoint
import Foundation
import Testing

/// The catalogue is complete, and its examples cover what they claim to.
@Suite struct CatalogueTests {
  @Test func `Every operation that the sources declare is in the catalogue`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/Adjoint/Operations").standardizedFileURL
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).map { folder.appending(path: $0) }
    let listed = Set(OperationCatalog.all.map { "\($0)" })
    var declared: Set<String> = []
    for file in files where file.pathExtension == "swift" {
      let source = try String(contentsOf: file, encoding: .utf8)
      // A type whose conformances name Operation, or a protocol that refines it.
      let pattern = /^(?:public |package )?(?:struct|enum|final class|extension) (\w+)(?:<[^>]*>)?:([^{\n]*)\{/
        .anchorsMatchLineEndings()
      for match in source.matches(of: pattern) where match.2.contains(/\b(?:\w*Operation|AxisReduction)\b/) {
        declared.insert(String(match.1))
      }
    }
    #expect(declared.count >= 29)
    #expect(declared.subtracting(listed) == [], "declared, but without a line in OperationCatalog")
    #expect(listed.subtracting(declared) == [])
  }

  @Test func `Every type in the catalogue has examples, all of that type`() {
    for type in OperationCatalog.all {
      #expect(!type.examples.isEmpty, "\(type)")
      #expect(type.examples.allSatisfy { Swift.type(of: $0.operation) == type }, "\(type)")
    }
    #expect(Set(OperationCatalog.all.map { "\($0)" }).count == OperationCatalog.all.count)
  }

  @Test func `Closed families are exemplified case by case`() {
    let names = Set(OperationCatalog.names)
    #expect(names.isSuperset(of: Unary.allCases.map(\.rawValue)))
    #expect(names.isSuperset(of: Binary.allCases.map(\.rawValue)))
    #expect(names.isSuperset(of: Comparison.allCases.map(\.rawValue)))
    #expect(names.isSuperset(of: ["max", "min", "matmul", "logSoftmax", "scatterAdd"]))
    #expect(OperationCatalog.names.count == names.count)
  }

  @Test func `Operations of one name that differ have different attributes`() {
    // Otherwise a listing, a fingerprint or a report would take one for the other.
    var seen: [String: any Adjoint.Operation] = [:]
    for operation in OperationCatalog.examples.map(\.operation) {
      let key = operation.name + operation.attributes.map(\.description).joined(separator: ",")
      if let other = seen[key] { #expect("\(operation)" == "\(other)", "\(key)") }
      seen[key] = operation
    }
  }

  @Test("An operation writes its formula in three notations", arguments: ExampleCase.all)
  func notation(example: ExampleCase) {
    let formula = example.example.operation.notation(example.example.inputs.indices.map { .symbol("x\($0)") })
    #expect(!formula.text.isEmpty && !formula.latex.isEmpty && !formula.mathML.isEmpty)
    for position in example.example.inputs.indices { #expect(formula.text.contains("x\(position)")) }
    let (opened, closed) = (formula.mathML.split(separator: "</"), formula.mathML.split(separator: "<"))
    #expect(closed.count == 2 * (opened.count - 1), "every MathML element is closed")
    #expect(formula.latex.filter { $0 == "{" }.count == formula.latex.filter { $0 == "}" }.count)
  }
}
