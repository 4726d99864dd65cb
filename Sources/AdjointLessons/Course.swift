import AdjointCharts
import AdjointDrawing

/// The lessons in their order.
package enum Course {
  package static let lessons: [Lesson] = [
    .number, .neuron, .chain, .fanOut, .jacobians, .layer, .softmax, .batch, .xor, .digits, .convolution, .attention,
  ]

  /// The page of a lesson, with links to its neighbours.
  package static func page(of lesson: Lesson) -> String {
    lesson.explanation(
      after: lessons.first { $0.number == lesson.number - 1 }, before: lessons.first { $0.number == lesson.number + 1 }
    ).html
  }

  /// Every file of the folder that a class gets: the pages, and what lists them.
  package static var files: [(name: String, text: String)] {
    lessons.map { ($0.file, page(of: $0)) } + [
      ("order-of-things.html", OrderOfThings().html(linking: Lesson.links(Lesson.fanOut, nil))),
      ("index.html", index), ("README.md", readme),
    ]
  }

  /// The list for somebody who reads the repository.
  static var readme: String {
    let rows = lessons.map { lesson in
      "| \(lesson.number) | [\(lesson.title)](\(lesson.file)) | \(lesson.idea) | \(lesson.curricula.minitorch) | "
        + "\(lesson.curricula.tinyTorch) |"
    }
    return """
      # Lessons

      From a number and its nudge to a block of a transformer: each lesson is a page with one question, a model to walk through, and
      an exercise that the page grades as you type. A page is one file. It needs a browser, and nothing else: no toolchain, no server, no network.

      **To open one**: take the file (on GitHub: its name, then *Download raw file*) and open it. With a copy of the repository, open
      `Docs/Lessons/index.html`. `adjoint lesson 1 -o one.html` writes the first, `adjoint lesson` lists them.

      | | lesson | in one sentence | minitorch builds it in | TinyTorch builds it in |
      | ---: | --- | --- | --- | --- |
      \(rows.joined(separator: "\n"))

      The two columns on the right are for who builds a framework by hand: the modules of [minitorch](https://minitorch.github.io) and of
      [TinyTorch](https://mlsysbook.ai/tinytorch) in which the same is written. For teachers: [Course.md](../Course.md).

      All files here are written by `adjoint lesson --all -o Docs/Lessons`; their sources are in `Sources/AdjointLessons`.

      """
  }

  /// The list for a browser.
  static var index: String {
    let items = lessons.map { lesson in
      "<li><a href=\"\(lesson.file)\">\(LessonText.escaped(lesson.title))</a><br>\(LessonText.escaped(lesson.idea))</li>"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <link rel="icon" href="data:,">
      <title>Lessons</title>
      <style>
      :root { color-scheme: light dark; }
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 0.6rem 1rem; }
      h1 { font-size: 1.4rem; } li { margin: 0.5rem 0; }
      </style>
      </head>
      <body>
      <h1>Backpropagation, in \(lessons.count) lessons</h1>
      <p>Each page asks one question, walks through a model that answers it, and ends with an exercise that it grades as you type. Go in order.</p>
      <ol>
      \(items.joined(separator: "\n"))
      </ol>
      </body>
      </html>

      """
  }
}
