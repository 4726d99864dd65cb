import Foundation

/// The formulas that were read so far, and the operations that have none: reading takes the time of `forward`, which a tape that is
/// recorded anew in each step would pay each time.
///
/// What decides is compared: the type, its stored properties, the scalar and the shapes. So it makes no difference to any result whether
/// something is known already.
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
  /// Properties are compared by their bits. An operation that holds a list or an object has none that could be, so its `forward`
  /// stays as it is.
  static func formula<O, S: Scalar>(
    of operation: O, _ x: Operands<S>, _ y: Output<S>, read: () -> LoopFormula?
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
    if let known { return known.formula }
    let formula = read()
    let entry = Entry(
      scalar: ObjectIdentifier(S.self), properties: withUnsafeBytes(of: operation) { Array($0) },
      shapes: (0..<x.count).map { x[$0].shape } + [y.shape], formula: formula)
    let layout = usedBytes(of: operation)
    lock.withLock {
      layouts[type] = layout
      entries[type, default: []].append(entry)
      if entries[type, default: []].count > limit { entries[type]?.removeFirst(limit / 2) }
    }
    return formula
  }

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
