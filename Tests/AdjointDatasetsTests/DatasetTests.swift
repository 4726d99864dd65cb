import Adjoint
import AdjointDatasets
import Testing

/// Images whose pixels and label tell which one it is.
private func numbered(_ count: Int) -> LabeledImages {
  LabeledImages(
    pixels: (0..<count).flatMap { [UInt8($0), UInt8(255 - $0)] }, height: 1, width: 2,
    labels: (0..<count).map { Int32($0 % 3) }, classNames: ["a", "b", "c"])
}

@Suite("Batches and selections")
struct DatasetTests {
  @Test("an epoch holds each example once, and the last batch is short", arguments: [1, 3, 10, 11, 50])
  func coverage(size: Int) {
    let data = numbered(11)
    var generator = Generator(seed: 1)
    let epoch = data.batches(of: size, shuffledBy: &generator)
    var seen: [Int] = []
    for batch in epoch {
      #expect(batch.inputs.shape == [batch.count, 2])
      #expect(batch.labels.shape == [batch.count])
      for row in 0..<batch.count {
        let number = Int((batch.images[row, 0] * 255).rounded())
        #expect(batch.labels[row] == Int32(number % 3))
        seen.append(number)
      }
    }
    #expect(seen.sorted() == Array(0..<11))
    #expect(epoch.count == (11 + size - 1) / size)
    #expect(epoch.last?.count == (11 % size == 0 ? size : 11 % size))
  }

  @Test("batches without a shuffle keep the order")
  func order() {
    let labels = numbered(7).batches(of: 3).flatMap(\.labels.elements)
    #expect(labels == numbered(7).labels)
  }

  @Test("no examples make no batches")
  func empty() {
    #expect(numbered(0).batches(of: 4).isEmpty)
    #expect(numbered(0).all.count == 0)
  }

  @Test("batches of more than all are one batch")
  func largest() {
    let batches = numbered(7).batches(of: .max)
    #expect(batches.count == 1 && batches.first?.labels.elements == numbered(7).labels)
  }

  @Test("the same generator state gives the same epoch, and the next state another one")
  func reproducible() {
    let data = numbered(100)
    var first = Generator(seed: 9)
    var second = first
    let epoch = data.batches(of: 8, shuffledBy: &first).order
    #expect(data.batches(of: 8, shuffledBy: &second).order == epoch)
    #expect(first == second)
    #expect(data.batches(of: 8, shuffledBy: &first).order != epoch)
  }

  @Test("an interrupted epoch goes on from the generator's state and the number of the batch")
  func resume() {
    let data = numbered(23)
    let saved = Generator(seed: 4)
    var generator = saved
    let whole = data.batches(of: 5, shuffledBy: &generator).map(\.labels)
    var restored = saved
    let rest = data.batches(of: 5, shuffledBy: &restored)[2...].map(\.labels)
    #expect(Array(whole[2...]) == rest)
    #expect(generator == restored)
  }

  @Test("filling a buffer gives the numbers of the batch")
  func filling() {
    let epoch = numbered(5).batches(of: 2)
    var inputs = [Float](repeating: -1, count: 4)
    var targets = [Int32](repeating: -1, count: 2)
    for (number, batch) in epoch.enumerated() {
      inputs.withUnsafeMutableBufferPointer { inputs in
        targets.withUnsafeMutableBufferPointer {
          epoch.source.fill(inputs: inputs, targets: $0, from: epoch.rows(ofBatch: number))
        }
      }
      #expect(Array(inputs.prefix(batch.count * 2)) == batch.inputs.elements)
      #expect(Array(targets.prefix(batch.count)) == batch.labels.elements)
    }
  }

  @Test("a split is disjoint, complete and reproducible")
  func split() {
    let data = numbered(50)
    var generator = Generator(seed: 2)
    let (training, validation) = data.split(validation: 0.2, using: &generator)
    #expect(training.count == 40)
    #expect(validation.count == 10)
    let first = (0..<40).map { training.image($0).first } + (0..<10).map { validation.image($0).first }
    #expect(Set(first.compactMap { $0 }).count == 50)
    var again = Generator(seed: 2)
    #expect(data.split(validation: 0.2, using: &again).validation == validation)
  }

  @Test("a prefix is never longer than the data")
  func prefix() {
    #expect(numbered(5).prefix(3).labels == [0, 1, 2])
    #expect(numbered(5).prefix(9).count == 5)
    #expect(numbered(5).prefix(0).count == 0)
  }

