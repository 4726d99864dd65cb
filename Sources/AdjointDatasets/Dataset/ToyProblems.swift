import Adjoint
import Foundation

/// Problems in the plane that one can look at: they are learnt in seconds and show what a network can do.
extension LabeledPoints {
  /// Exclusive or: the four corners of the unit square, class 1 where exactly one coordinate is 1.
  ///
  /// No straight line separates them; two hidden units do.
  public static let xor = LabeledPoints(
    inputs: Tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), labels: [0, 1, 1, 0], classNames: ["0", "1"])

  /// Exclusive or with scattered corners: every point is a corner of the unit square plus normal noise.
  /// - Precondition: `count` and `noise` are not negative.
  public static func xor(
    count: Int, noise: Double = 0.1, using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> LabeledPoints {
    check(count, noise, "xor", file, line)
    return scattered(count: count, noise: noise, classNames: ["0", "1"], using: &generator) { number, _ in
      let (a, b) = (number & 1, number >> 1 & 1)
      return (Double(a), Double(b), a ^ b)
    }
  }

  /// Arms of a spiral, one for each class, from the centre to radius 1.
  ///
  /// Point at parameter t ∈ [0, 1]: radius t, angle 2π · (turns · t + class / classes).
  /// - Precondition: `classes` is at least 1; `count` and `noise` are not negative.
  public static func spirals(
    count: Int, classes: Int = 2, turns: Double = 1.5, noise: Double = 0.02, using generator: inout Generator,
    file: StaticString = #fileID, line: UInt = #line
  ) -> LabeledPoints {
    check(count, noise, "spirals", file, line)
    guard classes >= 1 else {
      fatalError("spirals: \(classes) classes; there must be at least 1", file: file, line: line)
    }
    let names = (0..<classes).map(String.init)
    return scattered(count: count, noise: noise, classNames: names, using: &generator) { number, generator in
      let arm = number % classes
      let t = generator.uniform()
      let angle = 2 * Double.pi * (turns * t + Double(arm) / Double(classes))
      return (t * cos(angle), t * sin(angle), arm)
    }
  }

  /// Two half circles of radius 1 that reach into each other: (cos φ, sin φ), and (1 − cos φ, ½ − sin φ), φ ∈ [0, π].
  /// - Precondition: `count` and `noise` are not negative.
  public static func moons(
    count: Int, noise: Double = 0.1, using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> LabeledPoints {
    check(count, noise, "moons", file, line)
    return scattered(count: count, noise: noise, classNames: ["upper", "lower"], using: &generator) {
      number, generator in
      let angle = generator.uniform(0, .pi)
      return number % 2 == 0 ? (cos(angle), sin(angle), 0) : (1 - cos(angle), 0.5 - sin(angle), 1)
    }
  }

  /// Points at given places plus normal noise; classes alternate, so they are balanced but for a remainder.
  private static func scattered(
    count: Int, noise: Double, classNames: [String], using generator: inout Generator,
    place: (Int, inout Generator) -> (x: Double, y: Double, label: Int)
  ) -> LabeledPoints {
    var coordinates: [Float] = []
    var labels: [Int32] = []
    for number in 0..<count {
      let point = place(number, &generator)
      coordinates.append(Float(point.x + noise * generator.normal()))
      coordinates.append(Float(point.y + noise * generator.normal()))
      labels.append(Int32(point.label))
    }
    return LabeledPoints(
      inputs: Tensor(shape: [count, 2], elements: coordinates), labels: labels, classNames: classNames)
  }
}

/// Functions of one variable to approximate.
extension RegressionPoints {
  /// y = f(x) + noise at `count` equally spaced x, both ends of the interval included: inputs and targets are [count, 1].
  ///
  ///     RegressionPoints.samples(of: sin, on: -3...3, count: 200)
  /// - Precondition: `count` is at least 2.
  public static func samples(
    of function: (Double) -> Double, on interval: ClosedRange<Double>, count: Int,
    file: StaticString = #fileID, line: UInt = #line
  ) -> RegressionPoints {
    guard count >= 2 else {
      fatalError(
        "samples: \(count) points do not reach both ends of the interval; give at least 2", file: file, line: line)
    }
    let step = (interval.upperBound - interval.lowerBound) / Double(count - 1)
    let xs = (0..<count).map { interval.lowerBound + Double($0) * step }
    return RegressionPoints(
      inputs: Tensor(shape: [count, 1], elements: xs.map { Float($0) }),
      targets: Tensor(shape: [count, 1], elements: xs.map { Float(function($0)) }))
  }

  /// y = f(x) + noise · ε at `count` random x, uniform on the interval, with standard normal ε.
  /// - Precondition: `count` and `noise` are not negative.
  public static func samples(
    of function: (Double) -> Double, on interval: ClosedRange<Double>, count: Int, noise: Double,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) -> RegressionPoints {
    check(count, noise, "samples", file, line)
    var (xs, ys): ([Float], [Float]) = ([], [])
    for _ in 0..<count {
      let x = generator.uniform(interval.lowerBound, interval.upperBound)
      xs.append(Float(x))
      ys.append(Float(function(x) + noise * generator.normal()))
    }
    return RegressionPoints(
      inputs: Tensor(shape: [count, 1], elements: xs), targets: Tensor(shape: [count, 1], elements: ys))
  }
}

/// Traps when a count or the deviation of a noise is negative, or is no number.
private func check(_ count: Int, _ noise: Double, _ problem: String, _ file: StaticString, _ line: UInt) {
  guard count >= 0, noise >= 0 else {
    fatalError("\(problem): \(count) points with noise \(noise); neither may be < 0", file: file, line: line)
  }
}
