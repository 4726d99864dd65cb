import Adjoint

/// A simple recurrent network: see `RNNCell`.
public typealias RNN<S: Scalar> = Recurrent<RNNCell<S>>
/// A long short-term memory: see `LSTMCell`.
public typealias LSTM<S: Scalar> = Recurrent<LSTMCell<S>>
/// A network of gated recurrent units: see `GRUCell`.
public typealias GRU<S: Scalar> = Recurrent<GRUCell<S>>

/// A cell applied to each step of sequences [batch, time, inputs]; the outputs are [batch, time, units], or 2·units in two
/// directions, forward first.
///
/// ```swift
/// let lstm = LSTM<Float>(28, 128, layers: 2, name: "lstm", using: &generator)
/// let outputs = lstm(x)
/// let (_, last) = lstm.run(x, lengths: lengths)
/// let features = last[1].hidden  // of the second layer, behind the last valid step of each row
/// ```
///
/// The input part is one product for all steps, the recurrent part one product a step. Recorded as plain operations, so a
/// recording has a node for each operation of each step; as a loop (`steps`), it has as many for a million steps as for one.
public struct Recurrent<Cell: RecurrentCell>: LibraryLayer {
  public typealias S = Cell.S
  /// The way in which steps are recorded: one after the other unless set.
  public var steps = RecurrentSteps.unrolled
  /// Of the first layer, forward and then backward where there are two directions; then of the next layer.
  package private(set) var cells: [Cell]
  package let isBidirectional: Bool
  package let isTimeFirst: Bool
  package let dropoutRate: Double
  package let name: String?

  /// A network of cells that exist.
  /// - Parameters:
  ///   - cells: one a layer, or two a layer, forward and backward. Behind the first layer they take all outputs of one.
  ///   - isTimeFirst: true when sequences are [time, batch, inputs].
  ///   - dropout: the rate on what goes from one layer to the next.
  /// - Precondition: the cells fit each other.
  public init(
    cells: [Cell], isBidirectional: Bool = false, isTimeFirst: Bool = false, dropout: Double = 0, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) {
    let (site, directions) = (CallSite(file, line), isBidirectional ? 2 : 1)
    guard let first = cells.first, cells.count % directions == 0 else {
      site.trap("Recurrent: \(cells.count) cells; give at least one layer of \(directions)")
    }
    for (place, cell) in cells.enumerated() {
      let inputs = place < directions ? first.inputs : first.units * directions
      guard cell.inputs == inputs, cell.units == first.units else {
        site.trap(
          "Recurrent: cell \(place) is \(cell.inputs) → \(cell.units); in this place it must be \(inputs) → \(first.units)"
        )
      }
    }
    (self.cells, self.isBidirectional, self.isTimeFirst, self.name) = (cells, isBidirectional, isTimeFirst, name)
    dropoutRate = checked(dropout, "Recurrent: dropout", .share, at: site)
  }

  public func callAsFunction(_ x: Variable<S>) -> Variable<S> { run(x).outputs }

  /// The outputs of all steps, and the last state of each layer and direction.
  /// - Parameters:
  ///   - states: the first states, in the order of the last ones; zeros when left out.
  ///   - lengths: indices [batch], how many steps of each row are valid, from 0 to all. Behind them the outputs are 0;
  ///     the last state is that behind the last valid step, and backward a row begins there.
  /// - Returns: `last`: layer 0 forward, layer 0 backward where there are two directions, layer 1 forward, …
  public func run(
    _ x: Variable<S>, from states: [RecurrentState<S>]? = nil, lengths: Variable<S>? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) -> (outputs: Variable<S>, last: [RecurrentState<S>]) {
    let site = CallSite(file, line)
    let axes = isTimeFirst ? "[time, batch, \(cells[0].inputs)]" : "[batch, time, \(cells[0].inputs)]"
    require(x.shape.rank == 3 && x.shape.last == cells[0].inputs, x, takes: axes, at: site)
    let (batch, time) = isTimeFirst ? (x.shape[1], x.shape[0]) : (x.shape[0], x.shape[1])
    let tape = x.tape
    if let lengths {
      let fits = lengths.holdsIndices && lengths.shape == [batch]
      require(fits, lengths, takes: "lengths that are indices (Int32), [\(batch)], one a row", at: site)
      // What a step is fed is tested by the feeding, which throws.
      let known = tape.isRecordingForReplay ? [] : lengths.indexValue.elements
      if let place = known.firstIndex(where: { !(0...time).contains(Int($0)) }) {
        site.trap("\(self): length \(known[place]) of row \(place) is not between 0 and the \(time) steps of the batch")
      }
    }
    return tape.scoped(name ?? "recurrent") {
      let states = fitting(states, batch: batch, on: tape, at: site)
      // The rows of a step lie side by side, one step after the other.
      var rows = (isTimeFirst ? x : x.permute([1, 0, 2])).reshape(to: [time * batch, cells[0].inputs])
      let valid = lengths.map { mask($0, batch: batch, time: time) }
      var last: [RecurrentState<S>] = []
      let directions = isBidirectional ? 2 : 1
      for first in stride(from: 0, to: cells.count, by: directions) {
        if first > 0 { rows = dropout(rows, rate: dropoutRate) }
        let ways = (first..<first + directions).map { place in
          let way = sweep(
            cells[place], rows, from: states[place], time: time, valid: valid, reversed: place > first, at: site)
          last.append(way.last)
          return way.outputs
        }
        rows = ways.count == 1 ? ways[0] : concatenate(ways, axis: 1)
      }
      let outputs = rows.reshape(to: [time, batch, cells[0].units * directions])
      return (isTimeFirst ? outputs : outputs.permute([1, 0, 2]), last)
    }
  }

