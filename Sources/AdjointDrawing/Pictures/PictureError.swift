/// The error of a picture of something that the recording does not have.
public struct PictureError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ picture: String, expected: String, found: String, remedy: String) {
    description = "\(picture): expected \(expected); found \(found); \(remedy)"
  }
}
