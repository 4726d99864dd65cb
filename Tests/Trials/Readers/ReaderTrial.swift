import Adjoint
import AdjointFiles
import Foundation

/// A reader and the oracle that judges it: a strict parser of its format that shares no line with it.
protocol ReaderTrial: Sendable {
  var name: String { get }
  /// Sound files, all of which must be read.
  var seeds: [[UInt8]] { get }
  /// Words of the format that damage may put in anywhere.
  var words: [String] { get }
  /// Reads a file that holds `bytes`, and compares with what the oracle makes of it.
  /// - Throws: the reader's own error.
  func read(_ file: URL, _ bytes: [UInt8]) throws -> Reading
}

/// The outcome of reading one file that was not refused.
struct Reading {
  /// A difference from the oracle; `nil` when the data are equal.
  var difference: String?
  /// The bytes that the file states as its content.
  var statedSize: Int
}

extension ReaderTrial {
  func reading(_ isEqual: Bool, _ what: @autoclosure () -> String, stating size: Int) -> Reading {
    Reading(difference: isEqual ? nil : what(), statedSize: size)
  }
}

/// A file that the oracle accepts and the reader refuses.
struct WronglyRefused: Error { let error: any Error }

enum Trial {
  static let readers: [any ReaderTrial] = [
    JSONTrial(), GzipTrial(), IDXTrial(), ImagesTrial(), PointTableTrial(), ImageTableTrial(), SafetensorsTrial(),
    PGMTrial(), ProgressTrial(), NPYTrial(), NPZTrial(), PNGTrial(), IndexTrial(), ONNXTrial(),
  ]

  /// Memory that reading takes whatever the file: buffers of the system, pages of the heap.
  #if RED_ZONES
    // The address sanitizer keeps what was given back.
    private static let overhead = 1 << 30
  #else
    private static let overhead = 4 << 20
  #endif

  static func readers(_ arguments: Arguments) -> Int32 {
    let (count, seed) = (arguments.number("count") ?? 20_000, arguments.number("seed") ?? 1)
    let chosen = readers.filter { arguments["only"].map { [name = $0.name] in $0 == name } ?? true }
    var failures = 0
    for reader in chosen {
      let started = Date()
      let share = (count + chosen.count - 1) / chosen.count
      let children = Children(kind: "readers", name: reader.name, seed: seed, keep: keep(arguments))
      let result = children.run(first: arguments.number("first") ?? 0, count: share)
      failures += result.failures
      let said = result.said.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      print(
        "\(reader.name): \(share) mutants, seed \(seed), \(said), \(result.failures) failed,",
        String(format: "%.1f s", -started.timeIntervalSinceNow))
    }
    return failures == 0 ? 0 : 1
  }

  static func keep(_ arguments: Arguments) -> URL {
    arguments["keep"].map { URL(fileURLWithPath: $0) }
      ?? FileManager.default.temporaryDirectory.appendingPathComponent("adjoint-trials")
  }

  /// A child: runs the trials that the parent names.
  static func child(_ arguments: Arguments) -> Never {
    guard let seed = arguments.number("seed"), let first = arguments.number("first"),
      let count = arguments.number("count"), let name = arguments["name"], let path = arguments["folder"]
    else { exit(2) }
    let folder = URL(fileURLWithPath: path)
    do {
      if arguments["kind"] == "readers", let reader = readers.first(where: { $0.name == name }) {
        try run(reader, UInt64(seed), first..<first + count, folder)
      } else {
        try runOperations(UInt64(seed), first..<first + count, folder)
      }
    } catch {
      say("\(error)")
      exit(1)
    }
    exit(0)
  }

  private static func run(_ reader: any ReaderTrial, _ seed: UInt64, _ numbers: Range<Int>, _ folder: URL) throws {
    let seeds = reader.seeds
    var (accepted, refused, failed) = (0, 0, 0)
    for number in numbers where failed < 10 {
      // The seeds themselves come first.
      var mutation = Mutation(
        seeds, words: reader.words, Generator(seed: seed).stream(UInt64(number), UInt64(reader.name.count)))
      let bytes = number < seeds.count ? seeds[number] : mutation.next()
      let trial = try ChildTrial(number, in: folder, input: bytes)
      PeakMemory.reset()
      let before = PeakMemory.residentBytes
      var failure: String?
      var stated = bytes.count
      do {
        let reading = try reader.read(trial.file, bytes)
        failure = reading.difference
        stated = max(stated, reading.statedSize)
        accepted += 1
      } catch let error as WronglyRefused {
        failure = "refused, though it is sound: \(error.error)"
      } catch let error as FileError {
        if number < seeds.count { failure = "a sound file was refused: \(error)" }
        if error.description.utf8.count > 4000 { failure = "a sentence of \(error.description.utf8.count) bytes" }
        refused += 1
      } catch {
        failure = "an error that is no FileError: \(error)"
      }
      let used = PeakMemory.bytes - before
      if failure == nil, used > 4 * stated + overhead {
        failure = "\(used >> 10) kB of memory for a file that states \(stated >> 10) kB"
      }
      if failure != nil { failed += 1 }
      trial.end(failure: failure)
    }
    say("total \(accepted) accepted")
    say("total \(refused) refused")
  }
}
