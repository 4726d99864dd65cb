// The formula of a `forward`: read through all elements at first, and at samples of them each time that it is to be used.

extension LoopFormula {
  /// The formula by which `forward` computes y from these operands; `nil` when there is none.
  ///
  /// `forward` runs over all elements, whose steps must be the same, each on elements of its own position: what is true of some
  /// positions need not be true of others. And `forward` itself must give the bits of the formula in plain loops, at every element:
  /// one that has a way of its own in S, or is impure, has no formula. Nor has one whose loop is not over `y.indices`, because it
  /// could not be read again at some of them.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func read<S: Scalar>(
    _ x: Operands<S>, _ y: Output<S>, _ forward: (Operands<FormulaNumber>, Output<FormulaNumber>) -> Void,
    _ own: (Operands<S>, Output<S>) -> Void
  ) -> LoopFormula? {
    let isSingle = (0..<x.count).map { x[$0].count != y.count }
    let inputs = (0..<x.count).map { k in
      let elements = x[k].elements
      return Tensor(
        shape: x[k].shape,
        elements: elements.indices.map { i in
          FormulaNumber(
            elements[i].primal, step: Int32(k), element: isSingle[k] ? FormulaNumber.everywhere : Int32(i))
        })
    }
    var recorder = FormulaRecorder(inputs: x.count)
    var result: Int32?
    recorder.record {
      let written = Tensor<FormulaNumber>(shape: y.shape, from: inputs) { x, y in
        y.elements.update(repeating: .nothing)
        forward(x, y)
      }.elements
      guard let first = written.first, first.step != FormulaNumber.unknown else { return }
      let isOne = written.indices.allSatisfy { i in
        let number = written[i]
        return number.step == first.step
          && (number.element == FormulaNumber.everywhere || number.element == Int32(truncatingIfNeeded: i))
      }
      if isOne { result = first.step }
    }
    guard let result, !recorder.isBroken else { return nil }
    let formula = LoopFormula(recorder.steps, result: Int(result), isSingle: isSingle)
    guard formula.isRead(from: x, y, y.indices, forward) else { return nil }
    own(x, y)
    return formula.hasBits(of: y, x) ? formula : nil
  }

  /// True when plain loops give these bits, or NaN for NaN.
  private func hasBits<S: Scalar>(of y: Output<S>, _ x: Operands<S>) -> Bool {
    let plain = Tensor<S>(shape: y.shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      compute(x, into: Output(shape: y.shape, address: UnsafeMutableRawPointer(base)), inPlainLoops: true)
    }.elements
    return y.indices.allSatisfy { LoopFormula.isSame(plain[$0], y.base[$0]) }
  }

  private static func isSame<S: Scalar>(_ a: S, _ b: S) -> Bool {
    a != a && b != b || withUnsafeBytes(of: a) { a in withUnsafeBytes(of: b) { a.elementsEqual($0) } }
  }

  // MARK: Reading again

  /// The most elements in a sample, and between two.
  private static let (sample, distance) = (2, 16384)

  /// True when `body` is true of samples of some positions: the first, the last, and some between.
  private static func holds(at elements: Range<Int>, _ body: (Range<Int>) -> Bool) -> Bool {
    // Of few elements, samples are single: they take as long as all the rest.
    let sample = elements.count < 1024 ? 1 : sample
    let step = Swift.max(Swift.min(distance, (elements.count - sample) / 2), sample)
    for start in stride(from: elements.lowerBound, to: elements.upperBound - sample, by: step)
    where !body(start..<start + sample) { return false }
    return body(Swift.max(elements.lowerBound, elements.upperBound - sample)..<elements.upperBound)
  }

  /// True when `forward` takes the steps of this formula at samples of some positions, whatever the numbers are.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func isRead<S: Scalar>(
    from x: Operands<S>, _ y: Output<S>, _ elements: Range<Int>,
    _ forward: (Operands<FormulaNumber>, Output<FormulaNumber>) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: View<FormulaNumber>.self, capacity: Swift.max(x.count, 1)) { views in
      withUnsafeTemporaryAllocation(of: FormulaNumber.self, capacity: LoopFormula.sample * (x.count + 1)) { numbers in
        guard let views = views.baseAddress, let numbers = numbers.baseAddress else { return false }
        let stride = MemoryLayout<FormulaNumber>.stride
        return LoopFormula.holds(at: elements) { some in
          func start(_ base: UnsafeMutablePointer<FormulaNumber>, _ held: Range<Int>) -> UnsafeMutableRawPointer {
            UnsafeMutableRawPointer(base) - held.lowerBound * stride
          }
          for k in 0..<x.count {
            let isSingle = x[k].count != y.count
            let (held, own) = (isSingle ? 0..<1 : some, numbers + k * LoopFormula.sample)
            for i in held {
              let element = isSingle ? FormulaNumber.everywhere : Int32(truncatingIfNeeded: i)
              (own + (i - held.lowerBound)).initialize(
                to: FormulaNumber(x[k].base[i].primal, step: Int32(k), element: element))
            }
            (views + k).initialize(to: View(shape: x[k].shape, address: start(own, held), held: held))
          }
          let own = numbers + x.count * LoopFormula.sample
          own.initialize(repeating: .nothing, count: some.count)
          var recorder = FormulaRecorder(known: steps)
          recorder.record {
            forward(
              Operands(views: views, count: x.count),
              Output(shape: y.shape, address: start(own, some), held: some))
          }
          return !recorder.isBroken
            && some.allSatisfy { i in
              let number = own[i - some.lowerBound]
              return number.step == Int32(result)
                && (number.element == FormulaNumber.everywhere || number.element == Int32(truncatingIfNeeded: i))
            }
        }
      }
    }
  }

  /// True when `forward` gives the bits of plain loops at samples of some positions, which it writes into y.
  func hasBits<S: Scalar>(
    _ x: Operands<S>, _ y: Output<S>, _ elements: Range<Int>, _ forward: (Operands<S>, Output<S>) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: S.self, capacity: Swift.max(room(for: y.count), 1)) { room in
      guard let base = room.baseAddress else { return false }
      return hasBits(x, y, elements, room: base, forward)
    }
  }

  /// True when `forward` gives the bits of plain loops at samples of some positions, which it writes into y.
  /// - Parameter room: as for `compute`.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func hasBits<S: Scalar>(
    _ x: Operands<S>, _ y: Output<S>, _ elements: Range<Int>, room: UnsafeMutablePointer<S>,
    _ forward: (Operands<S>, Output<S>) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: S.self, capacity: LoopFormula.sample) { plain in
      guard let plain = plain.baseAddress else { return false }
      return LoopFormula.holds(at: elements) { some in
        forward(x, y.part(some))
        let address = UnsafeMutableRawPointer(plain) - some.lowerBound * MemoryLayout<S>.stride
        compute(
          x, into: Output(shape: y.shape, address: address, held: some), some, room: room, inPlainLoops: true)
        return some.allSatisfy { LoopFormula.isSame(plain[$0 - some.lowerBound], y.base[$0]) }
      }
    }
  }
}
