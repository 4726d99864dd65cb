import Adjoint
import AdjointDatasets
import AdjointFiles
import Foundation
import TestFiles
import Testing

@Suite("MNIST")
struct MNISTTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// Writes four small files in MNIST's format.
  private func writeSmall() throws {
    for part in MNIST.Part.allCases {
      _ = try scratch.file(MNIST.images(part).name, IDX(dimensions: [2, 1, 2], bytes: [1, 2, 3, 4]).encoded())
      _ = try scratch.file(MNIST.labels(part).name + ".gz", gzipped(IDX(dimensions: [2], bytes: [9, 0]).encoded()))
    }
  }

  @Test("four files in a directory are found, plain or gzip")
  func small() throws {
    #expect(!MNIST.isPresent(in: scratch.url))
    try writeSmall()
    #expect(MNIST.isPresent(in: scratch.url))
    let (training, test) = try MNIST.load(from: scratch.url, verify: false)
    #expect(training.labels == [9, 0])
    #expect(test.pixels == [1, 2, 3, 4])
  }

  @Test("content that is not the published one is refused, with both checksums")
  func checksum() throws {
    try writeSmall()
    let error = try fileError { try MNIST.load(.test, from: scratch.url) }
    #expect(error.reason == .checksum)
    #expect(error.expected.contains("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"))
    // Computed by sha256sum.
    #expect(error.found.contains("ffa40123e1211233f22e53aaceaae2cae4a3b44771c7bb3bd20a6e2fb900058b"))
  }

  @Test("a missing file is named, with what to do")
  func missing() throws {
    let error = try fileError { try MNIST.load(.training, from: scratch.url) }
    #expect(error.reason == .missingFile)
    #expect(error.description.contains("train-images-idx3-ubyte"))
    #expect(error.description.contains(scratch.url.path))
  }

  @Test("different numbers of images and labels are refused")
  func counts() throws {
    let images = try scratch.file("i", IDX(dimensions: [2, 1, 1], bytes: [1, 2]).encoded())
    let labels = try scratch.file("l", IDX(dimensions: [3], bytes: [1, 2, 3]).encoded())
    let error = try fileError { try LabeledImages(images: images, labels: labels, classNames: MNIST.classNames) }
    #expect(error.reason == .mismatch)
    #expect(error.place == .byte(4))
  }

  @Test("a label without a class is refused at its byte")
  func labelRange() throws {
    let images = try scratch.file("i", IDX(dimensions: [2, 1, 1], bytes: [1, 2]).encoded())
    let labels = try scratch.file("l", IDX(dimensions: [2], bytes: [9, 10]).encoded())
    let error = try fileError { try LabeledImages(images: images, labels: labels, classNames: MNIST.classNames) }
    #expect(error.reason == .badValue)
    #expect(error.place == .byte(9))
    #expect(error.found == "10")
  }

  @Test("images and labels given the wrong way round are refused")
  func swapped() throws {
    let images = try scratch.file("i", IDX(dimensions: [2, 1, 1], bytes: [1, 2]).encoded())
    let labels = try scratch.file("l", IDX(dimensions: [2], bytes: [1, 2]).encoded())
    let names = MNIST.classNames
    #expect(
      try fileError { try LabeledImages(images: labels, labels: images, classNames: names) }.reason == .wrongFormat)
    #expect(
      try fileError { try LabeledImages(images: images, labels: images, classNames: names) }.reason == .wrongFormat)
    let hollow = try scratch.file("h", IDX(dimensions: [2, 0, 1], bytes: []).encoded())
    #expect(
      try fileError { try LabeledImages(images: hollow, labels: labels, classNames: names) }.reason == .wrongFormat)
  }

  @Test("images written as IDX are read back")
  func roundTrip() throws {
    let digits = DrawnDigits(seed: 5).training(20)
    let (images, labels) = (
      scratch.url.appendingPathComponent("i"), scratch.url.appendingPathComponent("l")
    )
    try digits.write(images: images, labels: labels)
    #expect(try LabeledImages(images: images, labels: labels, classNames: digits.classNames) == digits)
  }

  @Test("the real test set has its published checksum and counts", .enabled(if: mnistDirectory != nil, mnistComment))
  func real() throws {
    let test = try MNIST.load(.test, from: try #require(mnistDirectory))
    #expect(test.count == 10_000)
    #expect(test.inputShape == [784])
    #expect(test.labels.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
  }

  @Test("the real training set is read", .enabled(if: mnistDirectory != nil, mnistComment))
  func realTraining() throws {
    #if DEBUG
      let verify = false  // 47 MB of SHA-256 without optimisation take half a minute
    #else
      let verify = true
    #endif
    let training = try MNIST.load(.training, from: try #require(mnistDirectory), verify: verify)
    #expect(training.count == 60_000)
    #expect(training.pixels.count == 47_040_000)
    #expect(training.labels.prefix(5) == [5, 0, 4, 1, 9])
  }
}

@Suite("The download of MNIST")
struct MNISTDownloadTests {
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("without a network it says so, and leaves nothing behind")
  func offline() throws {
    let error = try fileError {
      try MNIST.download(to: scratch.url, mirrors: ["https://127.0.0.1:9/mnist", "https://127.0.0.1:9/other"])
    }
    #expect(error.reason == .download)
    #expect(error.remedy.contains("Check the network") || error.remedy.contains("Install curl"))
    #expect(try scratch.contents() == [])
  }

  @Test("a file with a wrong checksum is not kept")
  func wrongContent() throws {
    let mirror = try ScratchFolder()
    _ = try mirror.file("train-images-idx3-ubyte.gz", gzipped([1, 2, 3]))
    let error = try fileError {
      try MNIST.download(to: scratch.url, mirrors: [mirror.url.absoluteString])
    }
    #expect(error.reason == .checksum || error.remedy.contains("Install curl"))
    #expect(try scratch.contents() == [])
  }

  @Test("a file that is already there and wrong is reported and not overwritten")
  func existing() throws {
    let url = try scratch.file("train-images-idx3-ubyte", [1, 2, 3])
    #expect(try fileError { try MNIST.download(to: scratch.url, mirrors: []) }.reason == .checksum)
    #expect(try Data(contentsOf: url) == Data([1, 2, 3]))
  }

  #if !DEBUG
    @Test("from a local mirror all four files arrive verified", .enabled(if: mnistDirectory != nil, mnistComment))
    func localMirror() throws {
      let mirror = try #require(mnistDirectory)
      var reports: [String] = []
      try MNIST.download(to: scratch.url, mirrors: [mirror.absoluteString]) { reports.append($0) }
      #expect(reports.count == 4)
      #expect(reports.allSatisfy { $0.hasSuffix("downloaded, verified") })
      try MNIST.download(to: scratch.url, mirrors: []) { reports.append($0) }
      #expect(reports.suffix(4).allSatisfy { $0.hasSuffix("already there, verified") })
      #expect(MNIST.isPresent(in: scratch.url))
    }
  #endif
}
