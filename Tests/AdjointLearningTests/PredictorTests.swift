import Adjoint
import AdjointDatasets
import AdjointLearning
import Foundation
import Testing

/// A model in inference, and the measures of how well it does.
struct PredictorTests {
  @Test func `rows of indices are predicted in batches of any length, and one out of range is refused`() throws {
    let table = Parameter<Double>(Tensor([[1, 2], [3, 4], [5, 6]]), name: "table")
    let predictor = Predictor<Double>(batchSize: 2) { tokens in
      tokens.tape.parameter(table).gather(tokens).sum(axes: [1])
    }
    #expect(try predictor(Tensor<Int32>([[0, 1], [2, 2], [1, 0]])) == Tensor([[4, 6], [10, 12], [4, 6]]))
    #expect(throws: FeedError.self) { try predictor(Tensor<Int32>([[0, 3]])) }
    #expect(try predictor(Tensor<Int32>([[2, 0]])) == Tensor([[6, 8]]))
  }

  private static func model(_ sizes: [Int] = [2, 6, 3], dropout: Double = 0.5) -> MLP<Float> {
    var generator = Generator(seed: 11)
    return MLP<Float>(sizes, dropout: dropout, using: &generator)
  }

  private static func spirals(_ count: Int) -> LabeledPoints {
    var generator = Generator(seed: 12)
    return .spirals(count: count, classes: 3, using: &generator)
  }

  @Test(arguments: [0, 1, 3, 4, 5, 8, 11])
  func `any number of examples gives what a recording in inference gives`(count: Int) {
    let model = Self.model()
    let predictor = Predictor<Float>(batchSize: 4) { model($0) }
    let x: Tensor<Float> = normal([count, 2], seed: 1)
    let predicted = predictor(x)
    let recorded = model(Tape<Float>(mode: .inference).input(x)).value
    #expect(predicted.shape == [count, 3])
    #expect(predicted.elements == recorded.elements)
  }

  @Test func `a model in which rows see each other finds zeros behind a short batch, whatever stood there`() throws {
    let predictor = Predictor<Double>(batchSize: 3) { $0 + $0.sum(axes: [0], keepingDimensions: true) }
    let first = predictor(Tensor([[1], [2]]))
    #expect(first == Tensor([[4], [5]]))
    _ = predictor(Tensor([[100], [100], [100]]))
    #expect(predictor(Tensor([[1], [2]])) == first)
    #expect(predictor(Tensor([[100], [100], [100], [1]])) == Tensor([[400], [400], [400], [2]]))
  }

  @Test func `a predictor reads the parameters where they stand`() throws {
    let model = Self.model(dropout: 0)
    let predictor = Predictor<Float>(batchSize: 4) { model($0) }
    let x: Tensor<Float> = normal([4, 2], seed: 1)
    let before = predictor(x).elements
    model.linears[1].bias?.value = Tensor([1, 2, 3])
    #expect(distance(zip(predictor(x).elements, before).map { $0 - $1 }, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]) < 1e-6)
  }

  @Test func `the loss, the accuracy and the confusion of a data set are the plain loop's`() throws {
    let (model, data) = (Self.model(), Self.spirals(50))
    let predictor = Predictor<Float>(batchSize: 16) { model($0) }
    let metrics = try predictor.evaluate(on: data)

    let logits = predictor(data.inputs)
    var (loss, correct) = (0.0, 0)
    var confusion = [[Int]](repeating: [0, 0, 0], count: 3)
    for row in 0..<50 {
      let z = (0..<3).map { Double(logits[row, $0]) }
      let label = Int(data.labels[row])
      loss += log(z.reduce(0) { $0 + exp($1) }) - z[label]
      let prediction = z.firstIndex(of: z.max() ?? 0) ?? 0
      correct += prediction == label ? 1 : 0
      confusion[label][prediction] += 1
    }
    #expect(abs(metrics.loss - loss / 50) < 1e-12)
    #expect(metrics.accuracy == Double(correct) / 50)
    #expect(metrics.confusion == confusion)
  }

  @Test func `where logits tie, the first class is predicted, as argMax does`() throws {
    let predictor = Predictor<Float>(batchSize: 4) { $0 * 0 }
    let data = LabeledPoints(inputs: .zeros([3, 2]), labels: [0, 1, 1], classNames: ["a", "b"])
    #expect(try predictor.evaluate(on: data).confusion == [[1, 0], [2, 0]])
  }

  @Test func `class accuracies are the diagonal's shares, and nil without examples`() {
    let metrics = ClassificationMetrics(
      loss: 0, accuracy: 0.5, confusion: [[3, 1, 0], [2, 2, 4], [0, 0, 0]])
    #expect(metrics.classAccuracies == [0.75, 0.25, nil])
  }

  @Test func `the pairs confused most often come first; ties by label, then by prediction`() {
    let metrics = ClassificationMetrics(
      loss: 0, accuracy: 0, confusion: [[9, 1, 0, 2], [2, 9, 5, 0], [0, 2, 9, 1], [0, 0, 0, 9]])
    let pairs = metrics.mostConfused(5).map { [$0.label, $0.prediction, $0.count] }
    #expect(pairs == [[1, 2, 5], [0, 3, 2], [1, 0, 2], [2, 1, 2], [0, 1, 1]])
    #expect(metrics.mostConfused(100).count == 6)
  }

  @Test func `a label beyond the model's outputs throws`() {
    let model = Self.model([2, 2])
    let predictor = Predictor<Float>(batchSize: 4) { model($0) }
    let error = #expect(throws: FeedError.self) { try predictor.evaluate(on: Self.spirals(6)) }
    #expect(
      error?.description
        == "evaluate: example 2 has the label 2, and the model 2 outputs, for 0 ..< 2; give it an output for every class"
    )
  }

  @Test func `an empty data set has no loss and no accuracy, and says so`() {
    let model = Self.model()
    let predictor = Predictor<Float>(batchSize: 4) { model($0) }
    let error = #expect(throws: FeedError.self) { try predictor.evaluate(on: Self.spirals(0)) }
    #expect(error?.description.hasPrefix("evaluate: the data set has no examples") == true)
  }

  @Test func `logits of ±10⁴ give a finite loss`() throws {
    let predictor = Predictor<Float>(batchSize: 2) { $0 * 1e4 }
    let data = LabeledPoints(inputs: Tensor([[1, -1], [1, -1]]), labels: [0, 1], classNames: ["a", "b"])
    #expect(try predictor.evaluate(on: data).loss == 1e4)
  }
}
