import Adjoint
import AdjointCharts

/// The document around the page's data: one file, with its style and its scripts inside.
enum PageTemplate {
  static func document(of explanation: Explanation) -> String {
    let (title, subtitle) = (Markup.escaped(explanation.title), Markup.escaped(explanation.subtitle))
    let slots = explanation.slots
    let homework = explanation.exercise?.text(.embedded)
    let isAsking = homework != nil && explanation.exerciseData == nil
    let questions = json("homework", homework) + json("homework-recording", explanation.exerciseData)
    let script = script + (homework == nil ? "" : PageAssets.grading + PageAssets.fillin)
    return head(title, isPlain: homework == nil && slots.isEmpty)
      + (isAsking ? "<body class=\"asking\">\n" : "<body>\n") + header(title, subtitle)
      + slot("lesson", "Lesson", slots.lesson) + controls + content
      + slot("exercise", "Exercise", slots.exercise)
      + (homework == nil ? "" : "<section id=\"homework-fields\" class=\"panel\" aria-label=\"Fill in\"></section>\n")
      + slot("ending", "Neighbours", slots.ending) + footer
      + "<script type=\"application/json\" id=\"recording\">\(explanation.data)</script>\n" + questions
      + "<script>\n\"use strict\";\n(() => {\n\(script)\(slots.script)\(PageAssets.selftest)})();\n</script>\n</body>\n</html>\n"
  }

  /// Data of the page; nothing where there is none.
  private static func json(_ id: String, _ text: String?) -> String {
    text.map { "<script type=\"application/json\" id=\"\(id)\">\($0)</script>\n" } ?? ""
  }

  /// A part of the page that a lesson fills; nothing where it does not.
  private static func slot(_ id: String, _ label: String, _ content: String) -> String {
    let panel = id == "ending" ? "" : " class=\"panel\""
    return content.isEmpty
      ? "" : "<section id=\"\(id)\"\(panel) aria-label=\"\(label)\">\n\(content)\n</section>\n"
  }

  /// The whole script, in the order in which its parts build on each other.
  private static var script: String {
    PageInterpreter.script + PageAssets.page + PageAssets.graph + PageAssets.heat + PageAssets.charts
      + PageAssets.view + PageAssets.learn + PageAssets.play
  }

  /// The head of the document. Its policy refuses every request, since the page holds all that it needs.
  private static func head(_ title: String, isPlain: Bool) -> String {
    """
    <!DOCTYPE html>
    <html lang="en" data-theme="light">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
    <link rel="icon" href="data:,">
    <title>\(title)</title>
    <style>
    \(PageAssets.style)\(isPlain ? "" : PageAssets.lesson)</style>
    </head>

    """
  }

  private static func header(_ title: String, _ subtitle: String) -> String {
    """
    <header><h1>\(title)</h1><p>\(subtitle)</p>
    <button id="teacher" type="button" aria-pressed="false">ask first</button>
    <button id="theme" type="button">light or dark</button></header>
    <noscript><p>This page computes what it shows; it needs scripts switched on.</p></noscript>

    """
  }

  private static let controls = """
    <nav aria-label="Steps">
    <button id="first" type="button" aria-keyshortcuts="Home" aria-label="First step">⇤<span> Home</span></button>
    <button id="previous" type="button" aria-keyshortcuts="ArrowLeft" aria-label="Step back">◀<span> back</span></button>
    <button id="next" type="button" aria-keyshortcuts="ArrowRight" aria-label="Step on">▶<span> on</span></button>
    <button id="last" type="button" aria-keyshortcuts="End" aria-label="Last step">⇥<span> End</span></button>
    <span id="position"></span>
    <input id="progress" type="range" min="0" step="1" aria-label="Step">
    <button id="unfold" type="button">unfold layers</button>
    </nav>

    """

  private static let content = """
    <main>
    <section id="detail" aria-label="The node at hand"></section>
    <div id="tools">
    <section id="learn" aria-label="Learning">
    <h2>Learning</h2>
    <p class="steps"><button id="step" type="button">step</button> <button id="run" type="button" aria-pressed="false">run</button>
    <button id="restart" type="button">reset</button>
    <label>rate η <input id="rate" type="number" min="0" step="any"></label></p>
    <p id="examples"><label>example <select id="example"></select></label>
    <label id="cycling"><input id="cycle" type="checkbox"> next after a step</label></p>
    <p class="note" id="learned"></p>
    <div class="charts"><svg id="loss-curve" class="chart" role="img"></svg><svg id="picture" class="chart" role="img"></svg></div>
    <div id="predictions"></div>
    </section>
    <section id="play" aria-label="Change a number">
    <h2>Change a number</h2>
    <dl><dt>loss</dt><dd><span id="loss"></span> <span class="note" id="loss-change"></span></dd></dl>
    <label>leaf <select id="leaf"></select></label>
    <label>element <input id="element" type="number" min="0" step="1"> <span id="coordinates"></span></label>
    <label>value <input id="slider" type="range" step="any" aria-label="Value of the element"></label>
    <label><span class="unseen">Value of the element, exactly</span><input id="value" type="number" step="any"></label>
    <button id="reset" type="button">reset</button>
    <button id="check" type="button">check this element</button>
    <dl class="held"><dt>adjoint</dt><dd id="gradient"></dd></dl>
    <p class="note" id="check-result" role="status"></p>
    <p class="note" id="stops"></p>
    </section>
    </div>
    <section id="graph" aria-label="Graph of the forward pass">
    <div class="scroll" tabindex="0" role="group" aria-label="Graph, which scrolls"><svg id="graph-drawing" role="group" aria-label="Nodes and layers, inputs above"></svg></div>
    <p class="legend">Round ends: leaves (thick: parameters). Boxes: operations and folded layers. Dashed: not computed yet. ▼: adjoint
    computed. A value that was not computed is absent, never zero.</p>
    </section>
    </main>

    """

  private static let footer = """
    <footer>Arrow keys step, Home and End jump; in a heat map they read its elements. The page holds the recorded nodes and computes
    both halves itself, in double precision.</footer>
    <div id="readout"></div>
    <div id="live" class="unseen" aria-live="polite"></div>

    """
}

/// The page's script and style as they stand in `Assets/`. `.ci/embed` writes an extension for each file.
enum PageAssets {}

/// The page's interpreter in JavaScript, and the operations that it computes. It has forward rules alone, because the
/// backward half is recorded nodes too.
package enum PageInterpreter {
  /// The part of the page's script that needs no document. Tests run it by itself.
  package static var script: String {
    PageAssets.shapes + PageAssets.elementwise + PageAssets.tensors + PageAssets.windows + PageAssets.matrices
      + PageAssets.engine + PageAssets.learning
  }

  /// The grader of an exercise, which builds on the script. Tests run it by itself.
  package static var grading: String { PageAssets.grading }

  /// True when the page can compute this operation: one of the library's. One of a user's own has no rule, whatever its name.
  static func hasRule(for operation: any Adjoint.Operation) -> Bool { operation is any LibraryOperation }
}
