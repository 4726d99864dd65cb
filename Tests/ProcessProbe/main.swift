// Trains a small model on the processes that mpirun has started, and prints a digest of the checkpoint that the first one writes.
//
//   ProcessProbe MODEL BATCH THREADS FILE [STEPS [SHARDS]]
//   ProcessProbe rate MODEL BATCH THREADS [STEPS [SHARDS]]     milliseconds a step, the least and the median
//   ProcessProbe profile MODEL BATCH THREADS [STEPS]           where they go
//   ProcessProbe wait SECONDS                                  the first process works so long, and the others wait
//   ProcessProbe message                                       seconds of a message, and of a byte, between two processes
//   ProcessProbe steps MODEL BATCH PROCESSES                   work and exchanges of a step in order, by the program's plan
//   ProcessProbe plan MODEL BATCH MS MESSAGE BYTE [DELAY [MOST [CORES]]]
//                                                              a step on 1 to MOST processes (1,024), by the program's plan
//
// MODEL is perceptron (dropout), wide (784-1024-1024-10), convolutions (batch norm) or transformer. The last batch of four is five
// examples smaller. A file that is there is gone on from.
import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation

let words = CommandLine.arguments
let group = ProcessGroup.current
let tasks = ["rate", "profile", "plan", "steps", "message", "wait"]
let task = words.count > 1 && tasks.contains(words[1]) ? words[1] : nil
let rest = Array(words.dropFirst(task == nil ? 1 : 2))
let batch = rest.count > 1 ? Int(rest[1]) ?? 1 : 1
let model = rest.first ?? ""
let more = rest.dropFirst(task == nil ? 4 : 3).compactMap { Int($0) }
let steps = more.first ?? 8
var generator = Generator(seed: 7)

/// The step of the model of that name.
func makeStep(_ model: String, on group: ProcessGroup, using generator: inout Generator) -> TrainingStep<Float> {
  let loss: (Variable<Float>, Variable<Float>) -> Variable<Float>
  switch model {
  case "perceptron":
    let net = MLP<Float>([784, 256, 128, 10], dropout: 0.2, using: &generator)
    loss = { crossEntropy(logits: net($0), labels: $1) }
  case "wide":
    let net = MLP<Float>([784, 1024, 1024, 10], using: &generator)
    loss = { crossEntropy(logits: net($0), labels: $1) }
  case "convolutions":
    let net = CNN<Float>(height: 28, width: 28, classes: 10, filters: [8, 16], batchNorm: true, using: &generator)
    loss = { crossEntropy(logits: net($0), labels: $1) }
  case "transformer":
    let characters = Embedding<Float>(60, 64, name: "characters", using: &generator)
    let positions = LearnedPositions<Float>(16, 64, name: "positions", using: &generator)
    let blocks = (1...2).map {
      TransformerBlock<Float>(64, heads: 4, isCausal: true, name: "block\($0)", using: &generator)
    }
    let norm = LayerNorm<Float>(64, name: "norm")
    loss = { text, next in
      let hidden = blocks.reduce(positions(characters(text))) { $1($0) }
      return crossEntropy(logits: characters.logits(of: norm(hidden)), labels: next)
    }
  default:
    print("ProcessProbe: no model '\(model)'")
    exit(2)
  }
  return TrainingStep(optimizer: Adam(), clipping: .norm(0.5), on: group, loss: loss)
}

/// A step on a batch that its number decides.
func training(_ step: TrainingStep<Float>, _ number: Int) -> () throws -> Float {
  var generator = Generator(seed: 11).stream(UInt64(number))
  let count = number % 4 == 3 ? batch - 5 : batch
  if model == "transformer" {
    let text = Tensor<Int32>(shape: [count, 16], elements: (0..<count * 16).map { _ in Int32(generator.next() % 60) })
    return { try step(text, text) }
  }
  let x = Tensor<Float>(shape: [count, 784], elements: (0..<count * 784).map { _ in Float(generator.normal()) })
  let labels = Tensor<Int32>((0..<count).map { _ in Int32(generator.next() % 10) })
  return { try step(x, labels) }
}

/// Records the loss of a full batch, so that a checkpoint can be restored.
func prepare(_ step: TrainingStep<Float>) throws {
  if model == "transformer" {
    let text = Tensor<Int32>(repeating: 0, shape: [batch, 16])
    return try step.prepare(text, text)
  }
  try step.prepare(Tensor<Float>.zeros([batch, 784]), Tensor<Int32>(repeating: 0, shape: [batch]))
}

