import Adjoint
import AdjointDatasets
import Testing

@Suite("Drawn digits")
struct DrawnDigitsTests {
  private static let digits = DrawnDigits(seed: 7).training(600)

  @Test("they have MNIST's format")
  func format() {
    let digits = DrawnDigitsTests.digits
    #expect(digits.height == 28 && digits.width == 28)
    #expect(digits.count == 600)
    #expect(Set(digits.labels) == Set(0...9))
    for number in 0..<digits.count {
      let image = Array(digits.image(number))
      #expect(image.contains { $0 > 150 }, "digit \(number) is hardly visible")
      #expect(image.filter { $0 == 0 }.count > 300, "digit \(number) has no background")
    }
  }

  @Test("their mass is in the middle of the image, as in MNIST")
  func centred() {
    for number in 0..<DrawnDigitsTests.digits.count {
      var (mass, x, y) = (0.0, 0.0, 0.0)
      for (pixel, value) in DrawnDigitsTests.digits.image(number).enumerated() {
        mass += Double(value)
        x += Double(value) * (Double(pixel % 28) + 0.5)
        y += Double(value) * (Double(pixel / 28) + 0.5)
      }
      #expect(abs(x / mass - 14) < 3)
      #expect(abs(y / mass - 14) < 3)
    }
  }

  @Test("their ink stays inside the image")
  func inside() {
    for number in 0..<DrawnDigitsTests.digits.count {
      let edge = DrawnDigitsTests.digits.image(number).enumerated().filter { pixel, _ in
        [0, 27].contains(pixel / 28) || [0, 27].contains(pixel % 28)
      }
      #expect(edge.allSatisfy { $0.element < 128 }, "digit \(number)")
    }
  }

  @Test("digit i depends on the seed and i alone, not on how many are drawn")
  func pure() {
    #expect(DrawnDigits(seed: 7).training(150) == DrawnDigitsTests.digits.prefix(150))
    #expect(DrawnDigits(seed: 7).training(150) == DrawnDigits(seed: 7).training(150))
  }

  @Test("other seeds and the test set hold other digits")
  func different() {
    let training = DrawnDigitsTests.digits.prefix(50)
    #expect(DrawnDigits(seed: 8).training(50).pixels != training.pixels)
    #expect(DrawnDigits(seed: 7).test(50).pixels != training.pixels)
  }

  @Test("every system draws the same bytes")
  func portable() {
    #expect(fingerprint(DrawnDigitsTests.digits.pixels) == 17_034_954_411_033_999_245)
  }

  @Test("they can be told apart, but not by their means alone")
  func learnable() {
    let (training, test) = (DrawnDigitsTests.digits, DrawnDigits(seed: 7).test(200))
    var means = [[Float]](repeating: [Float](repeating: 0, count: 784), count: 10)
    let inputs = training.all.inputs.elements
    for number in 0..<training.count {
      let share = 1 / Float(training.labels.count { $0 == training.labels[number] })
      for j in 0..<784 { means[Int(training.labels[number])][j] += share * inputs[number * 784 + j] }
    }
    let probes = test.all.inputs.elements
    let correct = (0..<test.count).count { number in
      let distances = means.map { mean in
        (0..<784).reduce(Float(0)) {
          $0 + (mean[$1] - probes[number * 784 + $1]) * (mean[$1] - probes[number * 784 + $1])
        }
      }
      return distances.indices.min { distances[$0] < distances[$1] } == Int(test.labels[number])
    }
    #expect((100...184).contains(correct), "\(correct) of 200")
  }
}

@Suite("Deformation")
struct DeformationTests {
  @Test("the identity changes nothing")
  func identity() {
    let image = DrawnDigits(seed: 1).training(1).image(0)
    #expect(Deformation.identity(image, height: 28, width: 28) == Array(image))
    var generator = Generator(seed: 1)
    #expect(Deformation(Deformation.Strength(), using: &generator)(image, height: 28, width: 28) == Array(image))
  }

  @Test("augmentation moves ink and keeps most of it")
  func augmentation() {
    let digits = DrawnDigits(seed: 1).training(20)
    let deformed = digits.deformed(by: Generator(seed: 3))
    #expect(deformed.labels == digits.labels)
    #expect(deformed == digits.deformed(by: Generator(seed: 3)))
    #expect(deformed.pixels != digits.deformed(by: Generator(seed: 4)).pixels)
    for number in 0..<20 {
      let before = digits.image(number).reduce(0) { $0 + Int($1) }
      let after = deformed.image(number).reduce(0) { $0 + Int($1) }
      #expect(deformed.image(number) != digits.image(number))
      #expect(abs(Double(after) / Double(before) - 1) < 0.6)
    }
  }
}
