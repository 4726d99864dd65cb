import Adjoint

// Parts by subscript, and operators of variables beside constants.

extension ComposedFunctions {
  /// Elements, rows, ranges, steps and new axes between brackets.
  mutating func addSubscripts() {
    add(
      "a[0..<1]", [[2, 3]], { $0[0][0..<1] }, tensor: { $0[0][0..<1] },
      expected: table([1, 3]) { x, i in x[0][0, i[1]] })
    add(
      "a[0, ...]", [[3, 4]], { $0[0][0, ...] }, tensor: { $0[0][0, ...] },
      expected: table([4]) { x, i in x[0][0, i[0]] })
    add(
      "a[-1, ...]", [[3, 4]], { $0[0][-1, ...] }, tensor: { $0[0][-1, ...] },
      expected: table([4]) { x, i in x[0][2, i[0]] })
    add(
      "a[..., 1]", [[3, 4]], { $0[0][..., 1] }, tensor: { $0[0][..., 1] },
      expected: table([3]) { x, i in x[0][i[0], 1] })
    add(
      "a[0..., -2]", [[3, 4]], { $0[0][0..., -2] }, tensor: { $0[0][0..., -2] },
      expected: table([3]) { x, i in x[0][i[0], 2] })
    add(
      "a[0..<2, 1, ...]", [[3, 4, 2]], { $0[0][0..<2, 1, ...] }, tensor: { $0[0][0..<2, 1, ...] },
      expected: table([2, 2]) { x, i in x[0][i[0], 1, i[1]] })
    add(
      "a[1, ..., -1]", [[3, 4, 2]], { $0[0][1, ..., -1] }, tensor: { $0[0][1, ..., -1] },
      expected: table([4]) { x, i in x[0][1, i[0], 1] })
    add(
      "a[...]", [[3, 4]], { $0[0][...] }, tensor: { $0[0][...] },
      expected: table([3, 4]) { x, i in x[0][i[0], i[1]] })
    add(
      "a[(-2)..., ..<(-1)]", [[3, 4]], { $0[0][(-2)..., ..<(-1)] }, tensor: { $0[0][(-2)..., ..<(-1)] },
      expected: table([2, 3]) { x, i in x[0][i[0] + 1, i[1]] })
    add(
      "a[(-2)...(-1), 1...2]", [[3, 4]], { $0[0][(-2)...(-1), 1...2] }, tensor: { $0[0][(-2)...(-1), 1...2] },
      expected: table([2, 2]) { x, i in x[0][i[0] + 1, i[1] + 1] })
    add(
      "a[...1]", [[3, 4]], { $0[0][...1] }, tensor: { $0[0][...1] },
      expected: table([2, 4]) { x, i in x[0][i[0], i[1]] })
    add(
      "a[.from(1, to: -1)]", [[6]], { $0[0][.from(1, to: -1)] }, tensor: { $0[0][.from(1, to: -1)] },
      expected: table([4]) { x, i in x[0][i[0] + 1] })
    add(
      "a[.from(0, by: 2)]", [[7]], { $0[0][.from(0, by: 2)] }, tensor: { $0[0][.from(0, by: 2)] },
      expected: table([4]) { x, i in x[0][2 * i[0]] })
    add(
      "a[..., .from(-1, by: -1)]", [[2, 7]], { $0[0][..., .from(-1, by: -1)] },
      tensor: { $0[0][..., .from(-1, by: -1)] },
      expected: table([2, 7]) { x, i in x[0][i[0], 6 - i[1]] })
    add(
      "a[.from(5, to: 1, by: -2)]", [[7]], { $0[0][.from(5, to: 1, by: -2)] },
      tensor: { $0[0][.from(5, to: 1, by: -2)] },
      expected: table([2]) { x, i in x[0][5 - 2 * i[0]] })
    add(
      "empty[.from(-1, by: -1)]", [[0]], { $0[0][.from(-1, by: -1)] }, tensor: { $0[0][.from(-1, by: -1)] },
      expected: table([0]) { x, i in 0 })
    add(
      "a[stride(from: 1, to: 7, by: 3)]", [[7]], { $0[0][stride(from: 1, to: 7, by: 3)] },
      tensor: { $0[0][stride(from: 1, to: 7, by: 3)] },
      expected: table([2]) { x, i in x[0][1 + 3 * i[0]] })
    add(
      "a[stride(from: -1, through: -7, by: -3)]", [[7, 2]], { $0[0][stride(from: -1, through: -7, by: -3)] },
      tensor: { $0[0][stride(from: -1, through: -7, by: -3)] },
      expected: table([3, 2]) { x, i in x[0][6 - 3 * i[0], i[1]] })
    add(
      "a[.newAxis]", [[3, 4]], { $0[0][.newAxis] }, tensor: { $0[0][.newAxis] },
      expected: table([1, 3, 4]) { x, i in x[0][i[1], i[2]] })
    add(
      "a[0..., .newAxis, 1]", [[3, 4]], { $0[0][0..., .newAxis, 1] }, tensor: { $0[0][0..., .newAxis, 1] },
      expected: table([3, 1]) { x, i in x[0][i[0], 1] })
    add(
      "a[..., .newAxis]", [[3, 4]], { $0[0][..., .newAxis] }, tensor: { $0[0][..., .newAxis] },
      expected: table([3, 4, 1]) { x, i in x[0][i[0], i[1]] })
    add(
      "a[1, axis: -1]", [[3, 4]], { $0[0][1, axis: -1] }, tensor: { $0[0][1, axis: -1] },
      expected: table([3]) { x, i in x[0][i[0], 1] })
    add(
      "a[1..<3, axis: 1]", [[3, 4]], { $0[0][1..<3, axis: 1] }, tensor: { $0[0][1..<3, axis: 1] },
      expected: table([3, 2]) { x, i in x[0][i[0], i[1] + 1] })
    add(
      "a[1, -1]", [[3, 4]], { $0[0][1, -1] },
      expected: table([]) { x, i in x[0][1, 3] })
    add(
      "a[1]", [[3, 4]], { $0[0][1] },
      expected: table([4]) { x, i in x[0][1, i[0]] })
  }