  /// One layer in one direction over rows [time · batch, …].
  private func sweep(
    _ cell: Cell, _ rows: Variable<S>, from first: RecurrentState<S>, time: Int, valid: [Variable<S>]?,
    reversed: Bool, at site: CallSite
  ) -> (outputs: Variable<S>, last: RecurrentState<S>) {
    guard time > 0 else { return (rows.tape.constant(Tensor<S>.zeros([0, cell.units])), first) }
    let (z, batch) = (cell.projected(rows), rows.shape[0] / time)
    /// The output of a step and the state behind it.
    func step(_ z: Variable<S>, _ state: RecurrentState<S>, _ valid: Variable<S>?) -> (Variable<S>, RecurrentState<S>) {
      let new = cell.step(z, from: state)
      return valid.map { (new.hidden.masked(by: $0), new.chosen(by: $0, over: state)) } ?? (new.hidden, new)
    }
    switch steps {
    case .unrolled:
      let inputs = z.steps(time)
      var (state, outputs) = (first, [Variable<S>]())
      for t in reversed ? Array((0..<time).reversed()) : Array(0..<time) {
        let (output, next) = step(inputs[t], state, valid?[t])
        outputs.append(output)
        state = next
      }
      return (concatenate(reversed ? outputs.reversed() : outputs), state)
    case .loop(let recomputing):
      let sequences = [z.reshape(to: [time, batch, z.shape[1]])] + (valid ?? [])
      let (carry, outputs) = scan(
        first.parts, over: sequences, reversed: reversed, recomputing: recomputing, file: site.file, line: site.line
      ) { carry, entry in
        let (output, next) = step(entry[0], RecurrentState(carry), entry.count > 1 ? entry[1] : nil)
        return (next.parts, [output])
      }
      return (outputs[0].reshape(to: [time * batch, cell.units]), RecurrentState(carry))
    }
  }

  /// 1 where a step is valid: [batch, 1] for each step, or [time, batch, 1] for a loop.
  private func mask(_ lengths: Variable<S>, batch: Int, time: Int) -> [Variable<S>] {
    // A row is valid as long as its length lies ahead.
    let ahead = lengths.oneHot(time + 1).cumsum(reversed: true)
    switch steps {
    case .unrolled: return (0..<time).map { ahead.slice($0 + 1..<$0 + 2, axis: 1) }
    case .loop: return [ahead.slice(1..<time + 1, axis: 1).transpose().reshape(to: [time, batch, 1])]
    }
  }

  /// The first states, or zeros.
  private func fitting(
    _ states: [RecurrentState<S>]?, batch: Int, on tape: Tape<S>, at site: CallSite
  ) -> [RecurrentState<S>] {
    guard let states else { return cells.map { $0.zeroState(batch, on: tape) } }
    guard states.count == cells.count else {
      site.trap("\(self): it was given \(states.count) first states; it has \(cells.count), one a layer and direction")
    }
    for (place, (state, cell)) in zip(states, cells).enumerated() {
      cell.check(state, batch: batch, "first state \(place)", at: site)
    }
    return states
  }

