import Adjoint
import AdjointLearning
import Foundation
import Testing

/// `adjoint diff` on pairs of trainings that differ in one known thing.
@Suite struct DiffTests {
  private let workplace: Workplace
  init() throws { workplace = try Workplace() }

  /// A training whose every ingredient a test may change.
  private final class Training<S: Scalar> {
    let hidden: Linear<S>
    let step: TrainingStep<S>
    var batches: [Tensor<S>]

    init(_ optimizer: some Optimizer = Adam(learningRate: 0.01), draws: UInt64 = 1, rate: Double = 0.4) {
      var generator = Generator(seed: 7)
      let (hidden, head) = (
        Linear<S>(20, 24, name: "hidden", using: &generator), Linear<S>(24, 3, name: "head", using: &generator)
      )
      self.hidden = hidden
      step = TrainingStep(optimizer: optimizer, seed: draws) { x, labels in
        crossEntropy(logits: head(dropout(hidden(x).tanh(), rate: rate)), labels: labels)
      }
      batches = (0..<5).map { _ in
        Tensor(shape: [16, 20], elements: (0..<320).map { _ in S(generator.normal()) })
      }
    }

    /// Writes a trace of five steps; `before` may change something before a step, counted from 1.
    func trace(to file: String, wholeAt steps: ClosedRange<Int>? = nil, before: (Int) throws -> Void = { _ in }) throws
    {
      try step.trace(to: URL(fileURLWithPath: file), wholeAt: steps)
      for (number, x) in batches.enumerated() {
        try before(number + 1)
        try step(x, Tensor((0..<16).map { Int32(($0 + number) % 3) }))
      }
      step.endTrace()
    }
  }

  private func diff(_ a: String = "a.trace", _ b: String = "b.trace") throws -> Outcome {
    try workplace.run("diff", a, b, "--json")
  }

  private func write(_ training: Training<Float>, _ name: String, wholeAt steps: ClosedRange<Int>? = nil) throws {
    try training.trace(to: workplace.path(name), wholeAt: steps)
  }

