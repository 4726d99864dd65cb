// The sentences of which `forward` of the library's operations is made: each turns shapes into calls of the array
// loops.

extension Output {
  /// y = f(x), element by element.
  func map(_ f: MapFunction, _ x: View<S>) { S.map(f, x.base, base, count: count) }

  /// y = x under another shape of the same count.
  func copy(_ x: View<S>) {
    if UnsafePointer(base) != x.base { base.update(from: x.base, count: count) }
  }

  /// y = f(a, b) with broadcasting.
  func zip(_ f: ZipFunction, _ a: View<S>, _ b: View<S>) {
    if a.shape == b.shape { return S.zip(f, a.base, strideA: 1, b.base, strideB: 1, base, count: count) }
    let walk = BroadcastWalk(output: shape, a.shape, b.shape)
    if walk.hasShortRuns(of: shape) {
      let isDone = RepeatedBlocks<S>.forEach(of: shape, operands: 2) { start, size, block in
        S.zip(
          f, block.operand(0, a, outputCount: count), strideA: 1, block.operand(1, b, outputCount: count), strideB: 1,
          base + start, count: size)
      }
      if isDone { return }
    }
    walk.forEachBlock { offset, operand in
      S.zipRows(
        f, walk.operand(0, a.base + operand[0]), walk.operand(1, b.base + operand[1]), base + offset,
        strideY: walk.run, rows: walk.rows, columns: walk.run)
    }
  }

  /// y = c ≠ 0 ? a : b with broadcasting.
  func select(_ c: View<S>, _ a: View<S>, _ b: View<S>) {
    let walk = BroadcastWalk(output: shape, c.shape, a.shape, b.shape)
    if walk.hasShortRuns(of: shape) {
      let isDone = RepeatedBlocks<S>.forEach(of: shape, operands: 3) { start, size, block in
        S.select(
          block.operand(0, c, outputCount: count), strideC: 1, block.operand(1, a, outputCount: count), strideA: 1,
          block.operand(2, b, outputCount: count), strideB: 1, base + start, count: size)
      }
      if isDone { return }
    }
    walk.forEachBlock { offset, operand in
      S.selectRows(
        walk.operand(0, c.base + operand[0]), walk.operand(1, a.base + operand[1]),
        walk.operand(2, b.base + operand[2]), base + offset, strideY: walk.run, rows: walk.rows, columns: walk.run)
    }
  }

  /// y = x, repeated by the broadcasting rule.
  func broadcast(_ x: View<S>) {
    let walk = BroadcastWalk(output: shape, x.shape)
    walk.forEachBlock { offset, operand in
      S.repeatRows(
        walk.operand(0, x.base + operand[0]), base + offset, strideY: walk.run, rows: walk.rows, columns: walk.run)
    }
  }

  /// y = op(a)·op(b), one plain product after the other.
  @specialized(where S == Float)
  @specialized(where S == Double)
  func multiply(_ a: View<S>, _ b: View<S>, _ form: ProductForm) {
    form.forEachProduct { number, ofA, ofB in
      S.multiply(
        MatrixProduct(
          form, a: a.base + ofA * form.rows * form.depth, b: b.base + ofB * form.depth * form.columns,
          c: base + number * form.rows * form.columns))
    }
  }

  /// y[…, j] = x[…, j] + bias[j].
  func addRows(_ x: View<S>, bias: View<S>) {
    let columns = bias.count
    S.addRows(
      x.base, bias: bias.base, then: nil, base, rows: columns == 0 ? 0 : count / columns, columns: columns)
  }

  /// y = Σ, max or min of x over `axes`; y has x's other axes, in order.
  func reduce(_ r: Reduction, _ x: View<S>, over axes: AxisSet) {
    guard x.count > 0 else { return base.update(repeating: S.reduce(r, x.base, count: 0), count: count) }
    // All of a few numbers, without the walk.
    guard x.count == 1 || axes != AxisSet(0..<x.shape.rank) else {
      base.pointee = S.reduce(r, x.base, count: x.count)
      return
    }
    let groups = AxisGroups(shape: x.shape, reduced: axes)
    if r != .sum, S.sharesTies, groups.reducedCount > 1 { return reduceGathered(r, x, over: axes) }
    forEachRun(of: x, groups, combining: r) { run, y in
      if run.rows == 1 {
        y.update(from: run.x, count: run.columns)
      } else if run.columns == 1, run.stride == 1 {
        y.pointee = S.reduce(r, run.x, count: run.rows)
      } else {
        S.reduceRows(r, run.x, stride: run.stride, y, rows: run.rows, columns: run.columns)
      }
    }
  }

  /// y = max or min of x over axes that do not stand together. The elements behind one element of y are put side by
  /// side first, because ties count among all of them at once: a maximum of maxima would weigh them unequally.
  private func reduceGathered(_ r: Reduction, _ x: View<S>, over axes: AxisSet) {
    withUnsafeTemporaryAllocation(of: S.self, capacity: x.count) { scratch in
      guard let gathered = scratch.baseAddress else { return }
      let own = x.shape.strides
      var (shape, strides, width, position) = (x.shape, own, 1, 0)
      for reduces in 0...1 {
        for axis in 0..<x.shape.rank where axes.contains(axis: axis) == (reduces == 1) {
          shape = shape.replacing(axis: position, with: x.shape[axis])
          strides[position] = own[axis]
          width *= reduces == 1 ? x.shape[axis] : 1
          position += 1
        }
      }
      Output(shape: shape, address: UnsafeMutableRawPointer(gathered)).copyStrided(x, offset: 0, strides: strides)
      for i in indices { base[i] = S.reduce(r, gathered + i * width, count: width) }
    }
  }

  /// y = y/n.
  func divide(by n: Double) {
    withUnsafePointer(to: S(n)) { divisor in
      S.zip(.binary(.divide), UnsafePointer(base), strideA: 1, divisor, strideB: 0, base, count: count)
    }
  }

  /// Each row of the last axis through softmax, log-softmax or log-sum-exp.
  func softmax(_ kind: SoftmaxKind, _ x: View<S>) {
    let columns = x.shape[x.shape.rank - 1]
    let rows = x.shape.dropLast().reduce(1, *)
    S.softmax(kind, x.base, base, rows: rows, columns: columns)
  }

  /// y = 0 everywhere.
  func clear() { base.update(repeating: 0, count: count) }
}

extension Output {
  /// y[i, :] = x[index[i], :].
  func gatherRows(_ x: View<S>, _ index: View<S>) {
    let width = x.shape.dropFirst().reduce(1, *)
    for (row, source) in index.indices.enumerated() {
      (base + row * width).update(from: x.base + Int(source) * width, count: width)
    }
  }
}