/// Prints the seconds of a message and of a byte: of exchanges in which each gives all others 8 bytes, and its share of 32 MiB, which do not
/// stay in a cache.
func measureMessages() {
  func seconds(_ body: () -> Void) -> Double {
    (0..<100).map { _ in
      let start = ContinuousClock.now
      body()
      return start.duration(to: .now).seconds
    }.min() ?? 0
  }
  let array = Parameter<Float>(.zeros([8 << 20]))
  guard let cut = ElementCut(of: array.count, among: group) else {
    print("ProcessProbe: messages need several processes")
    exit(2)
  }
  let exchange = ArrayExchange([(array.places, cut)], on: group)
  let (short, long) = (seconds { _ = group.gather([UInt8](repeating: 1, count: 8)) }, seconds { exchange.run() })
  let (message, byte) = (short / Double(group.count - 1), (long - short) / Double(exchange.sentByteCount))
  if group.isFirst { print("message \(message) s, byte \(byte) s, \(group.count) processes") }
}

/// The seconds of each of many steps on one batch.
func stepSeconds(_ step: TrainingStep<Float>, _ steps: Int) throws -> [Double] {
  let train = training(step, 0)
  for _ in 0..<3 { _ = try train() }
  return try (0..<steps).map { _ in
    let start = ContinuousClock.now
    _ = try train()
    return start.duration(to: .now).seconds
  }.sorted()
}

/// Prints what the model of Docs/ManyProcesses.md says of a step, in milliseconds, by the plan of each number of processes:
/// t(R) = t(1) · ⌈R/C⌉ · (w/R + w′)/(w + w′) + mα + bβ on C cores, and of each exchange that part of δ which is longer than what is computed
/// while it is under way.
func predict(_ ms: Double, message: Double, byte: Double, delay: Double, most: Int, cores: Int) throws {
  let counts = (0...10).map { 1 << $0 }.filter { $0 <= most } + (most == 4 ? [3] : [])
  var (last, sharded) = (1, 0.0)
  var cost = Cost()
  for count in counts.sorted() {
    // A plan knows at most 64 processes; of more it has the bytes and exchanges of 64, and more messages.
    if count <= 64, count > 1 { (cost, last) = (try Cost(of: count), count) }
    if count == 1 {
      print("| 1 | \(ms.tenths) | | | \(ms.tenths) |")
      continue
    }
    let others = Double(count - 1) / Double(last - 1)
    let turns = Double((count + cores - 1) / cores)
    let exact = cost.milliseconds(
      ms * turns, count, message: 1e3 * others * message, byte: 1e3 * byte, delay: 1e3 * delay)
    let sent = 2 * cost.parameterBytes * Double(count - 1) / Double(count)
    // Losses and failures, the last bucket of sums, the test of gradients with the squares of their norm, and the parameters are waited for.
    let messages = Double(count - 1) * (3 + cost.buckets)
    sharded = ms * turns / Double(count) + 1e3 * (messages * message + 4 * delay + sent * byte)
    print("| \(count) | \(exact.tenths) | \(cost.exchanges) | \((cost.bytes / 1e6).tenths) | \(sharded.tenths) |")
  }
}

/// Prints what one of so many processes does in a program, in order.
func printSteps(_ count: Int) throws {
  for step in try Cost(of: count).steps {
    switch step {
    case .begin(let number, let messages, let bytes): print("begin \(number): \(messages) messages, \(bytes) bytes")
    case .end(let number): print("end \(number)")
    case .work(let shared, let repeated):
      let thousands = ((shared / Double(count) + repeated) / 1e3).rounded()
      print("work of \(Int(thousands)) thousand, \(Int((repeated / 1e3).rounded())) of them on all")
    }
  }
}

/// What a step does on one of many processes.
struct Cost {
  private(set) var (exchanges, bytes, parameterBytes, buckets) = (0, 0.0, 0.0, 0.0)
  private(set) var steps: [Program<Float>.SharedCost.Step] = []
  private var others = 0.0

  init() {}

