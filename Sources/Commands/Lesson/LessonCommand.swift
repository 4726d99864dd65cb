import AdjointCommandLine
import AdjointFiles
import AdjointLessons
import Foundation

/// `adjoint lesson`: the pages of the course.
@main
enum LessonCommand {
  static func main() { CommandLineProgram.main(command) }

  static let command = Command(
    name: "lesson", summary: Sibling.lesson.summary, positional: ("NUMBER", 0...1),
    options: [
      Option(
        "output", "FILE", .text, "The page to write, also -o; a folder with --all. Without it, the lesson's own name."),
      .flag("all", "Write every lesson into the folder that -o names, with a list of them."),
    ],
    notes: [
      (
        "Examples",
        ["adjoint lesson", "adjoint lesson 1", "adjoint lesson 3 -o chain.html", "adjoint lesson --all -o Lessons"]
      )
    ],
    run: run)

  private static func run(_ arguments: Arguments, _ console: Console) throws -> Int32 {
    if arguments.isGiven("all") {
      guard arguments.positionals.isEmpty else {
        throw CommandError.unusedOption("all", reason: "with the number of a lesson", usedBy: [])
      }
      guard let folder = arguments.text("output") else {
        throw CommandError.missingOption("output", placeholder: "FOLDER", command: "lesson --all")
      }
      do {
        try FileManager.default.createDirectory(at: FilePlace.url(folder), withIntermediateDirectories: true)
      } catch {
        throw CommandError.unwritable(folder, reason: error.localizedDescription)
      }
      for (name, text) in Course.files { try write(text, folder + "/" + name, console) }
      return 0
    }
    guard let word = arguments.positionals.first else {
      guard !arguments.isGiven("output") else {
        throw CommandError.unusedOption("output", reason: "without the number of a lesson, or --all", usedBy: [])
      }
      for lesson in Course.lessons {
        console.line((lesson.number < 10 ? " " : "") + "\(lesson.number)  \(lesson.title): \(lesson.idea)")
      }
      console.line("\nadjoint lesson NUMBER writes its page; --all -o FOLDER writes all.")
      return 0
    }
    guard let lesson = Course.lessons.first(where: { "\($0.number)" == word }) else {
      throw CommandError.unknownLesson(word, count: Course.lessons.count)
    }
    try write(Course.page(of: lesson), arguments.text("output") ?? lesson.file, console)
    return 0
  }

  private static func write(_ text: String, _ place: String, _ console: Console) throws {
    do throws(FileError) {
      let url = FilePlace.url(place)
      try OutputFile.replace(url, with: text.utf8)
    } catch {
      throw CommandError.unwritable(place, error)
    }
    console.line("\(place): \((text.utf8.count + 1023) / 1024) KiB")
  }
}
