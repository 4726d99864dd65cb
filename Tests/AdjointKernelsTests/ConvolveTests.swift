import AdjointKernels
import Testing

/// The products of a convolution on every instruction set: to the bits of `gemm` on windows that stand in memory, and of
/// their sums in order.
@Suite struct ConvolveTests {
  private struct Case<T: Real> {
    let windows: ak_windows
    let kernels: Int
    var x: [T], w: [T], g: [T], bias: [T]

    /// The elements of a window, and the windows.
    var depth: Int { windows.size.0 * windows.size.1 * windows.channels }
    var positions: Int { windows.images * windows.grid.0 * windows.grid.1 }

    /// A case of small extents, drawn at random; `nil` where no window fits.
    init?(_ stream: inout Stream) {
      func draw(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(stream.bits() % UInt64(range.count)) }
      let images = draw(1...2)
      let channels = draw(1...draw(2...24))
      let (height, width) = (draw(1...9), draw(1...17))
      let (size, stride) = ((draw(1...4), draw(1...4)), (draw(1...3), draw(1...3)))
      let (padding, dilation) = ((draw(0...4), draw(0...4)), (draw(1...2), draw(1...2)))
      kernels = draw(1...draw(2...40))
      let rest = (
        height + 2 * padding.0 - (size.0 - 1) * dilation.0 - 1, width + 2 * padding.1 - (size.1 - 1) * dilation.1 - 1
      )
      guard rest.0 >= 0, rest.1 >= 0 else { return nil }
      windows = ak_windows(
        images: images, height: height, width: width, channels: channels, size: size, stride: stride, padding: padding,
        dilation: dilation, grid: (rest.0 / stride.0 + 1, rest.1 / stride.1 + 1))
      (x, w, g, bias) = ([], [], [], [])
      // Products of the smallest numbers vanish, and leave zeros of both signs.
      let scale = draw(0...2) == 0 ? Double(T.leastNormalMagnitude).squareRoot() : 1
      x = stream.values(images * height * width * channels, scale: scale)
      w = stream.values(kernels * depth, scale: scale)
      g = stream.values(positions * kernels, scale: scale)
      bias = stream.values(kernels)
      for _ in 0..<draw(0...3) { x[draw(0...x.count - 1)] = [.nan, .infinity, -.infinity, -0.0][draw(0...3)] }
    }

    /// The place in the images of each element of each window; −1 outside.
    var places: [Int] {
      let w = windows
      var places: [Int] = []
      for n in 0..<w.images {
        for i in 0..<w.grid.0 {
          for j in 0..<w.grid.1 {
            for u in 0..<w.size.0 {
              for v in 0..<w.size.1 {
                let row = i * w.stride.0 - w.padding.0 + u * w.dilation.0
                let column = j * w.stride.1 - w.padding.1 + v * w.dilation.1
                let isInside = row >= 0 && row < w.height && column >= 0 && column < w.width
                for c in 0..<w.channels {
                  places.append(isInside ? ((n * w.height + row) * w.width + column) * w.channels + c : -1)
                }
              }
            }
          }
        }
      }
      return places
    }

    /// y, w̄ and x̄ by `gemm` on windows in memory.
    func inMemory(_ k: ak_kernels) -> [[T]] {
      let places = places
      let unfolded = places.map { $0 < 0 ? 0 : x[$0] }
      var (y, weights) = ([T](repeating: 0, count: g.count), [T](repeating: 0, count: w.count))
      var (rows, images) = ([T](repeating: 0, count: unfolded.count), [T](repeating: 0, count: x.count))
      multiply(
        k, unfolded, w, into: &y, transposeB: true, m: positions, n: kernels, k: depth, bias: bias, f: AK_RELU)
      multiply(k, g, unfolded, into: &weights, transposeA: true, m: kernels, n: depth, k: positions)
      multiply(k, g, w, into: &rows, m: positions, n: depth, k: kernels)
      for (place, value) in zip(places, rows) where place >= 0 { images[place] += value }
      return [y, weights, images, weights]
    }