  @Test("a shuffle keeps every example with its label")
  func shuffled() {
    var generator = Generator(seed: 3)
    let data = numbered(30).shuffled(using: &generator)
    #expect(data != numbered(30))
    for number in 0..<30 { #expect(data.labels[number] == Int32((data.image(number).first ?? 0) % 3)) }
  }

  @Test("regression batches hold inputs and targets as matrices")
  func regression() {
    let points = RegressionPoints(
      inputs: Tensor([[1, 2], [3, 4], [5, 6]]), targets: Tensor([[7], [8], [9]]))
    let batches = Array(points.batches(of: 2))
    #expect(batches[0].inputs == Tensor([[1, 2], [3, 4]]))
    #expect(batches[0].targets == Tensor([[7], [8]]))
    #expect(batches[1].targets.shape == [1, 1])
  }

  @Test("a batch size of 0 traps with a sentence")
  func zeroSize() async {
    await #expect(processExitsWith: .failure) { _ = LabeledPoints.xor.batches(of: 0) }
  }
}

@Suite("Standardisation")
struct StandardizationTests {
  /// Pixel 0 is always 9, pixel 1 always 0, the others vary.
  private static func images(_ seed: UInt64, count: Int = 200) -> LabeledImages {
    var generator = Generator(seed: seed)
    let pixels = (0..<count).flatMap { _ -> [UInt8] in
      [9, 0] + (0..<6).map { _ in UInt8(generator.next() % 200) }
    }
    return LabeledImages(
      pixels: pixels, height: 2, width: 4, labels: [Int32](repeating: 0, count: count), classNames: ["0"])
  }

  private static func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0) { $0 + Double($1) } / n
    return (mean, (values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / n).squareRoot())
  }

  @Test("without it, bytes become numbers from 0 to 1")
  func none() {
    let images = LabeledImages(pixels: [0, 51, 255], height: 1, width: 3, labels: [0], classNames: ["0"])
    #expect(images.all.inputs.elements == [0, 0.2, 1])
  }

  @Test("every byte becomes byte / 255 to the last bit")
  func exactBytes() {
    let images = LabeledImages(
      pixels: (0...255).map { UInt8($0) }, height: 16, width: 16, labels: [0], classNames: ["all"])
    #expect(images.all.images.elements == (0...255).map { Float($0) / 255 })
  }

  @Test("per pixel, every pixel of the training set has mean 0 and deviation 1, and constant ones are 0")
  func perPixel() {
    let images = StandardizationTests.images(1)
    let inputs = images.standardized(.perPixel(FeatureStatistics(of: images))).all.inputs
    for j in 0..<8 {
      let (mean, deviation) = StandardizationTests.moments((0..<200).map { inputs[$0, j] })
      #expect(abs(mean) < 1e-5)
      #expect(j < 2 ? deviation == 0 : abs(deviation - 1) < 1e-5)
    }
  }

  @Test("a test set is measured by the statistics of the training set, and stays finite at constant pixels")
  func testSet() {
    let training = StandardizationTests.images(1)
    let statistics = FeatureStatistics(of: training)
    let bright = LabeledImages(
      pixels: [UInt8](repeating: 255, count: 8), height: 2, width: 4, labels: [0], classNames: ["0"])
    let inputs = bright.standardized(.perPixel(statistics)).all.inputs.elements
    #expect(inputs.allSatisfy { $0.isFinite })
    #expect(inputs[1] == 1)
    #expect(abs(inputs[5] - (1 - statistics.mean[5]) / statistics.deviation[5]) < 1e-4)
  }

  @Test("per image, every image has mean 0 and deviation 1, and a blank one is 0")
  func perImage() {
    let inputs = StandardizationTests.images(2).standardized(.perImage).all.inputs
    for row in 0..<200 {
      let (mean, deviation) = StandardizationTests.moments((0..<8).map { inputs[row, $0] })
      #expect(abs(mean) < 1e-5)
      #expect(abs(deviation - 1) < 1e-5)
    }
    let blank = LabeledImages(pixels: [7, 7], height: 1, width: 2, labels: [0], classNames: ["0"])
    #expect(blank.standardized(.perImage).all.inputs.elements == [0, 0])
  }

  @Test("columns of points are standardised, and a constant column is only shifted")
  func points() {
    let inputs = Tensor<Float>([[1, 0.1], [2, 0.1], [6, 0.1]])
    let points = LabeledPoints(inputs: inputs, labels: [0, 0, 0], classNames: ["0"])
    let standard = points.standardized(by: FeatureStatistics(of: inputs))
    let (mean, deviation) = StandardizationTests.moments((0..<3).map { standard.inputs[$0, 0] })
    #expect(abs(mean) < 1e-6)
    #expect(abs(deviation - 1) < 1e-6)
    #expect((0..<3).allSatisfy { standard.inputs[$0, 1] == 0 })
    // 1/41 is rounded: 41 times it is not 1.
    let unit = FeatureStatistics(mean: [0], deviation: [41]).apply(to: Tensor([[41]]))
    #expect(unit.elements == [1])
  }

  @Test("selections keep the standardisation")
  func selection() {
    let images = StandardizationTests.images(3)
    let standard = images.standardized(.perPixel(FeatureStatistics(of: images)))
    #expect(standard.prefix(5).all.inputs == standard.batches(of: 5)[0].inputs)
  }
}
