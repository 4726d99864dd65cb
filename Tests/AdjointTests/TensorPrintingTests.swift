import Adjoint
import Testing

/// Tensors as text, and their comparison within a tolerance.
@Suite struct TensorPrintingTests {
  @Test func `Vectors and numbers print on a line, with the digits of their type`() {
    #expect("\(Tensor<Float>(scalar: 2))" == "2.0" && "\(Tensor([1, 2.5]))" == "[1.0, 2.5]")
    #expect("\(Tensor<Float>([0.1]) / 3)" == "[0.033333335]" && "\(Tensor([0.1]) / 3)" == "[0.03333333333333333]")
    #expect("\(Tensor<Int32>([1, -20]))" == "[1, -20]" && "\(Tensor([true, false]))" == "[true, false]")
    #expect("\(Tensor([.nan, -.infinity, -0.0]))" == "[nan, -inf, -0.0]")
  }

  @Test func `Rows stand below each other, with their columns aligned`() {
    #expect("\(Tensor([[1, 2], [30, 4]]))" == "[[ 1.0, 2.0],\n [30.0, 4.0]]")
    #expect("\(Tensor([[1, 20]]))" == "[[1.0, 20.0]]")
    #expect(
      "\(Tensor<Int32>([[[1, 2], [3, 4]], [[5, 6], [7, 88]]]))" == "[[[1,  2],\n  [3,  4]],\n\n [[5,  6],\n  [7, 88]]]")
    #expect("\(Tensor<Float>.zeros([0]))" == "[]" && "\(Tensor<Float>.zeros([0, 3]))" == "[]")
    #expect("\(Tensor<Float>.zeros([2, 0]))" == "[[],\n []]")
  }

  @Test func `A long row is broken, and more than a thousand elements are cut to three at each end and counted`() {
    let broken = "\(Tensor((0..<100).map { Int32($0) }))"
    let lines = broken.split(separator: "\n")
    #expect(lines.count == 5 && lines.allSatisfy { $0.count <= 101 } && lines[1].hasPrefix(" 24, 25"), "\(broken)")
    #expect(broken.filter { $0 != " " && $0 != "\n" } == "[" + (0..<100).map { "\($0)" }.joined(separator: ",") + "]")
    #expect("\(Tensor((0..<1001).map { Int32($0) }))" == "[0, 1, 2, … 995 more, 998, 999, 1000]")
    #expect(!"\(Tensor((0..<1000).map { Int32($0) }))".contains("…"))
    let large = "\(Tensor<Float>.zeros([60000, 784]))".split(separator: "\n")
    #expect(
      large.count == 7 && large[0] == "[[0.0, 0.0, 0.0, … 778 more, 0.0, 0.0, 0.0]," && large[3] == " … 59994 more,")
    #expect("\(Tensor<Int32>(repeating: 7, shape: [1000, 1, 2]))".count < 120)
    #expect("\(Tensor<Int32>(repeating: 7, shape: [6, 200]))".split(separator: "\n").count == 6)
  }

  @Test func `The text for a debugger begins with type and shape`() {
    #expect(String(reflecting: Tensor<Float>([1, 2])) == "Tensor<Float> [2]: [1.0, 2.0]")
    #expect(String(reflecting: Tensor([[1, 2]])) == "Tensor<Double> [1, 2]:\n[[1.0, 2.0]]")
    #expect("\([Tensor<Int32>(scalar: 3)])" == "[Tensor<Int32> []: 3]")
  }

  /// A data set of many numbers.
  private struct Zeros: Dataset {
    let count = 1000
    var inputShape: Shape { [784] }
    var targetShape: Shape { [] }
    func fill(
      inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>, from rows: ArraySlice<Int>
    ) {
      inputs.update(repeating: 0)
      targets.update(repeating: 0)
    }
    func selecting(_ rows: ArraySlice<Int>) -> Zeros { self }
  }

  @Test func `Data sets and batches say what they are and print no numbers`() {
    let zeros = Zeros()
    #expect("\(zeros)" == "Zeros: 1000 examples, inputs [784], targets [] of Int32")
    let batches = zeros.batches(of: 128)
    #expect("\(batches)" == "8 batches of 128 (the last of 104) from \(zeros)")
    #expect("\(batches[0])" == "Batch of 128: inputs [128, 784], targets [128] of Int32")
    for text in [String(reflecting: zeros), String(reflecting: batches), "\(batches[2...])", "\([batches[0]])"] {
      #expect(text.count < 250)
    }
  }

  @Test func `Tensors are close within the larger of two tolerances, and of one shape`() {
    let a = Tensor([1, 1000, 0])
    #expect(a.isClose(to: a) && a.isClose(to: a, relative: 0, absolute: 0))
    #expect(a.isClose(to: Tensor([1.000009, 1000.009, 9e-9])) && !a.isClose(to: Tensor([1.00002, 1000, 0])))
    #expect(!a.isClose(to: Tensor([1, 1000, 2e-8])) && a.isClose(to: Tensor([1, 1000, 2e-8]), absolute: 1e-7))
    #expect(
      a.isClose(to: Tensor([1.5, 1000, 0]), absolute: 0.5) && !a.isClose(to: Tensor([1.75, 1000, 0]), absolute: 0.5))
    // The larger of the two counts, so that the order does not.
    let (low, high) = (Tensor([0.5]), Tensor([1]))
    #expect(low.isClose(to: high, relative: 0.5) && high.isClose(to: low, relative: 0.5))
    #expect(!low.isClose(to: high, relative: 0.49) && !high.isClose(to: low, relative: 0.49))
    #expect(!Tensor([1]).isClose(to: Tensor([[1]])) && !Tensor([1, 1]).isClose(to: Tensor([1])))
    #expect(Tensor<Float>.zeros([0]).isClose(to: .zeros([0])) && !Tensor<Float>.zeros([0]).isClose(to: .zeros([0, 1])))
  }

  @Test func `NaN is close to nothing, and an infinity to itself alone, under any tolerance`() async {
    let (nan, infinity) = (Tensor([Double.nan]), Tensor([Double.infinity]))
    #expect(!nan.isClose(to: nan, relative: .infinity, absolute: .infinity))
    #expect(infinity.isClose(to: infinity) && !infinity.isClose(to: -infinity, relative: 10))
    #expect(
      !infinity.isClose(to: Tensor([1e308]), relative: 1, absolute: .infinity) && !Tensor([1]).isClose(to: infinity))
    #expect(Tensor([-0.0]).isClose(to: Tensor([0.0]), relative: 0, absolute: 0))
    await #expect(processExitsWith: .failure) { _ = Tensor([1]).isClose(to: Tensor([1]), relative: -1) }
    await #expect(processExitsWith: .failure) { _ = Tensor([1]).isClose(to: Tensor([1]), absolute: .nan) }
  }
}
