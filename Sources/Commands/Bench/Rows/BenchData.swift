import Adjoint
import AdjointCommandLine
import AdjointDatasets

/// Images of noise with random labels, as many as MNIST has, kept as bytes: what the steps gather their batches from.
///
/// Noise serves as well as digits: no time here depends on the values. Sixty thousand images are more than the caches hold, so
/// a shuffled gather costs what it costs in training.
final class BenchData {
  /// The number of images; few make a quick run, which then gathers from the cache.
  let count: Int
  private(set) lazy var images = BenchData.noise(count)
  /// The order of one epoch.
  private(set) lazy var order: [Int] = {
    var generator = Generator(seed: 2)
    return generator.permutation(of: count)
  }()
  static let batch = 128
  /// The seed of every model.
  static let modelSeed: UInt64 = 3

  init(isQuick: Bool) { count = isQuick ? 8_192 : 60_000 }

  /// The rows of the batch of this number; after the last whole batch the epoch begins again.
  func rows(ofBatch number: Int, of size: Int = BenchData.batch) -> ArraySlice<Int> {
    let start = number % (count / size) * size
    return order[start..<start + size]
  }

  private static func noise(_ count: Int) -> LabeledImages {
    var generator = Generator(seed: 1)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * 784)
    for _ in 0..<count * 784 / 8 {
      let word = generator.next()
      for byte in 0..<8 { pixels.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
    }
    return LabeledImages(
      pixels: pixels, height: 28, width: 28, labels: (0..<count).map { _ in Int32(generator.next() % 10) },
      classNames: (0..<10).map(String.init))
  }

  /// A matrix of numbers from −1 to 1.
  static func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor<Float> {
    var generator = Generator(seed: seed)
    return Tensor(shape: [rows, columns], elements: (0..<rows * columns).map { _ in Float(generator.uniform(-1, 1)) })
  }
}