  /// Variables beside tensors and numbers, on both sides; a tensor has the same operators.
  mutating func addMixedArithmetic() {
    let two: S = 2
    add(
      "a + tensor", [[2, 3]], { $0[0] + Tensor<S>.ones([3]) }, expected: table([2, 3]) { x, i in x[0][i[0], i[1]] + 1 })
    add(
      "tensor - a", [[2, 3]], { Tensor<S>.ones([3]) - $0[0] }, expected: table([2, 3]) { x, i in 1 - x[0][i[0], i[1]] })
    add(
      "2 * a - 1", [[2]], { 2 * $0[0] - 1 }, tensor: { 2 * $0[0] - 1 },
      expected: table([2]) { x, i in 2 * x[0][i[0]] - 1 })
    add(
      "1 - a / 2", [[2]], { 1 - $0[0] / 2 }, tensor: { 1 - $0[0] / 2 },
      expected: table([2]) { x, i in 1 - x[0][i[0]] / 2 })
    add(
      "two + a * two", [[2]], { two + $0[0] * two }, tensor: { two + $0[0] * two },
      expected: table([2]) { x, i in 2 + x[0][i[0]] * 2 })
    add(
      "a += …", [[2], [2]],
      {
        var y = $0[0]
        y += $0[1]
        y += Tensor<S>.ones([2])
        y += 1
        y += two
        return y
      },
      expected: table([2]) { x, i in x[0][i[0]] + x[1][i[0]] + 4 })
    add(
      "a -= …", [[2], [2]],
      {
        var y = $0[0]
        y -= $0[1]
        y -= Tensor<S>.ones([2])
        y -= 1
        y -= two
        return y
      },
      expected: table([2]) { x, i in x[0][i[0]] - x[1][i[0]] - 4 })
    add(
      "a *= …", [[2], [2]],
      {
        var y = $0[0]
        y *= $0[1]
        y *= Tensor(repeating: two, shape: [2])
        y *= 2
        y *= two
        return y
      },
      expected: table([2]) { x, i in 8 * x[0][i[0]] * x[1][i[0]] })
    add(
      "a /= …", [[2], [2]], in: 1...2,
      {
        var y = $0[0]
        y /= $0[1]
        y /= Tensor(repeating: two, shape: [2])
        y /= 2
        y /= two
        return y
      },
      expected: table([2]) { x, i in x[0][i[0]] / x[1][i[0]] / 8 })
    add(
      "a.masked(by: tensor)", [[2, 3]], { $0[0].masked(by: Tensor<S>([1, 0, 1])) },
      tensor: { $0[0].masked(by: Tensor<S>([1, 0, 1])) },
      expected: table([2, 3]) { x, i in i[1] == 1 ? 0 : x[0][i[0], i[1]] })
  }
}