  /// The members of the difference that a pair of traces has.
  private func expect(
    _ outcome: Outcome, _ difference: String, step: Int, layer: String? = nil, element: [Int]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try outcome.json(sourceLocation: sourceLocation)
    let comment = Comment(rawValue: outcome.output)
    #expect(outcome.code == 1, comment, sourceLocation: sourceLocation)
    #expect(found["difference"] as? String == difference, comment, sourceLocation: sourceLocation)
    #expect(found["step"] as? Int == step, comment, sourceLocation: sourceLocation)
    #expect(found["agreeing"] as? Int == step - 1, comment, sourceLocation: sourceLocation)
    if let layer { #expect(found["layer"] as? String == layer, comment, sourceLocation: sourceLocation) }
    if let element { #expect(found["element"] as? [Int] == element, comment, sourceLocation: sourceLocation) }
  }

  // MARK: One thing that differs

  @Test("One dropout draw: the random leaf, the step, the element, the seeds")
  func draw() throws {
    // So rarely does a unit drop that two seeds may differ in one draw of the first step.
    let (rate, count) = (0.0025, 16 * 24)
    try write(Training(draws: 1, rate: rate), "a.trace")
    for seed in UInt64(2)...60 {
      try write(Training(draws: seed, rate: rate), "b.trace")
      let outcome = try diff()
      let found = try outcome.json()
      guard found["step"] as? Int == 1, found["differingElements"] as? Int == 1 else { continue }
      try expect(outcome, "random", step: 1)
      #expect(found["elements"] as? Int == count && (found["element"] as? [Int])?.count == 2)
      #expect(Set([found["a"], found["b"]].compactMap { $0 as? String }).contains("0.0"))
      #expect(outcome.output.contains("a random draw; the seeds are 1 and \(seed)"), "\(outcome.output)")
      #expect(outcome.output.contains("1 of 384 differ"))
      return
    }
    Issue.record("no seed differs in one draw alone")
  }

  @Test("One batch: the input, its element; where a plain trace lacks it, the command that shows it")
  func batch() throws {
    let other = Training<Float>()
    other.batches[2][3, 7] += 0.5
    try write(Training(), "a.trace")
    try write(other, "b.trace")
    let plain = try diff()
    try expect(plain, "batch", step: 3, layer: "inputs")
    #expect(plain.output.contains("step 3, after 2 steps that agree in every bit"))
    #expect(
      plain.output.contains("run both again with --trace-values 3, in code trace(to:wholeAt: 3...3)"), "\(plain.output)"
    )

    // As it says; and now each element is there.
    let again = Training<Float>()
    again.batches[2][3, 7] += 0.5
    try write(Training(), "a.trace", wholeAt: 3...3)
    try write(again, "b.trace", wholeAt: 3...3)
    let whole = try diff()
    try expect(whole, "batch", step: 3, layer: "inputs", element: [3, 7])
    #expect(whole.output.contains("; 1 of 320 differ\n"), "\(whole.output)")
    #expect(try whole.json()["differingNodes"] as? Int ?? 0 > 10)
  }

  @Test("One ulp of a weight at the start: the parameter, its layer, its element, 1 ulp")
  func weight() throws {
    let other = Training<Float>()
    var weight = other.hidden.weight.value
    weight[2, 5] = weight[2, 5].nextUp
    other.hidden.weight.value = weight
    try write(Training(), "a.trace")
    try write(other, "b.trace")
    let outcome = try diff()
    try expect(outcome, "parameter", step: 1, layer: "hidden/weight", element: [2, 5])
    #expect(try outcome.number("ulps") == 1)
    #expect(outcome.output.contains(", 1 ulp; 1 of 480 differ"), "\(outcome.output)")
    #expect(outcome.output.contains("the runs began with other weights"))
  }

  @Test("A weight that something changed between two steps: the gradients before agree, so it was the update or a hand")
  func touched() throws {
    try write(Training(), "a.trace")
    let other = Training<Float>()
    try other.trace(to: workplace.path("b.trace")) { number in
      guard number == 4 else { return }
      let bias = other.hidden.bias?.value
      other.hidden.bias?.value = try #require(bias).map { $0.nextUp }
    }
    let outcome = try diff()
    try expect(outcome, "parameter", step: 4, layer: "hidden/bias")
    #expect(outcome.output.contains("the gradients of step 3 agree, so its update, or something beside the step"))
    #expect(try outcome.number("differingElements") == 24)
  }

  @Test("Where the step before is missing from a trace, nothing is said of its gradients")
  func gap() throws {
    try write(Training(), "a.trace")
    let other = Training<Float>()
    for number in 1...2 {
      try other.step(other.batches[number - 1], Tensor((0..<16).map { Int32(($0 + number - 1) % 3) }))
    }
    other.hidden.weight.value = other.hidden.weight.value.map { 2 * $0 }
    try other.step.trace(to: URL(fileURLWithPath: workplace.path("b.trace")))
    try other.step(other.batches[2], Tensor((0..<16).map { Int32(($0 + 2) % 3) }))
    let outcome = try diff()
    #expect(
      outcome.output.contains("a parameter: the runs parted before step 3, or began with other weights"),
      "\(outcome.output)")
  }

