import AdjointCharts
import AdjointCommandLine
import AdjointFiles
import Foundation

/// Tables and charts as one file of HTML that needs nothing else: the charts stand in it, and nothing is fetched.
struct ReportPage {
  let title: String
  let tables: [(heading: String, rows: [(String, String)])]
  let sections: [TrainingReport.Section]

  var html: String {
    var head = Markup("head", [:], [Markup("meta", ["charset": "utf-8"])])
    head.append(Markup("meta", ["name": "viewport", "content": "width=device-width,initial-scale=1"]))
    head.append(Markup("meta", ["name": "color-scheme", "content": "light dark"]))
    head.append(Markup("title", text: title))
    var style = Markup("style")
    style.children = [.finished(ReportPage.css)]
    head.append(style)

    var main = Markup("main", [:], [Markup("h1", text: title)])
    main.append(Markup("div", ["class": "tables"], tables.map { table($0.heading, $0.rows) }))
    for section in sections { main.append(part(section)) }
    let page = Markup("html", ["lang": "en"], [head, Markup("body", [:], [main])])
    return "<!DOCTYPE html>\n" + page.rendered(selfClosing: false) + "\n"
  }

  private func table(_ heading: String, _ rows: [(String, String)]) -> Markup {
    let lines = rows.map { name, value in
      Markup("tr", [:], [Markup("th", ["scope": "row"], text: name), Markup("td", text: value)])
    }
    return Markup("table", [:], [Markup("caption", text: heading), Markup("tbody", [:], lines)])
  }

  private func part(_ section: TrainingReport.Section) -> Markup {
    var part = Markup("section", [:], [Markup("h2", text: section.heading), Markup("p", text: section.text)])
    var charts = Markup("div", ["class": "charts"])
    for (file, chart) in section.charts {
      var figure = Markup("figure")
      figure.children = [.finished(chart.svg())]
      figure.append(
        Markup("figcaption", [:], [Markup("a", ["href": .init(file)], text: file)]))
      charts.append(figure)
    }
    if !section.charts.isEmpty { part.append(charts) }
    return part
  }

  private static let css =
    ":root{color-scheme:light dark;--ink:#1d1f23;--faint:#5a5f69;--paper:#fff;--line:#dfe2e7}"
    + "@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--faint:#a5abb6;--paper:#16181d;--line:#2c3038}}"
    + "body{margin:0;background:var(--paper);color:var(--ink);"
    + "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}"
    + "main{max-width:1500px;margin:0 auto;padding:24px 20px 60px}h1{font-size:24px;margin:0 0 16px}"
    + "h2{font-size:19px;margin:36px 0 4px;border-top:1px solid var(--line);padding-top:20px}"
    + "p{margin:0 0 12px;max-width:44em}.tables{display:flex;flex-wrap:wrap;gap:12px 40px;align-items:flex-start}"
    + "@media(min-width:800px){.tables{display:grid;grid-template-columns:auto 1fr;grid-template-rows:auto 1fr}"
    + ".tables table:last-child{grid-area:1/2/3/3}}"
    + "table{border-collapse:collapse}caption{text-align:left;font-weight:600;padding:4px 0}"
    + "th,td{text-align:left;vertical-align:top;padding:2px 14px 2px 0;border-top:1px solid var(--line)}"
    + "th{font-weight:400;color:var(--faint)}td{overflow-wrap:anywhere;font-variant-numeric:tabular-nums}"
    // Side by side where there is room for a chart's own width twice.
    + ".charts{display:flex;flex-wrap:wrap;gap:0 32px;align-items:flex-start}.charts figure{flex:0 1 auto;max-width:100%}"
    + "figure{margin:0 0 20px;overflow-x:auto}figcaption{font-size:12px}a{color:inherit}"
    // So are sections of one chart.
    + "@media(min-width:1100px){main{display:flex;flex-wrap:wrap;gap:0 40px}main>*{flex:1 1 100%;min-width:0}"
    + "section:has(figure:only-child){flex:1 1 40%}}"
    + "svg{display:block;max-width:100%;height:auto}@media print{section{break-inside:avoid}}"
}

/// The directory that `--report` names, found writable before a training starts: nobody should learn after an hour that
/// the report has no place.
struct ReportDirectory {
  let path: String
  private let url: URL

  /// Makes the directory where there is none, and tries it out.
  /// - Throws: `CommandError.unwritable`.
  init(_ path: String) throws(CommandError) {
    self.path = path
    url = FilePlace.url(path, isDirectory: true)
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
    if !exists, url.pathExtension.lowercased() == "html" {
      throw .unwritable(
        path, reason: "a report is a directory, with report.html inside; give --report the directory alone")
    }
    if exists, !isDirectory.boolValue {
      throw .unwritable(path, reason: "it is a file; give --report a directory, which is made where there is none")
    }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      try OutputFile.probe(url)
    } catch let error as FileError {
      throw .unwritable(path, error)
    } catch {
      throw .unwritable(
        path, reason: "\((error as NSError).localizedDescription) Give --report a directory that you may write to.")
    }
  }

  /// True for a file that the report would replace.
  func wouldReplace(_ file: URL) -> Bool {
    ["html", "svg"].contains(file.pathExtension)
      && FilePlace.isSame(file, url.appendingPathComponent(file.lastPathComponent))
  }

  /// Replaces a file as a whole, or not at all: it is written under another name first.
  /// - Throws: `CommandError.unwritable`.
  func write(_ text: String, to name: String) throws(CommandError) {
    let file = url.appendingPathComponent(name)
    do throws(FileError) {
      try OutputFile.replace(file, with: text.utf8)
    } catch {
      throw .unwritable(file.path, error)
    }
  }
}
