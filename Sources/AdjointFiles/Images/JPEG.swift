import AdjointCompression

/// JPEG images, by the system's libturbojpeg, which is opened when it is needed. Without it, reading one throws.
///
/// Source: libjpeg-turbo, "TurboJPEG C API", version 2.
package enum JPEG {
  static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  #if canImport(Darwin)
    private static let libraries = ["libturbojpeg.0.dylib", "/opt/homebrew/lib/libturbojpeg.0.dylib"]
  #else
    private static let libraries = ["libturbojpeg.so.0"]
  #endif

  /// Reads an image; `isWanted` refuses a size by its error before pixels are read.
  /// - Throws: `.missingLibrary`, `.corrupt`, or the error of `isWanted`.
  package static func read(
    _ file: InputFile, memoryLimit: Int = InputFile.memoryLimit, libraries: [String] = libraries,
    isWanted: (_ height: Int, _ width: Int) throws -> Void = { _, _ in }
  ) throws -> RasterImage {
    guard adjoint_opens_libraries(), let reader = libraries.lazy.compactMap({ adjoint_jpeg_open($0) }).first else {
      throw FileError(
        .missingLibrary, file: file.path, at: .wholeFile,
        expected: "libturbojpeg (\(libraries.joined(separator: ", "))) for a JPEG image",
        found: adjoint_opens_libraries() ? "no such library on this system" : "a program that is linked statically",
        remedy: "Install it (Debian: package libturbojpeg0; Ubuntu: libturbojpeg), or convert the image to PNG.")
    }
    defer { adjoint_jpeg_close(reader) }
    let bytes = try file.contents(memoryLimit: memoryLimit)
    func damaged() -> FileError {
      FileError(
        .corrupt, file: file.path, at: .wholeFile, expected: "a JPEG image",
        found: "damage (libturbojpeg: \(printable(String(cString: adjoint_jpeg_message(reader)))))",
        remedy: "The file is damaged; get it again from its source.")
    }
    var (height, width, isGrey): (Int32, Int32, Bool) = (0, 0, false)
    guard adjoint_jpeg_header(reader, bytes, bytes.count, &height, &width, &isGrey), height > 0, width > 0 else {
      throw damaged()
    }
    try isWanted(Int(height), Int(width))
    let channels = isGrey ? 1 : 3
    let count = Int(height) * Int(width) * channels
    guard count <= memoryLimit else { throw InputFile.tooLarge(file.path, limit: memoryLimit, found: "\(count)") }
    var pixels = [UInt8](repeating: 0, count: count)
    guard adjoint_jpeg_read(reader, bytes, bytes.count, &pixels, height, width, isGrey) else { throw damaged() }
    return RasterImage(
      height: Int(height), width: Int(width), channels: channels, maximum: 255, samples: pixels.map(UInt16.init))
  }
}