  package mutating func detach() { cells = cells.map { $0.copy() } }

  public var description: String {
    let layers = cells.count / (isBidirectional ? 2 : 1)
    let kind = "\(Cell.self)".prefix { $0 != "<" }
    return title("Recurrent", name) + "\(layers) layer\(layers == 1 ? "" : "s")"
      + (isBidirectional ? " in both directions" : "") + (isTimeFirst ? ", time first" : "") + steps.words
      + ", \(kind) \(cells[0].inputs) → \(cells[0].units), "
      + words(of: cells.flatMap { ($0 as? any ParametricCell<S>)?.parameters.all ?? [] })
  }
}

/// Makes the cells of a network: of each place the inputs and the suffix of its names, as PyTorch has them.
private func stacked<Cell>(
  _ kind: String, _ inputs: Int, _ units: Int, layers: Int, isBidirectional: Bool, at site: CallSite,
  _ make: (Int, String) -> Cell
) -> [Cell] {
  check(layers, "\(kind): layers", atLeast: 1, at: site)
  return (0..<layers).flatMap { layer in
    (isBidirectional ? ["", "_reverse"] : [""]).map { way in
      make(layer == 0 ? inputs : isBidirectional ? 2 * units : units, "_l\(layer)\(way)")
    }
  }
}

extension Recurrent {
  /// A simple recurrent network with new parameters, `name/weight_ih_l0`, `name/weight_hh_l0`, `name/bias_ih_l0`,
  /// `name/bias_hh_l0`, then `…_l0_reverse`, `…_l1`: PyTorch's names.
  public init<T: Scalar>(
    _ inputs: Int, _ units: Int, layers: Int = 1, activation: Activation = .tanh, isBidirectional: Bool = false,
    isTimeFirst: Bool = false, bias: Bool = true, dropout: Double = 0, name: String? = nil,
    initializer: Initializer? = nil, using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) where Cell == RNNCell<T> {
    let site = CallSite(file, line)
    let cells = stacked("RNN", inputs, units, layers: layers, isBidirectional: isBidirectional, at: site) {
      RNNCell<T>($0, units, activation, bias, name, $1, initializer, using: &generator, at: site)
    }
    self.init(
      cells: cells, isBidirectional: isBidirectional, isTimeFirst: isTimeFirst, dropout: dropout, name: name,
      file: file, line: line)
  }

  /// A long short-term memory with new parameters, `name/weight_ih_l0`, `name/weight_hh_l0`, `name/bias_ih_l0`,
  /// `name/bias_hh_l0`, then `…_l0_reverse`, `…_l1`: PyTorch's names.
  public init<T: Scalar>(
    _ inputs: Int, _ units: Int, layers: Int = 1, isBidirectional: Bool = false, isTimeFirst: Bool = false,
    bias: Bool = true, dropout: Double = 0, name: String? = nil, initializer: Initializer? = nil,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) where Cell == LSTMCell<T> {
    let site = CallSite(file, line)
    let cells = stacked("LSTM", inputs, units, layers: layers, isBidirectional: isBidirectional, at: site) {
      LSTMCell<T>($0, units, bias, name, $1, initializer, using: &generator, at: site)
    }
    self.init(
      cells: cells, isBidirectional: isBidirectional, isTimeFirst: isTimeFirst, dropout: dropout, name: name,
      file: file, line: line)
  }

  /// A network of gated recurrent units with new parameters, `name/weight_ih_l0`, `name/weight_hh_l0`, `name/bias_ih_l0`,
  /// `name/bias_hh_l0`, then `…_l0_reverse`, `…_l1`: PyTorch's names.
  public init<T: Scalar>(
    _ inputs: Int, _ units: Int, layers: Int = 1, isBidirectional: Bool = false, isTimeFirst: Bool = false,
    bias: Bool = true, dropout: Double = 0, name: String? = nil, initializer: Initializer? = nil,
    using generator: inout Generator, file: StaticString = #fileID, line: UInt = #line
  ) where Cell == GRUCell<T> {
    let site = CallSite(file, line)
    let cells = stacked("GRU", inputs, units, layers: layers, isBidirectional: isBidirectional, at: site) {
      GRUCell<T>($0, units, bias, name, $1, initializer, using: &generator, at: site)
    }
    self.init(
      cells: cells, isBidirectional: isBidirectional, isTimeFirst: isTimeFirst, dropout: dropout, name: name,
      file: file, line: line)
  }
}
