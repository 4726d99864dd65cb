import Adjoint
import AdjointCommandLine
import AdjointFiles
import Foundation

/// A problem of GradBench at one of the suite's sizes: the derivative, asked of the example `GradBench` in the suite's protocol.
struct GradBenchProblem: LoneProblem {
  enum Module: String, Sendable { case gmm, lstm, kmeans, lse, llsq, ode, det, ba, ht, particle, saddle }

  let module: Module
  /// The sizes, in the order in which the suite names them.
  let sizes: [Int]
  /// The pair of modes of `particle` and `saddle`.
  var modes = ""

  let productOperations: Double? = nil
  let script = "gradbench.py"
  let tolerance = 1e-7

  var peers: [String] {
    switch module {
    case .gmm, .lse: ["c", "numpy", "torch", "jax-jit", "differences"]
    case .lstm, .ba: ["c", "torch", "jax-jit", "differences"]
    case .kmeans: ["c", "numpy", "torch", "jax-jit"]
    case .llsq, .ode: ["numpy", "torch", "jax-jit"]
    case .ht: ["torch", "jax-jit"]
    case .det: ["c"]
    case .particle, .saddle: []
    }
  }

  private var function: String {
    switch module {
    case .gmm, .lstm, .ba, .ht: "jacobian"
    case .kmeans: "dir"
    case .lse, .llsq, .ode, .det: "gradient"
    case .particle, .saddle: modes
    }
  }

  /// Random numbers as JSON has them.
  private struct Lists {
    var noise = Noise(seed: 13)

    static func list(_ tensor: Tensor<Double>) -> JSON { .array(tensor.elements.map { .number($0) }) }
    mutating func vector(_ count: Int) -> JSON { Lists.list(noise.tensor([count])) }
    mutating func rows(_ count: Int, _ width: Int) -> JSON {
      let tensor = noise.tensor([count, width])
      return .array((0..<count).map { Lists.list(tensor[$0]) })
    }
    mutating func places(_ count: Int, below bound: Int) -> [JSON] {
      noise.indices([count], below: bound).elements.map { .integer(Int($0)) }
    }
  }

  /// A made-up hand of the suite's sizes, 22 bones and 10,000 vertices, of which 544 are in triangles, and so many points on these.
  private func hand(_ draw: inout Lists) -> [(String, JSON)] {
    let (bones, vertices, used, triangles) = (22, 10_000, 544, 1_084)
    let parents = [-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19, 0]
    func poses() -> JSON { .array((0..<bones).map { _ in draw.rows(4, 4) }) }
    let model: [(String, JSON)] = [
      ("parents", .integers(parents)), ("base_relatives", poses()), ("inverse_base_absolutes", poses()),
      ("base_positions", draw.rows(vertices, 4)), ("weights", draw.rows(vertices, bones)),
      ("triangles", .array((0..<triangles).map { _ in .array(draw.places(3, below: used)) })),
      ("is_mirrored", .bool(false)),
    ]
    let data: [(String, JSON)] = [
      ("model", .object(model)), ("correspondences", .array(draw.places(sizes[0], below: triangles))),
      ("points", draw.rows(sizes[0], 3)),
    ]
    return [("theta", draw.vector(26)), ("data", .object(data)), ("us", draw.rows(sizes[0], 2))]
  }

