import AdjointKernels

/// What runs element by element.
enum ElementFunction {
  case map(MapFunction)
  case zip(ZipFunction)
  case select

  init?(_ form: OperationForm?) {
    if case .map(let f)? = form {
      self = .map(f)
    } else if case .zip(let f)? = form {
      self = .zip(f)
    } else if form == .addBias {
      self = .zip(.binary(.add))
    } else if form == .select {
      self = .select
    } else {
      return nil
    }
  }
}

/// One operation inside a chain.
struct ChainLink<S: Scalar> {
  enum Function {
    case elements(ElementFunction)
    case repeated
    case sum
    case mean(S)
    case variance(S)
    case softmax(SoftmaxKind)
    /// Columns side by side.
    case joined(UnsafeBufferPointer<Place>)
    /// What each block of the kernels gives.
    case reduced(BlockReduction)

    /// - Parameter width: the elements of a row.
    init(_ form: OperationForm?, width: Int) {
      if let f = ElementFunction(form) {
        self = .elements(f)
      } else if case .softmax(let kind)? = form {
        self = .softmax(kind)
      } else if form == .broadcast {
        self = .repeated
      } else if form?.isSum == true {
        self = .sum
      } else if form?.isMean == true {
        self = .mean(S(Double(width)))
      } else {
        self = .variance(S(Double(width)))
      }
    }
  }

  /// The place of an operand or result: a whole array, a part that all rows read, or a block of each thread's own.
  struct Place {
    fileprivate(set) var base: UnsafeMutablePointer<S>
    /// The distance of two rows, and of two elements of a row.
    let row: Int, column: Int
    /// The elements that all rows read together; 0 when each has its own.
    let shared: Int
    /// How far a block of rows stands from the base, for each row before it, in its period and in its matrix, and for each thread.
    private let all: Int, inPeriod: Int, inMatrix: Int, part: Int

    /// - Parameters:
    ///   - ownStep: the size of a block of which each thread has its own; 0 for an array.
    ///   - isMatrix: true when that block has the rows of a matrix, not only those that are computed at a time.
    init(
      _ base: UnsafeMutablePointer<S>, _ kind: RowSpace.Operand?, _ rows: RowSpace, ownStep: Int = 0,
      isMatrix: Bool = false
    ) {
      self.base = base
      var isPeriodic = false
      switch kind {
      case .row?: (row, column, shared) = (rows.width, 1, 0)
      case .number?: (row, column, shared) = (1, 0, 0)
      case .sharedRow?: (row, column, shared) = (0, 1, rows.width)
      case .periodic(let period)?: (row, column, shared, isPeriodic) = (rows.width, 1, period * rows.width, true)
      case .sharedNumber?: (row, column, shared) = (0, 0, 1)
      case nil: fatalError("Program: an operand does not stand beside the rows of its chain")
      }
      part = ownStep
      all = ownStep == 0 && !isPeriodic ? row : 0
      inPeriod = isPeriodic ? row : 0
      inMatrix = isMatrix ? row : 0
    }

    /// An array with so many numbers for each number of the rows.
    init(_ base: UnsafeMutablePointer<S>, _ rows: RowSpace, columns: Int) {
      self.base = base
      (row, column, shared) = (rows.width * columns, 1, 0)
      (all, inPeriod, inMatrix, part) = (row, 0, 0, 0)
    }

    /// True for memory of each thread's own.
    var isOwn: Bool { part > 0 }

    @inline(__always)
    func address(_ p: Position) -> UnsafeMutablePointer<S> {
      base + (p.row &* all &+ p.inPeriod &* inPeriod &+ p.inMatrix &* inMatrix &+ p.part &* part)
    }

    @inline(__always)
    func operand(_ address: UnsafeMutablePointer<S>) -> RowOperand<S> {
      RowOperand(UnsafePointer(address), row: row, column: column)
    }
  }

  /// The first row of a block, among all, in its period and in its matrix; and the thread's part.
  struct Position {
    var row: Int, inPeriod: Int, inMatrix: Int, part: Int
  }

  private let function: Function
  private(set) var a: Place, b: Place, c: Place, y: Place
  /// The elements of a row of y.
  private let width: Int
  /// True when rows need not be told apart: every operand has the elements of y, or is one number.
  private let isDense: Bool

  init(function: Function, a: Place, b: Place, c: Place, y: Place) {
    (self.function, self.a, self.b, self.c, self.y) = (function, a, b, c, y)
    width = y.column == 1 ? y.row : 1
    isDense = [a, b, c].allSatisfy { $0.row == y.row || $0.row == 0 && $0.column == 0 }
  }

  /// The link that puts columns side by side.
  init(joining columns: UnsafeBufferPointer<Place>, into y: UnsafeMutablePointer<S>, _ rows: RowSpace) {
    (function, a, b, c) = (.joined(columns), columns[0], columns[0], columns[0])
    self.y = Place(y, rows, columns: columns.count)
    (width, isDense) = (rows.width, false)
  }

