import AdjointKernels

/// A body as code on slots, which runs once for each step.
final class SlotRun<S: Scalar>: ScanRun<S> {
  private typealias List<T> = UnsafeMutableBufferPointer<T>

  private let code: ScanSlots
  /// The lanes of a slot.
  private let width: Int
  private let slots: UnsafeMutablePointer<S>
  /// Where operands and results stand.
  private let entries, given, results: List<ak_slot_place>
  private let loop: UnsafeMutablePointer<ak_slot_loop>
  private let kernel: @convention(c) (UnsafePointer<ak_slot_loop>?, Int, Bool) -> Void
  private let memory = Arena()

  /// `nil` where the body is no such code, or there are no kernels for the scalar.
  init?(_ body: ScanBody) {
    let narrowest = Int(AK_SLOT_BYTES) / MemoryLayout<S>.stride
    guard S.self == Double.self || S.self == Float.self, let kernels = Kernels.active,
      let code = ScanSlots(body, most: Int(AK_SLOT_WIDTH) * narrowest)
    else { return nil }
    var width = narrowest
    while width < code.widest { width *= 2 }
    self.width = width
    func places(_ list: [ScanSlots.Place], in memory: Arena) -> List<ak_slot_place> {
      memory.kept(list.map { ak_slot_place(place: nil, count: $0.count, slot: $0.slot) })
    }
    self.code = code
    slots = memory.kept([S](repeating: 0, count: code.slotCount * width)).baseAddress.unsafelyUnwrapped
    entries = places(code.entries, in: memory)
    (given, results) = (places(code.given, in: memory), places(code.results, in: memory))
    let steps = memory.kept(code.steps)
    let loop = ak_slot_loop(
      steps: steps.baseAddress, slots: slots, entries: entries.baseAddress, given: given.baseAddress,
      results: results.baseAddress, step_count: steps.count, entry_count: entries.count, given_count: given.count,
      result_count: results.count, width: width / narrowest)
    self.loop = memory.kept([loop]).baseAddress.unsafelyUnwrapped
    kernel = S.self == Double.self ? kernels.pointee.slot_loop_f64 : kernels.pointee.slot_loop_f32
  }

  override func run(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) {
    runSlots(x, into: y, steps: steps, reversed: reversed)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  private func runSlots(_ x: Operands<S>, into y: Output<S>, steps: Int, reversed: Bool) {
    for place in code.carries + code.shared {
      let (from, slot) = (x[place.value].base, slots + place.slot * width)
      if place.count == 1 {
        slot.update(repeating: from[0], count: width)
      } else {
        slot.update(from: from, count: place.count)
      }
    }
    for (number, place) in code.entries.enumerated() { entries[number].place = x[place.value].address }
    func place(_ results: [ScanSlots.Place], _ list: List<ak_slot_place>) {
      for (number, place) in results.enumerated() {
        list[number].place = UnsafeMutableRawPointer(y.base + (steps * place.before + place.behind))
      }
    }
    place(code.given, given)
    place(code.results, results)
    kernel(loop, steps, reversed)
    var end = y.base + steps * code.outputCount
    for place in code.carries {
      end.update(from: slots + place.slot * width, count: place.count)
      end += place.count
    }
  }
}
