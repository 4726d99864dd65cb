/// What is sent together, from one place in a program to another.
struct ExchangeWindow {
  /// The stage before which it begins, and that before which it ends.
  private(set) var begin: Int
  private(set) var end: Int
  fileprivate var list = TransferList()

  fileprivate init(begin: Int, end: Int) { (self.begin, self.end) = (begin, end) }

  var transfers: [Exchange.Transfer] { list.transfers }

  /// Both together, begun when both may begin and ended when the first one must; `nil` where that is not possible.
  fileprivate func joined(with other: ExchangeWindow) -> ExchangeWindow? {
    var both = self
    (both.begin, both.end) = (max(begin, other.begin), min(end, other.end))
    both.list.add(other.list)
    return both.begin <= both.end ? both : nil
  }
}

/// The exchanges of a program while they are planned.
struct ExchangeWindows {
  private var windows: [ExchangeWindow] = []
  private var numbers: [Range<Int>: Int] = [:]

  mutating func add(_ lack: ExchangeWalk.Lack, from begin: Int, to end: Int) {
    let number = numbers[begin..<end, default: windows.count]
    if number == windows.count {
      windows.append(ExchangeWindow(begin: begin, end: end))
      numbers[begin..<end] = number
    }
    windows[number].list.add(lack.bytes, from: lack.from, to: lack.to)
  }

  /// What exchanges are thought to take, in seconds. All processes think the same, and no bit depends on it.
  ///
  /// The work of a message, its time on a network, and that of a byte: 10 Gbit/s.
  private static let (work, latency, byte) = (10e-6, 20e-6, 0.8e-9)

  /// Joins windows where messages that are saved are worth more than the work during which they would be under way.
  /// - Parameter seconds: what each stage is thought to take.
  mutating func join(seconds: [Double]) {
    let ends = seconds.reduce(into: [0.0]) { $0.append($0[$0.count - 1] + $1) }
    func cost(_ window: ExchangeWindow) -> Double {
      let shown = Self.latency + Self.byte * Double(window.list.mostReceived) - (ends[window.end] - ends[window.begin])
      return Self.work + max(0, shown)
    }
    var joined: [ExchangeWindow] = []
    for window in windows.sorted(by: { ($0.end, $0.begin) < ($1.end, $1.begin) }) {
      var best: (gain: Double, number: Int, both: ExchangeWindow)?
      for (number, other) in joined.enumerated() {
        guard let both = other.joined(with: window) else { continue }
        let gain = cost(other) + cost(window) - cost(both)
        if gain > best?.gain ?? 0 { best = (gain, number, both) }
      }
      if let best { joined[best.number] = best.both } else { joined.append(window) }
    }
    windows = joined.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
  }

  /// The exchanges in the order of their beginnings, each with its place in a room of so many bytes; those that are never open together may share it.
  func placed(_ size: ([Exchange.Transfer]) -> Int) -> (windows: [ExchangeWindow], places: [Int], byteCount: Int) {
    var rooms: [(end: Int, size: Int)] = []
    let numbers = windows.map { window in
      let size = size(window.transfers)
      let number = rooms.firstIndex { $0.end < window.begin } ?? rooms.count
      if number == rooms.count { rooms.append((window.end, size)) }
      rooms[number] = (window.end, max(rooms[number].size, size))
      return number
    }
    let places = numbers.map { number in rooms[..<number].reduce(0) { $0 + $1.size } }
    return (windows, places, rooms.reduce(0) { $0 + $1.size })
  }
}