  init(of count: Int) throws {
    var generator = Generator(seed: 7)
    let member = ProcessGroup.threads(count, isMarkingMissing: false)[0]
    let alone = makeStep(model, on: ProcessGroup.threads(1)[0], using: &generator)
    try prepare(alone)
    steps = alone.plan(on: member).steps
    others = Double(count - 1)
    parameterBytes = alone.namedParameters.reduce(0) { $0 + 4 * Double($1.parameter.count) }
    let counts = alone.namedParameters.filter { !$0.parameter.isFrozen }.map(\.parameter.count)
    buckets = Double(ShardSums<Float>.buckets(counts, counts.indices.reversed()).count)
    bytes = parameterBytes * others / Double(count)
    exchanges = 2
    for case .begin(_, let messages, let sent) in steps where messages > 0 {
      exchanges += 1
      bytes += Double(sent)
    }
  }

  /// A step that takes `ms` alone, one exchange after the other; only what delays an exchange is hidden by work.
  func milliseconds(_ ms: Double, _ count: Int, message: Double, byte: Double, delay: Double) -> Double {
    var (shared, repeated) = (0.0, 0.0)
    for case .work(let s, let r) in steps { (shared, repeated) = (shared + s, repeated + r) }
    let unit = ms / (shared + repeated)
    var now = 0.0
    var arrivals: [Int: Double] = [:]
    for step in steps {
      switch step {
      case .work(let shared, let repeated): now += unit * (shared / Double(count) + repeated)
      case .begin(let number, let messages, let sent):
        now += message * Double(messages) + byte * Double(sent)
        arrivals[number] = messages > 0 ? now + delay : now
      case .end(let number): now = max(now, arrivals[number] ?? 0)
      }
    }
    // The gradients' test with the squares of their norm, and the parameters.
    return now + 2 * (message * others + delay) + byte * parameterBytes * others / Double(count)
  }
}

extension Double {
  var tenths: String { String(format: "%.2f", self) }
}

do {
  if task == "message" {
    measureMessages()
    exit(0)
  }
  if task == "wait" {
    try group.onFirst { Thread.sleep(forTimeInterval: Double(model) ?? 0) }
    exit(0)
  }
  guard rest.count >= 3 else {
    print("ProcessProbe [rate | profile | plan] MODEL BATCH THREADS [FILE] [STEPS [SHARDS]]")
    exit(2)
  }
  if task == "plan" {
    let numbers = rest.dropFirst(2).compactMap(Double.init)
    try predict(
      numbers[0], message: numbers[1], byte: numbers[2], delay: numbers.count > 3 ? numbers[3] : 0,
      most: numbers.count > 4 ? Int(numbers[4]) : 1024, cores: numbers.count > 5 ? Int(numbers[5]) : 1 << 20)
    exit(0)
  }
  if task == "steps" {
    try printSteps(max(Int(rest[2]) ?? 2, 2))
    exit(0)
  }
  let step = makeStep(model, on: group, using: &generator)
  let threads = Int(rest[2]) ?? 1
  step.pool = threads > 1 ? WorkerPool(threads: threads) : nil
  step.shards = more.count > 1 ? more[1] : nil
  switch task {
  case "rate":
    let seconds = try stepSeconds(step, steps)
    if group.isFirst {
      let (least, median) = (seconds[0], seconds[seconds.count / 2])
      print(
        "\((1e3 * least).tenths) ms, median \((1e3 * median).tenths) ms, \(Int(Double(batch) / median)) images/s, \(model) batch "
          + "\(batch), \(group.count) x \(threads), \(step.sentByteCount) bytes a step")
    }
    exit(0)
  case "profile":
    _ = try stepSeconds(step, 1)
    let profile = try step.profile { _ = try stepSeconds(step, steps) }
    if group.isFirst { print(profile) }
    exit(0)
  default: break
  }
  guard rest.count > 3 else {
    print("ProcessProbe: a file is needed")
    exit(2)
  }
  let file = URL(fileURLWithPath: rest[3])
  if FileManager.default.fileExists(atPath: file.path) {
    try prepare(step)
    try Checkpoint(contentsOf: file).restore(into: [step])
  }
  for number in step.stepCount..<max(steps, step.stepCount) {
    _ = try training(step, number)()
    try Checkpoint.save([step], to: file)
  }
  if group.isFirst {
    let digest = SHA256.hexadecimal(of: Array(try Data(contentsOf: file)))
    print("\(digest) \(model) batch \(batch), \(group.count) x \(threads), \(step.sentByteCount) bytes a step")
  }
} catch {
  FileHandle.standardError.write(Data("ProcessProbe: \(error)\n".utf8))
  exit(1)
}