  @Test("Another optimiser shows in the first parameter that it moved, with both updates; another rate at once")
  func update() throws {
    try write(Training(Momentum(learningRate: 0.1, momentum: 0.9)), "a.trace")
    try write(Training(Nesterov(learningRate: 0.1, momentum: 0.9)), "b.trace")
    let outcome = try diff()
    try expect(outcome, "parameter", step: 2)
    #expect(outcome.output.contains("the updates are Momentum(") && outcome.output.contains(" and Nesterov("))
    try write(Training(Momentum(learningRate: 0.2, momentum: 0.9)), "b.trace")
    let rate = try diff()
    try expect(rate, "update", step: 1)
    #expect(
      rate.output.contains("the learning rate of step 1: 0.1 and 0.2; its values and gradients agree"), "\(rate.output)"
    )
  }

  @Test("An operation that computes otherwise: its inputs agree, and both instruction sets are named")
  func operation() throws {
    let sets = Kernels.available
    try #require(sets.count > 1)
    for (name, set) in [("a.trace", sets[0]), ("b.trace", "reference")] {
      let outcome = try workplace.start(tiny + ["--trace", name], environment: ["ADJOINT_KERNELS": set]).outcome()
      try #require(outcome.code == 0, "\(outcome.errors)")
    }
    let outcome = try diff()
    try expect(outcome, "operation", step: 1, layer: "fc1")
    #expect(
      outcome.output.contains(
        "its inputs agree in every bit, its results do not; the instruction sets are \(sets[0]) and"))
    #expect(try (outcome.json()["kind"] as? String)?.hasPrefix("matmul(") == true && outcome.number("ulps") >= 1)
  }

  @Test("The number of threads makes no difference, and neither does a run in two parts")
  func sameness() throws {
    let (options, more) = (
      ["--train-limit", "600", "--hidden", "64"], ["train", "--test-limit", "100", "--batch", "256"]
    )
    for (name, threads) in [("a.trace", "1"), ("b.trace", "2")] {
      let words = more + options + ["--epochs", "2", "--threads", threads, "--trace", name]
      try #require(try workplace.start(words).outcome().code == 0)
    }
    let outcome = try diff()
    #expect(outcome.code == 0 && outcome.output.contains("none: 6 steps, 1 to 6, agree in every bit of every node"))
    #expect(try workplace.bytes("a.trace") == workplace.bytes("b.trace"))

    let first = more + options + ["--epochs", "1", "--save", "w.safetensors"]
    try #require(try workplace.start(first).outcome().code == 0)
    let second = ["train", "--resume", "w.safetensors", "--epochs", "2", "--trace", "c.trace"]
    try #require(try workplace.start(second).outcome().code == 0)
    let resumed = try diff("a.trace", "c.trace")
    #expect(resumed.code == 0 && resumed.output.contains("none: 3 steps, 4 to 6, agree"), "\(resumed.output)")
    #expect(resumed.output.contains("a.trace has 6 steps, c.trace 3; the others were not compared"))
  }

  @Test("Float and Double are two precisions, and two architectures two programs with a first node")
  func structure() throws {
    try write(Training(), "a.trace")
    try Training<Double>().trace(to: workplace.path("b.trace"))
    let precision = try diff()
    #expect(precision.code == 1 && precision.output.contains("the precision: a.trace is of Float, b.trace of Double"))
    try write(Training(rate: 0.5), "b.trace")
    let program = try diff()
    try expect(program, "program", step: 1)
    #expect(
      program.output.contains("random bernoulli(0.6, ") && program.output.contains("random bernoulli(0.5, "),
      "\(program.output)")
    #expect(program.output.contains("step 1 runs another program"))
  }

  @Test("NaN is equal to NaN, and told where it stands in one alone")
  func notANumber() throws {
    func broken(_ value: Float) throws -> Training<Float> {
      let training = Training<Float>()
      training.batches[1][0, 2] = value
      return training
    }
    for (name, value) in [("a.trace", Float.nan), ("b.trace", -Float.nan), ("c.trace", 2)] {
      let training = try broken(value)
      do {
        try write(training, name, wholeAt: 2...2)
      } catch is TrainingError {
        training.step.endTrace()
      }
    }
    #expect(try diff().code == 0)
    let outcome = try diff("a.trace", "c.trace")
    try expect(outcome, "batch", step: 2, layer: "inputs", element: [0, 2])
    #expect(outcome.output.contains("[0, 2]: nan and 2.0, NaN in one alone; 1 of 320 differ"), "\(outcome.output)")
    #expect(outcome.output.contains("in a.trace: a number was not finite, and the step changed nothing"))
  }

  // MARK: Files

  @Test("A trace that is cut off anywhere is a trace of its whole steps, or a sentence")
  func cut() throws {
    try write(Training(), "a.trace")
    let content = try workplace.bytes("a.trace")
    let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(\.count)
    for length in [20, lines[0] - 1, lines[0] + 1, lines[0] + lines[1] / 2, content.count / 2, content.count - 1] {
      _ = try workplace.write("b.trace", Array(content[..<length]))
      let outcome = try diff()
      if length < lines[0] {
        #expect(outcome.code == 1 && outcome.errors.contains("b.trace"), "\(length): \(outcome.errors)")
        continue
      }
      let steps = content[..<length].filter { $0 == UInt8(ascii: "\n") }.count - 2
      #expect(outcome.code == (steps > 0 ? 0 : 1), "\(length): \(outcome.output)\(outcome.errors)")
      #expect(try outcome.number("agreeing") == Double(max(steps, 0)))
    }
  }

  @Test(
    "What is no trace, or a damaged one, is a sentence with the place",
    arguments: [
      ("", "", "expected a trace, found an empty file"),
      (#"{"#, "PK\u{3}\u{4}{", "expected a trace, found a ZIP archive"),
      (#""version":1"#, #""version":2"#, "line 1, column 1: expected version 1 of the format, found version 2"),
      (#""scalar":"Float""#, #""scalar":"Half""#, "expected 'scalar' that is Float or Double, found 'Half'"),
      (#""node":1,"#, #""node":7,"#, "line 2, column 1: expected nodes in the order of the tape"),
      (#""shape":[16,20]"#, #""shape":[-1]"#, "line 2, column 1: expected 'shape' of at most 8 dimensions"),
      (
        #""recording":0,"rate""#, #""recording":5,"rate""#,
        "line 3, column 1: expected 'recording' that a line above describes"
      ),
      (#""hashes":""#, #""hashes":"AAAA"#, "line 3, column 1: expected 'hashes' of"),
      (#""hashes":""#, #""hashes":"?"#, "line 3, column 1: expected 'hashes' that is base 64"),
      (#""held":480"#, #""held":40"#, "line 3, column 1: expected 'values' of"),
      (#""held":"#, #""held":-"#, "line 3, column 1: expected 'held' that is a whole number"),
      (#""rate":"#, #""rate""#, "line 3, column "),
    ])
  func damaged(old: String, new: String, sentence: String) throws {
    try write(Training(), "a.trace")
    var text = String(decoding: try workplace.bytes("a.trace"), as: UTF8.self)
    if old.isEmpty {
      text = ""
    } else {
      let range = try #require(text.range(of: old))
      text.replaceSubrange(range, with: new)
    }
    _ = try workplace.write("b.trace", Array(text.utf8))
    let outcome = try diff()
    #expect(outcome.code == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("b.trace") && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  @Test("A training that is killed leaves a trace that can be compared")
  func killed() throws {
    let running = try workplace.start(
      ["train", "--train-limit", "2000", "--test-limit", "100", "--epochs", "1000", "--trace", "a.trace"])
    let end = Date() + 60
    while (try? workplace.bytes("a.trace").count) ?? 0 < 3_000_000, Date() < end { usleep(20_000) }
    kill(running.process.processIdentifier, SIGKILL)
    running.process.waitUntilExit()
    let outcome = try diff("a.trace", "a.trace")
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(try outcome.number("agreeing") > 1)
  }

  @Test(
    "A trace that would destroy something, or that nothing asks for, is refused before the training",
    arguments: [
      (["--trace", "w.safetensors", "--save", "w.safetensors"], "expected another name than the checkpoint has", 2),
      (
        ["--trace", "out/report.html", "--report", "out"], "expected another name than the files of the report have", 2
      ),
      (["--trace-values", "3"], "--trace-values has no effect without --trace", 2),
      (["--trace", "t", "--trace-values", "0"], "--trace-values 0: expected a step, or a first and a last one", 2),
      (["--trace", "t", "--trace-values", "9-3"], "--trace-values 9-3: expected a step", 2),
      (["--trace", "notes.txt"], "expected a trace, or no file, found a file of another kind", 1),
      (["--trace", "nowhere/t"], "expected the folder", 1),
    ])
  func refused(options: [String], sentence: String, code: Int32) throws {
    _ = try workplace.write("notes.txt", Array("what I found out".utf8))
    let outcome = try workplace.start(tiny + options).outcome()
    #expect(outcome.code == code && outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(try workplace.bytes("notes.txt") == Array("what I found out".utf8))
  }

  @Test("A training that is resumed does not overwrite a trace")
  func resumed() throws {
    try #require(try workplace.train("--save", "w.safetensors", "--trace", "a.trace").code == 0)
    let before = try workplace.bytes("a.trace")
    let outcome = try workplace.run("train", "--resume", "w.safetensors", "--epochs", "3", "--trace", "a.trace")
    #expect(outcome.code == 2 && outcome.errors.contains("a training that is resumed writes a trace of its own steps"))
    #expect(try workplace.bytes("a.trace") == before)
  }
}