  /// The link that reduces x block by block.
  init(reducing x: Place, _ reduction: BlockReduction, into y: UnsafeMutablePointer<S>) {
    (function, a, b, c) = (.reduced(reduction), x, x, x)
    self.y = Place(y, .sharedNumber, RowSpace(elementsOf: []))
    (width, isDense) = (1, false)
  }

  /// The places that it reads.
  var operands: [Place] { if case .joined(let columns) = function { Array(columns) } else { [a, b, c] } }

  /// 1 for each place that begins in some memory and 0 for the others; `nil` for a link that has more places.
  func places(in memory: Range<UInt>) -> SIMD4<Int>? {
    if case .joined = function { return nil }
    func begins(_ x: Place) -> Int { memory.contains(UInt(bitPattern: x.base)) ? 1 : 0 }
    return SIMD4(begins(a), begins(b), begins(c), begins(y))
  }

  /// Lets these places begin so many bytes further.
  mutating func move(_ places: SIMD4<Int>, by distance: Int) {
    func moved(_ x: Place, _ share: Int) -> UnsafeMutablePointer<S> {
      (UnsafeMutableRawPointer(x.base) + share * distance).assumingMemoryBound(to: S.self)
    }
    a.base = moved(a, places[0])
    b.base = moved(b, places[1])
    c.base = moved(c, places[2])
    y.base = moved(y, places[3])
  }

  /// The numbers that it writes of some rows; none in a block of a thread's own.
  func written(_ band: Range<Int>) -> UnsafeMutableBufferPointer<S> {
    if y.isOwn { return UnsafeMutableBufferPointer(start: nil, count: 0) }
    guard case .reduced(let reduction) = function else {
      return UnsafeMutableBufferPointer(start: y.base + band.lowerBound * y.row, count: band.count * y.row)
    }
    let blocks = band.lowerBound / reduction.block..<(band.upperBound + reduction.block - 1) / reduction.block
    return UnsafeMutableBufferPointer(
      start: y.base + blocks.lowerBound * reduction.lanes, count: blocks.count * reduction.lanes)
  }

  /// Computes some rows.
  @inline(__always)
  func execute(_ p: Position, _ rows: Int) {
    if case .joined(let columns) = function { return join(columns, p, rows) }
    if case .reduced(let reduction) = function {
      return reduction.run(reduction.kind, a.address(p), y.base + p.row / reduction.block * reduction.lanes, rows)
    }
    execute(a.address(p), b.address(p), c.address(p), y.address(p), rows)
  }

  /// Computes the rows of a chain that has no more, by its first thread.
  @inline(__always)
  func executeAlone(_ rows: Int) {
    if case .joined = function { return execute(Position(row: 0, inPeriod: 0, inMatrix: 0, part: 0), rows) }
    execute(a.base, b.base, c.base, y.base, rows)
  }

  /// The same as a step of the kernels, over all elements of a chain's rows; `nil` where they have no such step.
  var step: ak_step? {
    var step = ak_step()
    switch function {
    case .elements(.map(let f)):
      guard let (code, p, q) = f.kernel else { return nil }
      (step.kind, step.f, step.p, step.q) = (AK_STEP_MAP, Int32(code.rawValue), p, q)
    case .repeated: (step.kind, step.f) = (AK_STEP_MAP, Int32(AK_COPY.rawValue))
    case .elements(.zip(let f)):
      guard let code = f.kernel else { return nil }
      (step.kind, step.f) = (AK_STEP_ZIP, Int32(code.rawValue))
    case .elements(.select): step.kind = AK_STEP_SELECT
    case .sum, .mean, .variance, .softmax, .joined, .reduced: return nil
    }
    // A step has as many elements as any other: a link with a number for each row has fewer.
    guard isDense, y.column == 1 else { return nil }
    func stride(_ x: Place) -> Int32 { x.row > 0 ? 1 : 0 }
    if case .elements(.select) = function {
      (step.c, step.a, step.b) = (UnsafeRawPointer(a.base), UnsafeRawPointer(b.base), UnsafeRawPointer(c.base))
      (step.c_stride, step.a_stride, step.b_stride) = (stride(a), stride(b), stride(c))
    } else {
      (step.a, step.b) = (UnsafeRawPointer(a.base), UnsafeRawPointer(b.base))
      (step.a_stride, step.b_stride) = (stride(a), stride(b))
    }
    step.y = UnsafeMutableRawPointer(y.base)
    return step
  }

