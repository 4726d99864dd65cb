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
  /// The questions to fill in on the page, which then shows no adjoint by itself; `nil` for a page that explains.
  package var exercise: JSON?
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
  /// - Precondition: a tensor of more than one element comes with a cotangent of its shape.
  /// - Complexity: a forward and a backward pass, and memory for both in `Double`.
  public init<S: Scalar>(
    of loss: Variable<S>, cotangent: Tensor<Double>? = nil, title: String = "The chain rule, step by step",
    subtitle: String = "", imageSize: (height: Int, width: Int)? = nil, notation: AdjointNotation = .bar,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    (self.title, self.subtitle) = (title, subtitle)
    recording = ExplainedRecording(
      of: loss, cotangent: cotangent, imageSize: imageSize, notation: notation, file: file, line: line)
  }

  /// The page: a complete document.
  public var html: String {
    PageTemplate.document(title: title, subtitle: subtitle, data: data, exercise: exercise?.text(.embedded))
  }

  /// The recorded nodes as the page holds them: JSON.
  package var data: String { recording.json().text(.embedded) }

  /// Writes the page to a file, through a temporary one.
  /// - Throws: the error of the file system.
  public func write(to path: String) throws {
    try OutputFile.replace(FilePlace.url(path), with: html.utf8)
  }
}

extension Explanation: CustomStringConvertible {
  /// The heading, and what the page explains.
  public var description: String {
    "Explanation “\(title)”\(subtitle.isEmpty ? "" : " (\(subtitle))"): \(recording); write(to:) makes the page"
  }
}
