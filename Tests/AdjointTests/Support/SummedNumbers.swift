import Adjoint
import Testing

/// Numbers whose sums are known exactly: whole multiples of a unit, with all of a significand's bits, repeated in turn.
struct SummedNumbers<S: BinaryFloatingPoint & Scalar> {
  /// The numbers, as multiples of the unit.
  private let multiples: [Int64]
  private let unit: S

  /// The length after which the numbers come again.
  var period: Int { multiples.count }

  /// - Parameter share: the share of positive numbers.
  init(seed: UInt64, positive share: Double = 0.75, period: Int = 997) {
    var generator = Generator(seed: seed)
    let bits = S.significandBitCount
    unit = S(sign: .plus, exponent: S.Exponent(-bits), significand: 1)
    multiples = (0..<period).map { _ in
      let magnitude = Int64(1) << bits + Int64(generator.uniform() * Double(Int64(1) << bits))
      return generator.uniform() < share ? magnitude : -magnitude
    }
  }

  func value(_ i: Int) -> S { S(multiples[i % period]) * unit }

  /// `count` rows of `width` numbers. Column j begins at number `phase(j)`.
  func rows(_ count: Int, width: Int = 1, phase: Int = 0) -> (UnsafeMutableBufferPointer<S>) -> Void {
    { buffer in
      // One period, and then by copies that double: a loop over ten million elements takes long without optimisation.
      let block = min(count, period) * width
      for position in 0..<block { buffer[position] = value(phase + position / width + column(position % width)) }
      guard let base = buffer.baseAddress else { return }
      var done = block
      while done < count * width {
        let size = min(done, count * width - done)
        (base + done).update(from: base, count: size)
        done += size
      }
    }
  }

  /// The number at which column j of `rows` begins.
  func column(_ j: Int) -> Int { 37 * j }

  /// True when y is the sum of `count` numbers from `phase` on, each taken `times` times, within
  /// 4ε·max(1, ⌈log₂ n⌉)·Σ|x|.
  func isSum(_ y: S, from phase: Int = 0, count: Int, times: Int = 1) -> Bool {
    error(of: y, from: phase, count: count, times: times) <= 4 * max(1, (Double(count * times).logarithmOfTwo))
  }

  /// |y − Σ x| / (ε Σ |x|)
  func error(of y: S, from phase: Int = 0, count: Int, times: Int = 1) -> Double {
    // In parts of 26 bits and the rest, whose sums are exact.
    var (high, low, size) = (0, 0, 0.0)
    func add(_ range: Range<Int>, _ factor: Int) {
      for i in range {
        let x = Int(multiples[(phase + i) % period])
        high += x >> 26 * factor
        low += x & (1 << 26 - 1) * factor
        size += Double(x.magnitude) * Double(factor)
      }
    }
    add(0..<period, count / period * times)
    add(0..<count % period, times)
    let found = Double(y / unit)
    guard found.isFinite, found == found.rounded() else { return .infinity }
    let error = (found - Double(high) * 0x1p26) - Double(low)
    return size == 0 ? 0 : error.magnitude / size / Double(S.ulpOfOne)
  }
}

extension Double {
  /// ⌈log₂ x⌉
  fileprivate var logarithmOfTwo: Double {
    self <= 1 ? 0 : Double(Int(self - 1).bitWidth - Int(self - 1).leadingZeroBitCount)
  }
}

/// The ways in which the numbers of a sum stand in a tensor.
enum SummedLayout: CaseIterable, CustomTestStringConvertible {
  case all, leading, inner, both, outerAndInner
  var testDescription: String { "\(self)" }

  /// A tensor in which each sum has n terms, its axes, and the number at which each sum begins, with how often it comes.
  func tensor<S>(of x: SummedNumbers<S>, terms n: Int, width: Int) -> (
    x: Tensor<S>, axes: [Int], sums: [(phase: Int, count: Int, times: Int)]
  ) {
    // n = a·b
    let a = (2...7).first { n % $0 == 0 } ?? 1
    let b = n / a
    let columns = 0..<width
    switch self {
    case .all: return (Tensor(shape: [n], filling: x.rows(n)), [0], [(0, n, 1)])
    case .leading:
      return (Tensor(shape: [n, width], filling: x.rows(n, width: width)), [0], columns.map { (x.column($0), n, 1) })
    case .inner:
      return (
        Tensor(shape: [width, n]) { buffer in
          for j in columns { x.rows(n, phase: x.column(j))(.init(rebasing: buffer[j * n..<(j + 1) * n])) }
        }, [1], columns.map { (x.column($0), n, 1) }
      )
    case .both:
      return (
        Tensor(shape: [a, width, b]) { buffer in
          for run in 0..<a * width {
            x.rows(b, phase: x.column(run % width))(.init(rebasing: buffer[run * b..<(run + 1) * b]))
          }
        }, [0, 2], columns.map { (x.column($0), b, a) }
      )
    case .outerAndInner:
      return (
        Tensor(shape: [b, 2, a, width]) { buffer in
          // Row (i, half, k): column j holds number i of the column's, under its phase.
          let run = a * width
          for i in 0..<min(b, x.period) {
            for place in 0..<2 * run { buffer[i * 2 * run + place] = x.value(i + x.column(place % width)) }
          }
          guard let base = buffer.baseAddress else { return }
          var done = min(b, x.period) * 2 * run
          while done < buffer.count {
            let size = min(done, buffer.count - done)
            (base + done).update(from: base, count: size)
            done += size
          }
        }, [0, 2], (0..<2 * width).map { (x.column($0 % width), b, a) }
      )
    }
  }
}
