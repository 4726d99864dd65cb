import Adjoint
import AdjointDrawing
import AdjointGrading

/// A lesson of the course: one question, a page that answers it, and an exercise that the page grades.
///
/// Its models are recorded anew for each page, on tapes of their own.
package struct Lesson: Sendable {
  /// Its place in the course, counted from 1.
  package let number: Int
  /// The end of the page's name, in words joined by hyphens.
  package let name: String
  package let title: String
  /// What it is about, in one sentence.
  package let idea: String
  /// The modules of other courses in which the same is built.
  package let curricula: Curricula
  /// What it says above the steps, in the markup of `LessonText`.
  package let text: String
  /// The recording that the page walks through.
  package let page: @Sendable () -> Explanation
  /// What is to be done in the exercise, in the same markup.
  package let task: String
  /// The loss whose adjoints the exercise asks for, of small decimals. The page shows its forward pass.
  package let exercise: @Sendable () -> Variable<Double>

  package init(
    number: Int, name: String, title: String, idea: String, curricula: Curricula, text: String,
    page: @escaping @Sendable () -> Explanation, task: String, exercise: @escaping @Sendable () -> Variable<Double>
  ) {
    (self.number, self.name, self.title, self.idea, self.curricula) = (number, name, title, idea, curricula)
    (self.text, self.page, self.task, self.exercise) = (text, page, task, exercise)
  }

  /// The name of its page, such as `03-the-chain.html`.
  package var file: String { (number < 10 ? "0" : "") + "\(number)-\(name).html" }

  /// The page without the links to its neighbours.
  package var explanation: Explanation { explanation(after: nil, before: nil) }

  /// The page, between those of the lessons before and after it.
  func explanation(after previous: Lesson?, before next: Lesson?) -> Explanation {
    var page = page()
    page.title = "\(number). \(title)"
    page.subtitle = idea
    let loss = exercise()
    page.ask(Exercise(on: loss).page, about: Explanation(of: loss, unfolded: true))
    page.slots.lesson = Lesson.links(previous, next) + LessonText.html(text)
    page.slots.exercise = LessonText.html(task)
    page.slots.ending = Lesson.links(previous, next)
    return page
  }

  static func links(_ previous: Lesson?, _ next: Lesson?) -> String {
    let before = previous.map {
      "<a rel=\"prev\" href=\"\($0.file)\">← \($0.number). \(LessonText.escaped($0.title))</a>"
    }
    let after = next.map { "<a rel=\"next\" href=\"\($0.file)\">\($0.number). \(LessonText.escaped($0.title)) →</a>" }
    let links = [before, "<a href=\"index.html\">all lessons</a>", after].compactMap { $0 }
    return "<p class=\"course\">\(links.joined(separator: " "))</p>\n"
  }
}

/// Modules of the two best-known courses in which a framework is built from nothing.
package struct Curricula: Sendable {
  /// Modules of minitorch.
  package let minitorch: String
  /// Modules of TinyTorch.
  package let tinyTorch: String

  package init(minitorch: String, tinyTorch: String) { (self.minitorch, self.tinyTorch) = (minitorch, tinyTorch) }
}