  /// The input, as the suite writes it.
  private var input: [(String, JSON)] {
    var draw = Lists()
    let list = Lists.list
    switch module {
    case .gmm:
      let (d, k, n) = (sizes[0], sizes[1], sizes[2])
      return [
        ("d", .integer(d)), ("k", .integer(k)), ("n", .integer(n)), ("m", .integer(0)), ("gamma", .number(1)),
        ("alpha", draw.vector(k)), ("mu", draw.rows(k, d)), ("q", draw.rows(k, d)),
        ("l", draw.rows(k, d * (d - 1) / 2)), ("x", draw.rows(n, d)),
      ]
    case .lstm:
      // A character is seven bits.
      let (layers, characters, width) = (sizes[0], sizes[1], 7)
      let text = draw.noise.indices([characters], below: 1 << width).elements
      let sequence = text.map { letter in JSON.array((0..<width).map { .integer(Int(letter) >> $0 & 1) }) }
      return [
        ("main_params", draw.rows(2 * layers, 4 * width)), ("extra_params", draw.rows(3, width)),
        ("state", draw.rows(2 * layers, width)), ("sequence", .array(sequence)),
      ]
    case .kmeans:
      // Centroids begin on points, so that none is without.
      let points = draw.noise.tensor([sizes[1], sizes[2]])
      func first(_ count: Int) -> JSON { .array((0..<count).map { list(points[$0]) }) }
      return [("points", first(sizes[1])), ("centroids", first(sizes[0]))]
    case .lse: return [("x", draw.vector(sizes[0]))]
    case .llsq: return [("x", draw.vector(sizes[1])), ("n", .integer(sizes[0]))]
    case .ode: return [("x", draw.vector(sizes[0])), ("s", .integer(sizes[1]))]
    case .det: return [("A", draw.vector(sizes[0] * sizes[0])), ("ell", .integer(sizes[0]))]
    case .ba:
      func numbers(_ values: Double...) -> JSON { .array(values.map { .number($0) }) }
      return [
        ("n", .integer(sizes[0])), ("m", .integer(sizes[1])), ("p", .integer(sizes[2])),
        ("cam", numbers(-0.76, -1.11, -0.85, 34.6, 39.7, 53.9, 419.2, 5.86, -8.52, 0.0878, 0.00274)),
        ("x", numbers(7.2, 0.00114, 3.02)), ("w", .number(0.417)), ("feat", numbers(271.8, 834.2)),
      ]
    case .ht: return hand(&draw)
    case .particle: return [("w", .number(0))]
    case .saddle: return [("start", .array([.number(1), .number(1)]))]
    }
  }

  /// The answer's output, and the nanoseconds of each run and of what was done before.
  private func evaluated(threads: Int, runs: Int) throws -> (output: JSON, runs: [Double], prepared: Double) {
    let message = JSON.object([
      ("id", .integer(1)), ("kind", .string("evaluate")), ("module", .string(module.rawValue)),
      ("function", .string(function)),
      ("input", .object(input + [("min_runs", .integer(runs)), ("min_seconds", .number(runs > 1 ? 0.2 : 0))])),
    ])
    let answer = try Interpreter.run(
      try GradBenchProblem.tool(), ["--threads", "\(threads)"], onOneCore: false, saying: message.text + "\n")
    guard answer["success"] == .bool(true), let output = answer["output"] else {
      throw CommandError.peer("GradBench", reason: answer["error"]?.string ?? "it gave no output")
    }
    func times(_ name: String) -> [Double] {
      (answer["timings"]?.elements ?? []).filter { $0["name"]?.string == name }
        .compactMap { $0["nanoseconds"]?.double }
    }
    return (output, times("evaluate"), times("prepare").reduce(0, +))
  }

  private static func tool() throws -> String {
    let place = Sibling.own?.deletingLastPathComponent().appendingPathComponent("GradBench").path ?? ""
    guard FileManager.default.isExecutableFile(atPath: place) else {
      throw CommandError.peer(
        "GradBench", reason: "it is not there; swift build -c release --product GradBench makes it")
    }
    return place
  }

  func requirePrograms() throws { _ = try GradBenchProblem.tool() }

  /// One process of the example, which measures itself.
  func prepared(threads: Int) throws -> PreparedRow {
    // The first run records what the values decide.
    let found = try evaluated(threads: threads, runs: 5)
    guard let first = found.runs.first else { throw CommandError.peer("GradBench", reason: "it gave no timing") }
    let median = Spread(Array(found.runs.dropFirst())).median
    var row = PreparedRow({}, figure: { _ in median * 1e-6 })
    (row.mostSamples, row.worksItself, row.isWarm) = (1, false, false)
    (row.first, row.memory) = ((found.prepared + first) * 1e-9, { nil })
    return row
  }

  func fields(_ folder: ExchangeFolder) throws -> [(String, JSON)] {
    try Data(JSON.object(input).text.utf8).write(to: folder.url.appendingPathComponent("input.json"))
    try folder.write(try evaluated(threads: 1, runs: 1).output.numbers, "results.bin")
    return [("kind", .string(module.rawValue)), ("sizes", .integers(sizes))]
  }
}

extension JSON {
  /// All numbers in it, the members of an object in the order of their names.
  fileprivate var numbers: [Double] {
    if let double { return [double] }
    if let elements { return elements.flatMap(\.numbers) }
    return (members ?? []).sorted { $0.0 < $1.0 }.flatMap { $0.1.numbers }
  }
}
