import Foundation
import Testing

/// The output of `adjoint bench`; never the speed of anything.
@Suite struct BenchTests {
  @Test("bench --list names every row with its target and measures nothing")
  func list() throws {
    let outcome = try Workplace().run("bench", "--list", "--json")
    #expect(outcome.code == 0)
    let names = try #require(try outcome.json()["rows"] as? [String])
    for name in [
      "step/784-128-10", "step/784-128-10-adam", "product/xWt-128x784x256", "elementwise/log-softmax", "chain/compile",
      "demo/2-16-16-1", "eager/784-128-10", "gradient-cost/784-256-10", "inference/784-128-10-batch-1",
      "step-double/784-128-10", "check/full-784-128-10", "process/784-128-10", "memory/784-256-10", "growth-width/4096",
      "network/gpt-64", "array/convolution", "matrix/cholesky-500", "epoch/cnn", "gradbench/ba-21-11315-36455",
    ] { #expect(names.contains(name), "\(name)") }
    // The steps are measured on one thread and on two.
    #expect(names.filter { $0 == "step/784-128-10" }.count == 2)
    #expect(outcome.output.contains("0.88 of the peak"))
  }

  @Test("bench --json gives every row its figure, spread, target and a Boolean")
  func json() throws {
    let outcome = try Workplace().run(
      "bench", "chain/replay", "demo", "elementwise/exp", "gradient-cost", "--quick", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let json = try outcome.json()
    #expect(json["quick"] as? Bool == true)
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(
      rows.map { $0["name"] as? String } == [
        "elementwise/exp", "chain/replay", "demo/2-16-16-1", "gradient-cost/784-256-10",
      ])
    for row in rows {
      let ours = try #require(row["ours"] as? Double)
      let spread = try #require(row["spread"] as? [Double])
      #expect(spread.count == 2 && spread[0] <= ours && ours <= spread[1])
      #expect(row["threads"] as? Int == 1)
      #expect(row["unit"] is String)
      #expect((row["peers"] as? [String: Any])?.isEmpty == true)
      #expect(row["met"] is Bool)
      #expect(row.keys.contains("limit") && row.keys.contains("target"))
    }
    // Nothing to reach is reached.
    #expect(rows[3]["target"] is NSNull)
    #expect(rows[3]["met"] as? Bool == true)
  }

  @Test("A step is checked and measured on the threads asked for")
  func step() throws {
    let outcome = try Workplace().run("bench", "step/784-10", "--threads", "2", "--quick", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    #expect(rows.map { $0["threads"] as? Int } == [2])
    // What both cores give at once is measured with it, but on the reference loops.
    if rows[0]["peak"] is Double {
      for key in ["together", "handover"] { #expect((rows[0][key] as? Double ?? -1) >= 0, "\(key)") }
    }
  }

  @Test("bench --profile says where every step goes, and its parts are in the object too")
  func profile() throws {
    let outcome = try Workplace().run("bench", "step/784-10", "chain/replay", "--quick", "--profile", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("\nstep/784-10, 1 thread: medians of 5 steps of "))
    #expect(outcome.output.contains("%5 z⁽¹⁾ = inputs·fc1/weightᵀ + fc1/bias [128, 10]"), "\(outcome.output)")
    let profiles = try #require(try outcome.json()["profiles"] as? [[String: Any]])
    #expect(profiles.map { $0["threads"] as? Int } == [1, 2])
    for profile in profiles {
      let parts = try #require(profile["parts"] as? [[String: Any]])
      #expect(parts.first?["what"] as? String == "the batch into place")
      #expect(parts.last?["what"] as? String == "update of the parameters")
      #expect(parts.allSatisfy { ($0["microseconds"] as? Double ?? -1) >= 0 })
      #expect(parts.filter { $0["gigaflops"] is Double }.count == 2)
    }
  }

  @Test("A network's step is profiled too")
  func profileOfNetwork() throws {
    let outcome = try Workplace().run("bench", "network/lenet", "--threads", "1", "--quick", "--profile")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("\nnetwork/lenet, 1 thread: medians of 5 steps of "), "\(outcome.output)")
  }

  @Test("A profile of no step is a sentence, before anything is measured")
  func noProfile() throws {
    let outcome = try Workplace().run("bench", "chain/replay", "--quick", "--profile")
    #expect(outcome.code == 2)
    #expect(
      outcome.errors
        == "adjoint: --profile has no effect without a training step among the rows; it belongs to step\n")
  }

  @Test("The memory of a program grows in a straight line with the depth of the network")
  func growth() throws {
    let place = try Workplace()
    let outcome = try place.run("bench", "growth-memory", "--quick", "--json", "--plot", "plots")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let fits = try #require(try outcome.json()["growth"] as? [[String: Any]])
    #expect(fits.count == 1)
    let coefficients = try #require(fits[0]["coefficients"] as? [Double])
    // Another hidden layer of 128 units keeps at least the values of its units for 128 images: 64 KiB.
    #expect(coefficients.count == 2 && coefficients[1] >= 64)
    #expect(fits[0]["met"] as? Bool == true)
    let plot = String(decoding: try place.bytes("plots/growth-memory.svg"), as: UTF8.self)
    #expect(plot.contains("memory, KiB") && plot.contains("·n KiB"))
  }

  @Test("A whole process is measured by the memory that it reports")
  func process() throws {
    let outcome = try Workplace().run("bench", "memory/784-256-10", "--threads", "1", "--quick", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    let memory = try #require(rows.first?["ours"] as? Double)
    #expect(memory > 5 && memory < 1_000)
  }

  @Test("A misspelt row brings up the row that was meant")
  func unknownRow() throws {
    let outcome = try Workplace().run("bench", "step/784-128-01")
    #expect(outcome.code == 2)
    #expect(outcome.errors == "adjoint: there is no row 'step/784-128-01'; did you mean step/784-128-10?\n")
    #expect(try Workplace().run("bench", "prodct").errors.contains("did you mean product?"))
  }

  @Test("A row that is not measured on so many threads is a sentence")
  func threads() throws {
    let outcome = try Workplace().run("bench", "chain", "--threads", "3")
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains("none of these rows is measured on 3 threads"), "\(outcome.errors)")
  }

  @Test("A number of processes without peers is a sentence")
  func processes() throws {
    let outcome = try Workplace().run("bench", "chain/replay", "--quick", "--processes", "9")
    #expect(outcome.code == 2)
    #expect(outcome.errors == "adjoint: --processes has no effect without other libraries; it belongs to --peers\n")
  }

  @Test(
    "Networks, functions of arrays and matrices have the values that they are recorded with, and say what their first run took"
  )
  func lone() throws {
    let outcome = try Workplace().run("bench", "network", "array", "matrix", "--threads", "1", "--quick", "--json")
    #expect(outcome.code == 0, "\(outcome.errors)")
    let rows = try #require(try outcome.json()["rows"] as? [[String: Any]])
    #expect(rows.count == 17)
    let asked = try Workplace().run("bench", "gradbench/kmeans-100-10000-16", "--threads", "1", "--quick", "--json")
    #expect(asked.code == 0, "\(asked.errors)")
    #expect(try (asked.json()["rows"] as? [[String: Any]])?.first?["first"] as? Double ?? 0 > 0)
    for row in rows {
      for part in ["ours", "first", "memory"] {
        #expect((row[part] as? Double ?? 0) > 0, "\(row["name"] ?? ""): \(part)")
      }
    }
  }

  @Test("A peer whose answer differs has no figure and no ratio; a record goes on where a run ended")
  func record() throws {
    let place = try Workplace()
    func answer(_ difference: Double) throws -> [String: Any] {
      let script = """
        #!/bin/sh
        case "$*" in
          *--versions) echo '{"numpy": "2", "torch": null}' ;;
          *) echo '{"figure": 1000, "difference": \(difference), "first": 1, "memory": 1}' ;;
        esac
        """
      _ = try place.write("python", Array(script.utf8))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.path("python"))
      let outcome = try place.run(
        "bench", "matrix/cholesky-500", "--threads", "1", "--quick", "--processes", "1", "--peers", "./python",
        "--record",
        "record", "--json")
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains("its answer differs from ours by 0.5 of the largest") == (difference > 0))
      return try #require((try outcome.json()["rows"] as? [[String: Any]])?.first)
    }
    let differing = try answer(0.5)
    #expect((differing["peers"] as? [String: Any])?.isEmpty == true && differing["ratio"] is NSNull)
    let agreeing = try answer(0)
    #expect(agreeing["peers"] as? [String: Double] == ["numpy": 1000])
    // Ours is the figure of the first run, which the record has.
    #expect(agreeing["ours"] as? Double == differing["ours"] as? Double)
    let ratio = try #require(agreeing["ratio"] as? Double)
    #expect(ratio > 1)
    #expect(try place.bytes("record").split(separator: 0x0A).count == 2)
  }

  @Test("The tables of the page have a row for each row, with what it must reach")
  func markdown() throws {
    let outcome = try Workplace().run("bench", "matrix/triangular-500", "--threads", "1", "--quick", "--markdown")
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("| row | unit | ours | from – to |"), "\(outcome.output)")
    #expect(outcome.output.contains("\n| matrix/triangular-500 | ms | "), "\(outcome.output)")
    #expect(outcome.output.contains("first run, ms"), "\(outcome.output)")
  }

  @Test("An interpreter that is not there is a sentence")
  func interpreter() throws {
    let outcome = try Workplace().run("bench", "chain/replay", "--quick", "--peers", "no-such-python")
    #expect(outcome.code == 1)
    #expect(outcome.errors.hasPrefix("adjoint: "), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }
}
