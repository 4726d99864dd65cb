import Adjoint
import AdjointDatasets
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

/// A trace changes no bit, is the same for equal runs, and holds what Docs/Traces.md says.
struct TraceTests {
  /// A small network with all that a step may meet: dropout, running statistics, moments, a short last batch.
  final class Training<S: Scalar> {
    let step: TrainingStep<S>
    private let batches: [(x: Tensor<S>, labels: Tensor<Int32>)]

    init(threads: Int = 1) {
      var generator = Generator(seed: 5)
      let (first, second) = (Linear<S>(40, 24, using: &generator), Linear<S>(24, 3, name: "head", using: &generator))
      let norm = BatchNorm<S>(24, name: "norm")
      step = TrainingStep(optimizer: Adam(learningRate: 0.01), clipping: .norm(1), seed: 2) { x, labels in
        crossEntropy(logits: second(dropout(norm(first(x)).relu(), rate: 0.3)), labels: labels)
      }
      step.pool = WorkerPool(threads: threads)
      batches = (0..<6).map { number in
        let rows = number == 3 ? 5 : 32
        return (normal([rows, 40], seed: UInt64(number)), Tensor((0..<rows).map { Int32(($0 + number) % 3) }))
      }
    }

    func prepare() throws { try step.prepare(batches[0].x, batches[0].labels) }
    func train(_ steps: Range<Int>) throws { for n in steps { try step(batches[n].x, batches[n].labels) } }

    var state: [S] { (step.namedParameters + step.namedOptimizerState).flatMap(\.parameter.value.elements) }
  }

  private let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  private func place(_ name: String) -> URL { folder.url.appendingPathComponent(name) }

  private func lines(_ name: String) throws -> [JSON] {
    try String(contentsOf: place(name), encoding: .utf8).split(separator: "\n").map { try JSON($0.utf8, file: name) }
  }

  @Test(
    "A traced training ends in the bits of an untraced one, wherever the trace begins and ends", arguments: [1, 2, 3])
  func bits(threads: Int) throws {
    let (plain, traced) = (Training<Float>(), Training<Float>(threads: threads))
    try plain.train(0..<6)
    try traced.train(0..<1)
    try traced.step.trace(to: place("a.trace"))
    // The recording is at hand all the time, as a checkpoint needs it.
    #expect(traced.step.namedParameters.count == plain.step.namedParameters.count)
    try traced.train(1..<4)
    traced.step.endTrace()
    try traced.train(4..<6)
    #expect(traced.state.map(\.bitPattern) == plain.state.map(\.bitPattern))
    #expect(try lines("a.trace").compactMap { $0["step"]?.integer } == [2, 3, 4])
  }

  @Test("Equal runs write equal bytes, on any number of threads")
  func threads() throws {
    for threads in 1...3 {
      let training = Training<Float>(threads: threads)
      try training.step.trace(to: place("\(threads).trace"))
      try training.train(0..<6)
    }
    let first = try Data(contentsOf: place("1.trace"))
    #expect(try first == Data(contentsOf: place("2.trace")))
    #expect(try first == Data(contentsOf: place("3.trace")))
    // A line for the run, two recordings, six steps.
    #expect(first.filter { $0 == UInt8(ascii: "\n") }.count == 9)
  }

  /// The hash as the page states it, of elements as words.
  private func hash(_ words: [UInt64]) -> UInt64 {
    let h = words.reduce(UInt64(0)) { h, word in
      let mixed = h ^ word
      return (mixed << 29 | mixed >> 35) &* 0x9E37_79B1_85EB_CA87
    }
    return h ^ h >> 32
  }