  /// Puts columns side by side, row after row of the result, which memory takes as fast as it can. The columns are in a cache.
  @inline(never)
  private func join(_ columns: UnsafeBufferPointer<Place>, _ p: Position, _ rows: Int) {
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<S>.self, capacity: columns.count) { places in
      guard let place = places.baseAddress else { return }
      for j in 0..<columns.count { (place + j).initialize(to: columns[j].address(p)) }
      var y = y.address(p)
      for i in 0..<rows * width {
        for j in 0..<columns.count { y[j] = place[j][i] }
        y += columns.count
      }
    }
  }

  /// Computes rows that stand at some addresses.
  @inline(__always)
  private func execute(
    _ x: UnsafeMutablePointer<S>, _ x1: UnsafeMutablePointer<S>, _ x2: UnsafeMutablePointer<S>,
    _ out: UnsafeMutablePointer<S>, _ rows: Int
  ) {
    switch function {
    case .elements(.map(let f)):
      if a.row == y.row { return S.map(f, x, out, count: rows * width) }
      // One number for all, or for each row: the function of it, repeated.
      let (steps, repeated) = a.row == 0 && a.column == 0 ? (1, rows * width) : (rows, width)
      for row in 0..<steps {
        S.map(f, x + row * a.row, out + row * y.row, count: a.column == 1 ? width : 1)
        if a.column == 0 { (out + row * y.row).update(repeating: out[row * y.row], count: repeated) }
      }
    case .elements(.zip(let f)):
      guard isDense else {
        return S.zipRows(
          f, a.operand(x), b.operand(x1), out, strideY: y.row, rows: rows, columns: width)
      }
      S.zip(
        f, x, strideA: a.row > 0 ? 1 : 0, x1, strideB: b.row > 0 ? 1 : 0, out, count: rows * width)
    case .elements(.select):
      guard isDense else {
        return S.selectRows(
          a.operand(x), b.operand(x1), c.operand(x2), out, strideY: y.row, rows: rows,
          columns: width)
      }
      S.select(
        x, strideC: a.row > 0 ? 1 : 0, x1, strideA: b.row > 0 ? 1 : 0, x2,
        strideB: c.row > 0 ? 1 : 0, out, count: rows * width)
    case .repeated: S.repeatRows(a.operand(x), out, strideY: y.row, rows: rows, columns: width)
    case .sum: S.reduceEach(.sum, x, stride: a.row, out, rows: rows, columns: a.row)
    case .mean(let n):
      S.reduceEach(.sum, x, stride: a.row, out, rows: rows, columns: a.row)
      divide(out, by: n, rows)
    case .variance(let n):
      S.reduceEach(.sum, x, stride: a.row, out, rows: rows, columns: a.row)
      divide(out, by: n, rows)
      S.squaresEach(x, stride: a.row, about: out, out, rows: rows, columns: a.row)
      divide(out, by: n, rows)
    case .softmax(let kind): S.softmax(kind, x, out, rows: rows, columns: width)
    case .joined, .reduced: break  // done, at their place
    }
  }

  @inline(__always)
  private func divide(_ y: UnsafeMutablePointer<S>, by n: S, _ rows: Int) {
    withUnsafePointer(to: n) { S.zip(.binary(.divide), y, strideA: 1, $0, strideB: 0, y, count: rows) }
  }
}

/// Links that the kernels run, which were found when the program was made.
struct KernelSteps {
  let run: @convention(c) (UnsafePointer<ak_step>?, Int, Int) -> Void
  let list: UnsafePointer<ak_step>
}

/// A chain with every operand resolved to an address. It is plain bits: running one touches no reference count.
struct PlacedChain<S: Scalar> {
  let links: UnsafeBufferPointer<ChainLink<S>>
  /// The number of rows, of their elements, and of rows that threads keep together.
  let count: Int, width: Int, together: Int
  let blockRows: Int
  /// The rows after which those of some operand come again; 0 when they do not.
  let period: Int
  /// The links as the kernels run them, one after the other, where all rows are one block; `nil` where they do not.
  let steps: KernelSteps?

  /// The rows that fall to a part.
  func band(_ part: Int, of parts: Int) -> Range<Int> {
    Instruction<S>.elements((count + together - 1) / together, together, part, of: parts).clamped(to: 0..<count)
  }

  func run(_ band: Range<Int>, part: Int) {
    if band.count == count, count <= blockRows, part == 0, period == 0 {
      if let steps { return steps.run(steps.list, links.count, count * width) }
      for index in 0..<links.count { links[index].executeAlone(count) }
      return
    }
    var p = ChainLink<S>.Position(row: band.lowerBound, inPeriod: 0, inMatrix: 0, part: part)
    while p.row < band.upperBound {
      var size = min(blockRows, band.upperBound - p.row)
      if period > 0 {
        p.inPeriod = p.row % period
        size = min(size, period - p.inPeriod)
      }
      for index in 0..<links.count { links[index].execute(p, size) }
      p.row += size
      p.inMatrix += size
    }
  }

  /// The memory that some rows read and write. What a link has written is no value from outside when a later one reads it.
  func footprint(_ band: Range<Int>) -> Footprint {
    var footprint = Footprint()
    guard !band.isEmpty else { return footprint }
    var written: Set<UnsafeMutablePointer<S>> = []
    for link in links {
      for operand in link.operands
      where !operand.isOwn && (operand.shared > 0 || !written.contains(operand.base)) {
        let own = operand.shared > 0 ? 0 : band.lowerBound * operand.row
        footprint.read(operand.base + own, count: operand.shared > 0 ? operand.shared : band.count * operand.row)
      }
      if let first = link.written(band).baseAddress {
        footprint.write(first, count: link.written(band).count)
        written.insert(link.y.base)
      }
    }
    return footprint
  }

  var work: Int { links.count * count * width }
}