    private func multiply(
      _ kernels: ak_kernels, _ a: [T], _ b: [T], into c: inout [T], transposeA: Bool = false, transposeB: Bool = false,
      m: Int, n: Int, k: Int, bias: [T]? = nil, f: ak_map = AK_COPY
    ) {
      func run(_ bias: UnsafePointer<T>?, _ c: inout [T]) {
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            c.withUnsafeMutableBufferPointer { c in
              guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
              T.gemm(
                kernels,
                ProductCall(
                  transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, a: a, lda: transposeA ? m : k, b: b,
                  ldb: transposeB ? k : n, c: c, ldc: n, bias: bias, f: f, p: 0, q: 0))
            }
          }
        }
      }
      guard let bias else { return run(nil, &c) }
      bias.withUnsafeBufferPointer { run($0.baseAddress, &c) }
    }

    /// The same in `parts` parts, by the products that find the windows in the images.
    func inPlace(_ k: ak_kernels, parts: Int) -> [[T]] {
      let chainCount = (positions + Int(AK_DEPTH) - 1) / Int(AK_DEPTH)
      var (y, weights) = ([T](repeating: 77, count: g.count), [T](repeating: 77, count: w.count))
      var chains = [T](repeating: 77, count: chainCount * w.count)
      var images = [T](repeating: 77, count: x.count)
      let isSingle = T.self == Float.self
      x.withUnsafeBytes { x in
        w.withUnsafeBytes { w in
          g.withUnsafeBytes { g in
            bias.withUnsafeBytes { bias in
              var job = ak_convolution()
              (job.windows, job.kernels) = (windows, kernels)
              (job.x, job.w, job.g) = (x.baseAddress, w.baseAddress, g.baseAddress)
              func run(_ extent: Int, _ kernel: (UnsafePointer<ak_convolution>?) -> Void, _ y: inout [T]) {
                y.withUnsafeMutableBytes { y in
                  job.y = y.baseAddress
                  for part in 0..<parts {
                    (job.first, job.end) = (extent * part / parts, extent * (part + 1) / parts)
                    kernel(&job)
                  }
                }
              }
              run(windows.images * windows.height, isSingle ? k.convolve_images_f32 : k.convolve_images_f64, &images)
              run(depth, isSingle ? k.convolve_weights_f32 : k.convolve_weights_f64, &weights)
              run(chainCount, isSingle ? k.convolve_chains_f32 : k.convolve_chains_f64, &chains)
              (job.bias, job.f) = (bias.baseAddress, AK_RELU)
              run(windows.images * windows.grid.0, isSingle ? k.convolve_f32 : k.convolve_f64, &y)
            }
          }
        }
      }
      let sums = (0..<w.count).map { place in
        (1..<chainCount).reduce(chains[place]) { $0 + chains[$1 * w.count + place] }
      }
      return [y, weights, images, sums]
    }
  }

  private func check<T: Real>(_: T.Type, _ set: InstructionSet) {
    var (stream, count) = (Stream(5), 0)
    while count < 60 {
      guard let some = Case<T>(&stream), withUnsafePointer(to: some.windows, { ak_convolves($0, some.kernels, 8) })
      else { continue }
      count += 1
      let (expected, found) = (some.inMemory(set.kernels), some.inPlace(set.kernels, parts: 1 + count % 3))
      for (name, (a, b)) in zip(["y", "w̄", "x̄", "w̄ in chains"], zip(expected, found)) {
        let isSame = zip(a, b).allSatisfy { ($0 == $1 && $0.sign == $1.sign) || ($0.isNaN && $1.isNaN) }
        #expect(isSame, "\(name) of \(some.windows), \(some.kernels) kernels")
      }
    }
  }

  @Test(arguments: InstructionSet.all)
  func productsOfWindowsInPlaceHaveTheBitsOfWindowsInMemory(set: InstructionSet) {
    check(Float.self, set)
    check(Double.self, set)
  }

  @Test func whatHasNoRoomIsRefused() {
    func windows(_ size: Int, _ channels: Int, dilation: Int = 1) -> ak_windows {
      let extent = 512 - (size - 1) * dilation
      return ak_windows(
        images: 1, height: 512, width: 512, channels: channels, size: (size, size), stride: (1, 1), padding: (0, 0),
        dilation: (dilation, dilation), grid: (extent, extent))
    }
    func fits(_ windows: ak_windows, _ kernels: Int) -> Bool {
      withUnsafePointer(to: windows) { ak_convolves($0, kernels, 4) }
    }
    #expect(fits(windows(3, 64), 64))
    #expect(fits(windows(3, 1024), 1024))
    #expect(!fits(windows(3, 1025), 64))
    #expect(!fits(windows(3, 64), 1025))
    #expect(!fits(windows(2, 1, dilation: 300), 4))
  }
}
