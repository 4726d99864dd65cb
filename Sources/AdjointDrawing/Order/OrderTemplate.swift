import AdjointCharts
import AdjointFiles
import Foundation

/// The document around the comparisons: one file, with its style and its script inside.
enum OrderTemplate {
  static func document(of page: OrderOfThings, _ links: String) -> String {
    PageTemplate.head(title, style: PageAssets.style + PageAssets.sidebyside) + opening + table(page.counts) + answer
      + links + ending + "<script type=\"application/json\" id=\"comparisons\">\(page.data.text(.embedded))</script>\n"
      + "<script>\n\"use strict\";\n(() => {\n\(PageAssets.order)\(PageAssets.ordertest)})();\n</script>\n</body>\n</html>\n"
  }

  private static let title = "The order of things"

  private static let opening = """
    <body class="order">
    <header><h1>\(title)</h1><p>Why a topological order, and not recursion? Wrong ways back beside the right one.</p>
    <button id="theme" type="button">light or dark</button></header>
    <noscript><p>This page moves by a script; it needs scripts switched on.</p></noscript>
    <nav aria-label="Steps">
    <button id="first" type="button" aria-keyshortcuts="Home" aria-label="First step">⇤<span> Home</span></button>
    <button id="previous" type="button" aria-keyshortcuts="ArrowLeft" aria-label="Step back">◀<span> back</span></button>
    <button id="next" type="button" aria-keyshortcuts="ArrowRight" aria-label="Step on">▶<span> on</span></button>
    <button id="last" type="button" aria-keyshortcuts="End" aria-label="Last step">⇥<span> End</span></button>
    <button id="run" type="button" aria-pressed="false">run</button>
    <span id="position"></span>
    <input id="progress" type="range" min="0" step="1" aria-label="Step">
    </nav>
    <div id="choices" role="group" aria-label="Comparisons, also keys 1 to 7"></div>
    <main>
    <section id="question" aria-labelledby="asked"><h2 id="asked"></h2><p id="reason"></p></section>
    <section class="side" aria-label="The wrong way"></section>
    <section class="side" aria-label="The right way"></section>
    </main>

    """

  /// The visits of both ways, with bars whose length is the logarithm.
  private static func table(_ counts: [VisitCount]) -> String {
    let longest = log2(Double(counts.map(\.recursion).max() ?? 2))
    let rows = counts.map { count -> String in
      func bar(_ visits: Int, _ name: String) -> String {
        let share = Markup.rounded(100 * log2(Double(visits)) / longest)
        return "<td class=\"\(name)\">\(visits)<div style=\"width: \(share)%\"></div></td>"
      }
      return "<tr><th scope=\"row\">\(count.diamonds)</th><td>\(count.values)</td>" + bar(count.recursion, "wrong")
        + bar(count.sweep, "right") + "</tr>\n"
    }
    return """
      <section id="counts" aria-labelledby="counted"><h2 id="counted">How many visits</h2>
      <p>Diamonds in a row, walked by the recursion that adds and by the sweep; counted while they ran. A bar is the logarithm of its number.</p>
      <table><thead><tr><th scope="col">diamonds</th><th scope="col">values</th><th scope="col">visits of recursion</th>
      <th scope="col">visits of the sweep</th></tr></thead><tbody>
      \(rows.joined())</tbody></table></section>

      """
  }

  private static let answer = """
    <section id="answer" aria-labelledby="answered"><h2 id="answered">The answer</h2>
    <p>The derivative is a sum over all paths from the output to a value. Recursion walks the paths, and there are exponentially
    many. The sweep walks the edges, of which there are few, because it hands on an adjoint only once: when it is complete. An adjoint
    is complete when all consumers have handed back, so every consumer must come first. An order in which this holds is a
    topological order, from the end.</p>
    <p>A tape needs no search for it. A value is recorded after its inputs, so the tape, read from its end, is such an order. A
    library without a tape finds one by a depth-first search that notes each value once, after its inputs: there recursion finds the
    order, and does not carry the derivatives.</p></section>

    """

  private static let ending = """
    <footer>Arrow keys step, Home and End jump, 1 to 7 choose a comparison. Every number was computed by running both ways on a recording.</footer>
    <div id="live" class="unseen" aria-live="polite"></div>

    """
}