  private func check<S: Scalar>(_ type: S.Type, _ words: (S) -> UInt64) throws {
    let training = Training<S>()
    try training.step.trace(to: place("a.trace"), wholeAt: 2...2)
    try training.train(0..<1)
    let before = training.step.namedParameters.map { (name: $0.name, value: $0.parameter.value) }
    try training.train(1..<2)
    let lines = try lines("a.trace")
    let nodes = try #require(lines[1]["nodes"]?.elements)
    let step = lines[3]
    let hashes = ByteOrder.littleEndian.words(
      of: [UInt8](try #require(Data(base64Encoded: step["hashes"]?.string ?? ""))), as: UInt64.self)
    #expect(hashes.count == nodes.count && step["held"]?.integer == 32 * 40 && lines[2]["held"]?.integer == 32)
    for (name, value) in before {
      let place = try #require(nodes.firstIndex { $0["path"]?.string == name && $0["role"] != nil }, "\(name)")
      #expect(hashes[place] == hash(value.elements.map(words)), "\(name)")
    }
    // All elements in the step asked for, 32 of a node at most in the others.
    for (line, limit) in [(lines[2], 32), (step, Int.max)] {
      let counts = nodes.map { node in
        let count = node["shape"]!.elements!.reduce(1) { $0 * $1.integer! }
        return min(count, limit) * (node["role"]?.string == "index" ? 4 : MemoryLayout<S>.size)
      }
      #expect(Data(base64Encoded: line["values"]?.string ?? "")?.count == counts.reduce(0, +))
    }
  }

  @Test("A line holds the hash of each node as the page states it, and the elements that it says")
  func content() throws {
    try check(Float.self) { UInt64($0.bitPattern) }
    try check(Double.self) { $0.bitPattern }
  }

  @Test("Every node is there, forward and backward, with the value that recording gave it")
  func nodes() throws {
    let training = Training<Float>(threads: 2)
    try training.prepare()
    let tape = try #require(training.step.tape)
    // All values are computed now, since a step leaves them until they are looked at, and updates their leaves.
    let values = (0..<tape.count).map { tape[$0].value.elements }
    try training.step.trace(to: place("a.trace"))
    try training.train(0..<1)
    let lines = try lines("a.trace")
    let hashes = ByteOrder.littleEndian.words(
      of: [UInt8](try #require(Data(base64Encoded: lines[2]["hashes"]?.string ?? ""))), as: UInt64.self)
    let nodes = try #require(lines[1]["nodes"]?.elements)
    let numbers = nodes.compactMap { $0["node"]?.integer }
    var adjoints: Set<Int> = []
    for (node, found) in zip(nodes, hashes) {
      let number = try #require(node["node"]?.integer)
      adjoints.formUnion(node["adjointOf"]?.elements?.compactMap(\.integer) ?? [])
      // What a leaf held may have been updated since.
      guard node["operation"] != nil else { continue }
      #expect(Set(tape[number].inputs.map(\.index)).isSubset(of: numbers))
      #expect(found == hash(values[number].map { UInt64($0.bitPattern) }), "\(node.text)")
    }
    for leaf in nodes where leaf["role"]?.string == "parameter" {
      #expect(adjoints.contains(try #require(leaf["node"]?.integer)), "\(leaf.text)")
    }
    #expect(nodes.count { $0["serves"] != nil } > 20 && nodes.count { $0["operation"] != nil } > 40)
  }

  @Test("A hash tells every single bit and every pair of signs, and takes every NaN for one")
  func hashes() throws {
    let tape = Tape<Double>()
    let x = tape.input(normal([40], seed: 3) as Tensor<Double>, name: "x")
    let program = Program<Double>([x], keeping: .all)
    let original: [Double] = program.value(of: x).elements
    func hash(_ elements: [Double]) throws -> UInt64 {
      try program.feed(x, Tensor(elements))
      return program.hash(of: x.index)
    }
    var seen: Set<UInt64> = [try hash(original)]
    var missed: [String] = []
    for i in original.indices {
      for bit in [0, 1, 31, 32, 51, 63] {
        var changed = original
        changed[i] = Double(bitPattern: changed[i].bitPattern ^ 1 << UInt64(bit))
        if try !seen.insert(hash(changed)).inserted { missed.append("bit \(bit) of element \(i)") }
      }
      for j in 0..<i {
        var changed = original
        (changed[i], changed[j]) = (-changed[i], -changed[j])
        if try !seen.insert(hash(changed)).inserted { missed.append("signs of \(i) and \(j)") }
      }
    }
    #expect(missed.isEmpty)
    let quiet = original.dropLast() + [.nan]
    let negative = original.dropLast() + [-Double.nan]
    #expect(try hash(Array(quiet)) == hash(Array(negative)))
  }

  @Test("The elements held of a large node are 32, one of each stretch, and not of one column")
  func positions() {
    for count in [0, 1, 32] { #expect(TraceFormat.heldPositions(of: count, limit: 32) == Array(0..<count)) }
    #expect(TraceFormat.heldPositions(of: 100, limit: 100) == Array(0..<100))
    for count in [33, 64, 1024, 128 * 784, 16_777_216] {
      let positions = TraceFormat.heldPositions(of: count, limit: 32)
      #expect(positions.count == 32)
      for (k, position) in positions.enumerated() {
        #expect((k * count / 32..<(k + 1) * count / 32).contains(position))
      }
    }
    #expect(Set(TraceFormat.heldPositions(of: 128 * 128, limit: 32).map { $0 % 128 }).count > 16)
  }

  @Test("The first step holds every element but those of large nodes, unless they are asked for")
  func large() throws {
    let counts = try [nil, 1...1].map { steps in
      var generator = Generator(seed: 1)
      let layer = Linear<Float>(500, 2, using: &generator)
      let step = TrainingStep<Float>(optimizer: SGD(learningRate: 0.1)) { layer($0).square().mean() }
      try step.trace(to: place("a.trace"), wholeAt: steps)
      try step(.zeros([263, 500]))
      return try #require(lines("a.trace")[2]["held"]?.integer)
    }
    #expect(counts == [131_072, 263 * 500])
  }

  @Test("A step that is refused is written, and says so")
  func refused() throws {
    let training = Training<Float>()
    try training.step.trace(to: place("a.trace"))
    try training.train(0..<1)
    var broken: Tensor<Float> = normal([32, 40], seed: 1)
    broken[linear: 7] = .infinity
    #expect(throws: TrainingError.self) { try training.step(broken, Tensor([Int32](repeating: 1, count: 32))) }
    try training.train(1..<2)
    let steps = try lines("a.trace").filter { $0["step"] != nil }
    #expect(steps.map { $0["step"]?.integer } == [1, 2, 2])
    #expect(steps.map { $0["refused"] == .bool(true) } == [false, true, false])
    #expect(steps[1]["loss"] == .null)
  }

  @Test("A trace replaces a trace, and no file of another kind")
  func replacing() throws {
    let training = Training<Float>()
    let notes = try folder.file("notes.txt", "what I found out")
    let error = #expect(throws: FileError.self) { try training.step.trace(to: notes) }
    #expect(error?.description.contains("expected a trace, or no file, found a file of another kind") == true)
    #expect(try String(contentsOf: notes, encoding: .utf8) == "what I found out")
    for _ in 0..<2 {
      try training.step.trace(to: place("a.trace"))
      try training.train(0..<1)
    }
    #expect(try lines("a.trace").compactMap { $0["step"]?.integer } == [2])
    #expect(throws: FileError.self) { try training.step.trace(to: place("nowhere/a.trace")) }
    #expect(throws: FileError.self) { try training.step.trace(to: folder.url) }
  }

  #if os(Linux)
    @Test("A step that cannot be written throws, and has changed nothing")
    func fullDisk() async throws {
      await #expect(processExitsWith: .success) {
        signal(SIGXFSZ, SIG_IGN)
        let folder = try ScratchFolder()
        let training = Training<Float>()
        try training.step.trace(to: folder.url.appendingPathComponent("a.trace"))
        try training.train(0..<1)
        let (before, count) = (training.state, training.step.stepCount)
        var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
        guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(3) }
        for _ in 0..<100 {
          do { try training.train(1..<2) } catch is FileError {
            // The updates up to here were whole; this one was not made.
            let after = training.step.stepCount
            training.step.endTrace()
            let untraced = Training<Float>()
            try untraced.train(0..<1)
            guard untraced.state == before, count == 1 else { exit(4) }
            for _ in 1..<after { try untraced.train(1..<2) }
            exit(untraced.state == training.state ? 0 : 5)
          }
        }
        exit(6)
      }
    }
  #endif

  @Test("A trace and a profile of one step trap, and so does a trace of dual numbers")
  func conflicts() async {
    let profiled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (training, folder) = (Training<Float>(), try ScratchFolder())
      try training.step.trace(to: folder.url.appendingPathComponent("a.trace"))
      _ = training.step.profile {}
    }
    #expect(text(profiled).contains("TrainingStep.profile: this step is being traced"))
    let traced = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let training = Training<Float>()
      _ = try training.step.profile { try training.step.trace(to: URL(fileURLWithPath: "a.trace")) }
    }
    #expect(text(traced).contains("TrainingStep.trace: this step is being profiled"))
    let dual = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Training<Dual>().step.trace(to: URL(fileURLWithPath: "a.trace"))
    }
    #expect(text(dual).contains("a trace holds values of Float or Double, not of Dual"))
  }
}
