import Adjoint
import AdjointExperiments
import AdjointFiles
import AdjointLearning
import Foundation
import Testing

/// NIST's certified regressions, and the files that they stand in.
@Suite("Certified regressions")
struct RegressionTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Cases/nist")

  @Test("the certified minimum is found from the second start, to nine digits", arguments: RegressionModel.all)
  func secondStart(model: RegressionModel) throws {
    let table = try CertifiedTable(model.name, in: Self.folder)
    let fit = LevenbergMarquardt().minimize(from: Tensor(table.starts[1]), residuals: model.residuals(of: table))
    let digits = Regressions.commonDigits(fit.parameters.elements, table.parameters)
    #expect(digits >= 9, "\(model.name): \(digits) digits, \(fit)")
    let squares = Regressions.commonDigits([fit.value], [table.squares])
    // The residuals of Lanczos1 are as small as the rounding of its responses allows.
    #expect(squares >= (model.name == "Lanczos1" ? 2 : 9), "\(model.name): \(squares) digits of Σr², \(fit)")
    #expect(fit.reason == .converged || model.name == "Lanczos1", "\(fit)")
  }

  @Test func `there is a model for each of the 27 files, with as many parameters as are certified`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".dat") }
    #expect(files.sorted() == RegressionModel.all.map { $0.name + ".dat" }.sorted() && files.count == 27)
    for model in RegressionModel.all {
      let table = try CertifiedTable(model.name, in: Self.folder)
      let certified = Tensor(table.parameters)
      // The residuals at the certified parameters have the certified sum of squares, but for the digits that these lack.
      let residuals = model.residuals(of: table)(Tape<Double>().input(certified)).value.elements
      let squares = residuals.reduce(0) { $0 + $1 * $1 }
      #expect(abs(squares / table.squares - 1) < 1e-6 || model.name == "Lanczos1", "\(model.name): \(squares)")
      for parameter in 1...table.parameters.count {
        #expect(model.formula.contains("b\(parameter)") || model.name == "ENSO")
      }
      #expect(!model.formula.contains("b\(table.parameters.count + 1)"))
    }
  }

  @Test func `the experiment's figures hold, and its rows say which fits fell short`() throws {
    let place = try Place()
    let sweep = Sweep(
      [try experiment("nist")], .full, store: place.store, dataName: "none", threads: 2, tables: Self.folder)
    try sweep.run(digits: { fewDigits })
    let section = try sweep.sections()[0].section
    for row in section.rows { #expect(!row.verdict.isMiss, "\(row.subject): \(row.ours)") }
    #expect(section.rows[2].ours.contains("Lanczos1"))
    #expect(try sweep.missing().jobs.isEmpty)
  }

  @Test func `without the folder of tables nothing is computed, and the rows are not run`() throws {
    let place = try Place()
    let sweep = Sweep([try experiment("nist")], .full, store: place.store, dataName: "none", threads: 1)
    #expect(try sweep.missing().jobs.isEmpty)
    #expect(try sweep.sections()[0].section.rows.map(\.verdict) == [.notRun])
  }

  // MARK: Files

  /// The error of reading Misra1a after a change of its text.
  private func error(_ change: (String) -> String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nist-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = try String(contentsOf: Self.folder.appendingPathComponent("Misra1a.dat"), encoding: .utf8)
    let changed = change(text)
    #expect(changed != text)
    try changed.write(to: folder.appendingPathComponent("Misra1a.dat"), atomically: true, encoding: .utf8)
    let error = #expect(throws: FileError.self) { try CertifiedTable("Misra1a", in: folder) }
    return error?.description ?? ""
  }

  @Test func `a file that is cut short or altered is refused with its line`() throws {
    let cases: [(change: (String) -> String, sentence: String)] = [
      (
        { _ in "" }, "line 1, column 1: expected 'Certified Values (lines … to …)' among the first 10 lines, found none"
      ),
      ({ $0.replacing("(lines 61 to 74)", with: "(lines 61 to x)") }, "expected 'Data (lines … to …)'"),
      ({ $0.components(separatedBy: "\n").prefix(70).joined(separator: "\n") }, "line 70, column 1: expected 74 lines"),
      (
        { $0.replacing("(lines 61 to 74)", with: "(lines 61 to 73)") },
        "line 47, column 1: expected 13, the count of lines of data, found 'Number of Observations:"
      ),
      (
        { $0.replacing("18.89", with: "").replacing("17.94E0", with: "17,94") }, "line 63, column 1: expected 2 numbers"
      ),
      ({ $0.replacing("29.61E0     239.9E0", with: "29.61E0") }, "line 65, column 1: expected 2 numbers"),
      ({ $0.replacing("29.61E0", with: "inf") }, "line 65, column 1: expected 2 numbers"),
      ({ $0.replacing("5.5015643181E-04", with: "") }, "line 42, column 1: expected 4 numbers"),
      ({ $0.replacing("Residual Sum of Squares:", with: "RSS") }, "expected 'Residual Sum of Squares:' up to line 47"),
      ({ $0 + "\n81.78E0 760.0E0\n" }, "expected the end of the data, found '81.78E0 760.0E0'"),
    ]
    for (change, sentence) in cases {
      let found = try error(change)
      #expect(found.contains(sentence), "\(found)")
    }
    let missing = #expect(throws: FileError.self) { try CertifiedTable("Misra9", in: Self.folder) }
    #expect(missing?.description.contains("Misra9.dat") == true)
  }

  @Test func `Windows' ends of lines change nothing`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nist-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = try String(contentsOf: Self.folder.appendingPathComponent("Nelson.dat"), encoding: .utf8)
    try text.replacing("\r", with: "").replacing("\n", with: "\r\n")
      .write(to: folder.appendingPathComponent("Nelson.dat"), atomically: true, encoding: .utf8)
    let (one, other) = (try CertifiedTable("Nelson", in: folder), try CertifiedTable("Nelson", in: Self.folder))
    #expect(one.columns == other.columns && one.columns.count == 3 && one.columns[0].count == 128)
    #expect(one.starts == other.starts && one.squares == other.squares)
  }
}
