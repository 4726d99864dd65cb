import Adjoint
import AdjointFiles
import Foundation

/// The backward pass of a recorded model as one HTML file to step through: every forward node, then every adjoint.
///
/// The page carries the recorded nodes as data and a small interpreter of the plain operations. The backward half is recorded
/// nodes too, x̄ = Σ (∂y/∂x)ᵀ·ȳ over the children y of x, so forward rules are all that it needs: a slider on an element of a
/// leaf runs both halves again, in the page. It loads nothing, so it opens from a disk and can be handed out.
///
/// ```swift
/// let loss = crossEntropy(logits: model(images), labels: labels)
/// try Explanation(of: loss).write(to: "step.html")
/// ```
public struct Explanation {
  /// The heading of the page.
  public var title: String
  /// A line below the title: the model, the data.
  public var subtitle: String
  /// The rate η of the gradient steps that the page begins with.
  public var learningRate = 0.1
  /// What the model predicts, for the page's pictures of it; `nil` where the page shows the loss alone.
  public var predictions: Predictions?
  /// The text of a lesson and its exercise, in which the page stands.
  package var slots = Slots()
  /// The questions to fill in on the page, which then shows no adjoint by itself; `nil` for a page that explains.
  package var exercise: JSON?
  /// The recording that the questions are about, as data; `nil` where it is the page's own.
  private(set) var exerciseData: String?
  let recording: ExplainedRecording

  /// Replays a recording in `Double` and differentiates it there. The tape is left as it is.
  ///
  /// - Parameters:
  ///   - loss: the value to differentiate: a single number, or a tensor with a `cotangent`.
  ///   - cotangent: ȳ of the output's shape; 1 for a single number when left out. The page then differentiates ⟨ȳ, y⟩.
  ///   - title: the heading of the page.
  ///   - subtitle: a line below it.
  ///   - imageSize: height and width of the images whose pixels the last axis of some tensors holds. Those tensors are
  ///     shown as images.
  ///   - notation: the way in which adjoints are written.
  ///   - unfolded: true for a step for each recorded node, also where it teaches nothing.
  /// - Precondition: a tensor of more than one element comes with a cotangent of its shape.
  /// - Complexity: a forward and a backward pass, and memory for both in `Double`.
  public init<S: Scalar>(
    of loss: Variable<S>, cotangent: Tensor<Double>? = nil, title: String = "The chain rule, step by step",
    subtitle: String = "", imageSize: (height: Int, width: Int)? = nil, notation: AdjointNotation = .bar,
    unfolded: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) {
    (self.title, self.subtitle) = (title, subtitle)
    recording = ExplainedRecording(
      of: loss, cotangent: cotangent, imageSize: imageSize, notation: notation, unfolded: unfolded, file: file,
      line: line)
  }

  /// The loss, replayed in `Double` with the parameters as inputs.
  package var loss: Variable<Double> { recording.loss }

  /// The parameters, as inputs of the replay.
  package var parameters: [Variable<Double>] { recording.parameters }

  /// Asks questions about a recording of its own: the page goes on to explain this one.
  package mutating func ask(_ questions: JSON, about recording: Explanation) {
    (exercise, exerciseData) = (questions, recording.data)
  }

  /// The page: a complete document.
  public var html: String { PageTemplate.document(of: self) }

  /// The recorded nodes as the page holds them: JSON.
  package var data: String {
    var fields = recording.fields
    fields.append(("rate", .number(learningRate)))
    if let predictions { fields.append(("predictions", predictions.json)) }
    return JSON.object(fields).text(.embedded)
  }

  /// Writes the page to a file, through a temporary one.
  /// - Throws: the error of the file system.
  public func write(to path: String) throws {
    try OutputFile.replace(FilePlace.url(path), with: html.utf8)
  }
}

extension Explanation {
  /// The parts of a page that a lesson fills: finished HTML, in which names are escaped.
  package struct Slots: Sendable {
    /// The text above the steps.
    package var lesson = ""
    /// The task below them, above the fields to fill in.
    package var exercise = ""
    /// What follows the fields.
    package var ending = ""
    /// Script for the exercise. It runs before the page starts, and sees its data, its tape and its helpers.
    package var script = ""

    /// True where the page stands by itself.
    var isEmpty: Bool { lesson.isEmpty && exercise.isEmpty && ending.isEmpty }

    package init(lesson: String = "", exercise: String = "", script: String = "") {
      (self.lesson, self.exercise, self.script) = (lesson, exercise, script)
    }
  }
}

extension Explanation: CustomStringConvertible {
  /// The heading, and what the page explains.
  public var description: String {
    "Explanation “\(title)”\(subtitle.isEmpty ? "" : " (\(subtitle))"): \(recording); write(to:) makes the page"
  }
}
