import Foundation

/// The formulas that were read so far, and the operations that have none: reading takes the time of `forward`, which a tape that is
/// recorded anew in each step would pay each time.
///
/// What decides is compared: the type, its stored properties, the scalar and the shapes. And samples of `forward` are read again, since
/// it may read something else that changes, such as a global variable: a formula that it no longer has is forgotten. So it makes no
/// difference to any result whether something is known already, for a `forward` that keeps what the guide to operations asks for, and
/// for any that comes to differ at a sample.
enum KnownFormulas {
  /// An operation on operands of some shapes, and what was read.
  private struct Entry {
    let scalar: ObjectIdentifier
    let properties: [UInt8]
    let shapes: [Shape]
    let formula: LoopFormula?
  }

  /// The most entries of a type. Older ones are forgotten, and read again.
  private static let limit = 256

  private static let lock = NSLock()
  // Read and written under the lock alone.
  nonisolated(unsafe) private static var entries: [ObjectIdentifier: [Entry]] = [:]
  nonisolated(unsafe) private static var layouts: [ObjectIdentifier: [Bool]] = [:]

  /// The formula of an operation, read at the first time; `nil` when it has none.
  ///
  /// Properties are compared by their bits. An operation that holds a list, an object or a pointer has none that could be, so its
  /// `forward` stays as it is.
  /// - Parameter isStill: true when samples of `forward` are those of a formula that is known.
  static func formula<O, S: Scalar>(
    of operation: O, _ x: Operands<S>, _ y: Output<S>, read: () -> LoopFormula?, isStill: (LoopFormula) -> Bool
  ) -> LoopFormula? {
    guard _isPOD(O.self) else { return nil }
    let type = ObjectIdentifier(O.self)
    func isMeant(_ entry: Entry, _ layout: [Bool]) -> Bool {
      guard entry.scalar == ObjectIdentifier(S.self), entry.shapes.count == x.count + 1,
        entry.shapes[x.count] == y.shape,
        (0..<x.count).allSatisfy({ entry.shapes[$0] == x[$0].shape })
      else { return false }
      return withUnsafeBytes(of: operation) { bytes in
        bytes.indices.allSatisfy { !layout[$0] || bytes[$0] == entry.properties[$0] }
      }
    }
    let known: Entry? = lock.withLock {
      guard let list = entries[type], let layout = layouts[type],
        let place = list.lastIndex(where: { isMeant($0, layout) })
      else { return nil }
      return list[place]
    }
    if let known {
      guard let formula = known.formula else { return nil }
      if isStill(formula) { return formula }
    }
    let formula = known != nil || isData(operation) ? read() : nil
    let entry = Entry(
      scalar: ObjectIdentifier(S.self), properties: withUnsafeBytes(of: operation) { Array($0) },
      shapes: (0..<x.count).map { x[$0].shape } + [y.shape], formula: formula)
    let layout = usedBytes(of: operation)
    lock.withLock {
      layouts[type] = layout
      if known != nil { entries[type]?.removeAll { isMeant($0, layout) } }
      entries[type, default: []].append(entry)
      if entries[type, default: []].count > limit { entries[type]?.removeFirst(limit / 2) }
    }
    return formula
  }

  /// True when a value is numbers, truths and cases through and through, so that its bits say all about it. Pointers and functions
  /// lead to what may change.
  private static func isData(_ value: Any) -> Bool {
    switch value {
    case is any BinaryInteger, is any BinaryFloatingPoint, is Bool, is any SIMD: return true
    case is Range<Int>, is ClosedRange<Int>, is Range<Double>, is ClosedRange<Double>: return true
    default: break
    }
    let mirror = Mirror(reflecting: value)
    let isOwn = mirror.displayStyle == .optional || !(value is any CustomReflectable)
    switch mirror.displayStyle {
    case .struct, .tuple, .optional, .enum:
      return isOwn && (!mirror.children.isEmpty || mirror.displayStyle != .struct || isEmpty(value))
        && mirror.children.allSatisfy { isData($0.value) }
    default: return false
    }
  }

  private static func isEmpty<T>(_ value: T) -> Bool { MemoryLayout<T>.size == 0 }

  /// True for each byte of a value that belongs to a property; the bytes between properties hold anything.
  private static func usedBytes<T>(of value: T) -> [Bool] {
    let whole = [Bool](repeating: true, count: MemoryLayout<T>.size)
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .struct, !mirror.children.isEmpty else { return whole }
    func layout<P>(_ property: P) -> (used: [Bool], alignment: Int) {
      (usedBytes(of: property), MemoryLayout<P>.alignment)
    }
    var used: [Bool] = []
    for property in mirror.children {
      let (own, alignment) = layout(property.value)
      while used.count % alignment != 0 { used.append(false) }
      used += own
    }
    return used.count == whole.count ? used : whole
  }
}
