import Foundation
import Testing

@Suite struct ReportTests {
  private static let charts = [
    "loss", "accuracy", "learning-rate", "confusion", "misclassified", "weights", "activations", "gradients",
  ]

  @Test("A report is one page that fetches nothing, with each chart as a file beside it; JSON is still the last line")
  func report() throws {
    let workplace = try Workplace()
    let outcome = try workplace.start(
      tiny + ["--report", "out/report", "--json", "--validation", "0.2", "--schedule", "cosine"]
    ).outcome()
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try outcome.number("epochs") == 2)
    #expect(outcome.output.contains("report: out/report/report.html"))
    let page = try String(contentsOfFile: workplace.path("out/report/report.html"), encoding: .utf8)
    #expect(!page.contains("http-equiv") && !page.contains("src=\"") && !page.contains("<script"))
    let links = page.components(separatedBy: "http").dropFirst().filter { !$0.hasPrefix("://www.w3.org/2000/svg\"") }
    #expect(links.isEmpty, "the name of SVG's namespace is the only address")
    for name in Self.charts {
      let chart = try String(contentsOfFile: workplace.path("out/report/\(name).svg"), encoding: .utf8)
      #expect(chart.hasPrefix("<svg ") && page.contains(chart), "\(name)")
    }
    for word in ["784 → 16 relu → 10", "Throughput", "12,730", "images to validate", "fc1/weight", "into fc2"] {
      #expect(page.contains(word), "\(word)")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: workplace.path("out/report"))
    #expect(Set(files) == Set(Self.charts.map { "\($0).svg" } + ["report.html"]), "nothing temporary is left")
  }

  @Test("The charts of the same training are the same bytes")
  func repeatable() throws {
    let workplace = try Workplace()
    for place in ["a", "b"] { #expect(try workplace.train("--report", place, "--dropout", "0.3").code == 0) }
    let json = ["--dropout", "0.3", "--json"]
    let plain = try workplace.start(tiny + json).outcome()
    let reported = try workplace.start(tiny + json + ["--report", "a"]).outcome()
    #expect(try plain.number("testLoss") == reported.number("testLoss"), "a report changes no digit")
    for name in Self.charts { #expect(try workplace.bytes("a/\(name).svg") == workplace.bytes("b/\(name).svg")) }
  }

  @Test("A resumed training reports the validation of every epoch")
  func resumed() throws {
    let workplace = try Workplace()
    let options = ["--validation", "0.2", "--save", "model.safetensors", "--report", "whole"]
    #expect(try workplace.start(tiny + options).outcome().code == 0)
    let again = try workplace.run("train", "--resume", "model.safetensors", "--report", "again")
    #expect(again.code == 0, "\(again.errors)")
    #expect(try workplace.bytes("whole/loss.svg") == workplace.bytes("again/loss.svg"))
  }

  @Test("A place where no report can stand is refused before the training starts")
  func unwritable() throws {
    let workplace = try Workplace()
    let file = try workplace.write("file", [1])
    let outcome = try workplace.train("--report", file)
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("file cannot be written: it is a file; give --report a directory"))
    let page = try workplace.train("--report", "report.html")
    #expect(page.errors.contains("report.html cannot be written: a report is a directory, with report.html inside"))
    #expect(!outcome.output.contains("epoch"))
    let below = try workplace.train("--report", file + "/below")
    #expect(below.code == 1 && below.errors.contains("Give --report a directory that you may write to"))
    #expect(try workplace.bytes("file") == [1])
  }

  @Test("Rows of pixels from a table are reported like other images")
  func table() throws {
    let workplace = try Workplace()
    let rows = (0..<24).map { row in
      "\(row % 3)," + (0..<784).map { String(($0 * (row % 3 + 1)) % 256) }.joined(separator: ",")
    }
    let table = try workplace.write("table.csv", Array((rows.joined(separator: "\n") + "\n").utf8))
    let outcome = try workplace.run("train", "--data", table, "--hidden", "none", "--epochs", "1", "--report", "r")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let page = try String(contentsOfFile: workplace.path("r/report.html"), encoding: .utf8)
    #expect(page.contains("table.csv") && page.contains("Weights of fc1"))
  }
}
