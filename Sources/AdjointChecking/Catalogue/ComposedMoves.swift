import Adjoint

// What moves elements, with the place that each comes from.

extension ComposedFunctions {
  /// Axes that come, go and change places.
  mutating func addAxes() {
    add(
      "a.reshape(3, -1)", [[2, 6]], { $0[0].reshape(3, -1) }, tensor: { $0[0].reshape(3, -1) },
      expected: table([3, 4]) { x, i in x[0][linear: i[0] * 4 + i[1]] })
    add(
      "a.reshape(-1)", [[2, 3]], { $0[0].reshape(-1) }, tensor: { $0[0].reshape(-1) },
      expected: table([6]) { x, i in x[0][linear: i[0]] })
    add(
      "a.squeeze()", [[2, 1, 3, 1]], { $0[0].squeeze() }, tensor: { $0[0].squeeze() },
      expected: table([2, 3]) { x, i in x[0][i[0], 0, i[1], 0] })
    add(
      "single.squeeze()", [[1, 1]], { $0[0].squeeze() }, tensor: { $0[0].squeeze() },
      expected: table([]) { x, i in x[0][0, 0] })
    add(
      "a.squeeze(axis: -2)", [[2, 1, 3]], { $0[0].squeeze(axis: -2) }, tensor: { $0[0].squeeze(axis: -2) },
      expected: table([2, 3]) { x, i in x[0][i[0], 0, i[1]] })
    add(
      "a.unsqueeze(axis: 1)", [[2, 3]], { $0[0].unsqueeze(axis: 1) }, tensor: { $0[0].unsqueeze(axis: 1) },
      expected: table([2, 1, 3]) { x, i in x[0][i[0], i[2]] })
    add(
      "a.unsqueeze(axis: -1)", [[2, 3]], { $0[0].unsqueeze(axis: -1) }, tensor: { $0[0].unsqueeze(axis: -1) },
      expected: table([2, 3, 1]) { x, i in x[0][i[0], i[1]] })
    add(
      "single.unsqueeze(axis: 0)", [[]], { $0[0].unsqueeze(axis: 0) }, tensor: { $0[0].unsqueeze(axis: 0) },
      expected: table([1]) { x, i in x[0][] })
    add(
      "a.flatten(from: 1)", [[2, 3, 5]], { $0[0].flatten(from: 1) }, tensor: { $0[0].flatten(from: 1) },
      expected: table([2, 15]) { x, i in x[0][i[0], i[1] / 5, i[1] % 5] })
    add(
      "a.flatten(from: 0, through: -2)", [[2, 3, 5]], { $0[0].flatten(from: 0, through: -2) },
      tensor: { $0[0].flatten(from: 0, through: -2) },
      expected: table([6, 5]) { x, i in x[0][i[0] / 3, i[0] % 3, i[1]] })
    add(
      "single.flatten(from: 0)", [[]], { $0[0].flatten(from: 0) }, tensor: { $0[0].flatten(from: 0) },
      expected: table([1]) { x, i in x[0][] })
    add(
      "empty.flatten(from: 0)", [[0, 3]], { $0[0].flatten(from: 0) }, tensor: { $0[0].flatten(from: 0) },
      expected: table([0]) { x, i in 0 })
    add(
      "a.transpose()", [[2, 3]], { $0[0].transpose() }, tensor: { $0[0].transpose() },
      expected: table([3, 2]) { x, i in x[0][i[1], i[0]] })
    add(
      "matrices.transpose()", [[2, 3, 5]], { $0[0].transpose() }, tensor: { $0[0].transpose() },
      expected: table([2, 5, 3]) { x, i in x[0][i[0], i[2], i[1]] })
    add(
      "a.transpose(0, -1)", [[2, 3, 5]], { $0[0].transpose(0, -1) }, tensor: { $0[0].transpose(0, -1) },
      expected: table([5, 3, 2]) { x, i in x[0][i[2], i[1], i[0]] })
    add(
      "a.permute([-1, 0, 1])", [[2, 3, 5]], { $0[0].permute([-1, 0, 1]) }, tensor: { $0[0].permute([-1, 0, 1]) },
      expected: table([5, 2, 3]) { x, i in x[0][i[1], i[2], i[0]] })
    add(
      "a.moveAxis(from: 0, to: -1)", [[2, 3, 5]], { $0[0].moveAxis(from: 0, to: -1) },
      tensor: { $0[0].moveAxis(from: 0, to: -1) },
      expected: table([3, 5, 2]) { x, i in x[0][i[2], i[0], i[1]] })
    add(
      "a.moveAxis(from: -1, to: 1)", [[2, 3, 5]], { $0[0].moveAxis(from: -1, to: 1) },
      tensor: { $0[0].moveAxis(from: -1, to: 1) },
      expected: table([2, 5, 3]) { x, i in x[0][i[0], i[2], i[1]] })
  }

  /// Parts, turns and repetitions.
  mutating func addParts() {
    add(
      "a.flip()", [[2, 3]], { $0[0].flip() }, tensor: { $0[0].flip() },
      expected: table([2, 3]) { x, i in x[0][1 - i[0], 2 - i[1]] })
    add(
      "a.flip(axis: -1)", [[2, 3]], { $0[0].flip(axis: -1) }, tensor: { $0[0].flip(axis: -1) },
      expected: table([2, 3]) { x, i in x[0][i[0], 2 - i[1]] })
    add(
      "a.flip(axes: [0, 1])", [[2, 1, 3]], { $0[0].flip(axes: [0, 1]) }, tensor: { $0[0].flip(axes: [0, 1]) },
      expected: table([2, 1, 3]) { x, i in x[0][1 - i[0], 0, i[2]] })
    add(
      "empty.flip()", [[0, 3]], { $0[0].flip() }, tensor: { $0[0].flip() },
      expected: table([0, 3]) { x, i in 0 })
    add(
      "single.flip()", [[]], { $0[0].flip() }, tensor: { $0[0].flip() },
      expected: table([]) { x, i in x[0][] })
    add(
      "a.roll(by: 2)", [[5]], { $0[0].roll(by: 2) }, tensor: { $0[0].roll(by: 2) },
      expected: table([5]) { x, i in x[0][(i[0] + 3) % 5] })
    add(
      "a.roll(by: -4, axis: 0)", [[3, 2]], { $0[0].roll(by: -4, axis: 0) }, tensor: { $0[0].roll(by: -4, axis: 0) },
      expected: table([3, 2]) { x, i in x[0][(i[0] + 4) % 3, i[1]] })
    add(
      "empty.roll(by: 1)", [[3, 0]], { $0[0].roll(by: 1) }, tensor: { $0[0].roll(by: 1) },
      expected: table([3, 0]) { x, i in 0 })
    add(
      "a.split(sizes: [1, 0, 4], axis: 1)[2]", [[2, 5]], { $0[0].split(sizes: [1, 0, 4], axis: 1)[2] },
      tensor: { $0[0].split(sizes: [1, 0, 4], axis: 1)[2] },
      expected: table([2, 4]) { x, i in x[0][i[0], i[1] + 1] })
    add(
      "a.split(sizes: [1, 0, 4], axis: 1)[1]", [[2, 5]], { $0[0].split(sizes: [1, 0, 4], axis: 1)[1] },
      tensor: { $0[0].split(sizes: [1, 0, 4], axis: 1)[1] },
      expected: table([2, 0]) { x, i in 0 })
    add(
      "a.split(every: 3)[2]", [[7]], { $0[0].split(every: 3)[2] }, tensor: { $0[0].split(every: 3)[2] },
      expected: table([1]) { x, i in x[0][6] })
    add(
      "a.split(every: 3, axis: -1)[1]", [[2, 7]], { $0[0].split(every: 3, axis: -1)[1] },
      tensor: { $0[0].split(every: 3, axis: -1)[1] },
      expected: table([2, 3]) { x, i in x[0][i[0], i[1] + 3] })
    add(
      "empty.split(every: 3)[0]", [[0]], { $0[0].split(every: 3)[0] }, tensor: { $0[0].split(every: 3)[0] },
      expected: table([0]) { x, i in 0 })
    add(
      "a.chunk(2)[1]", [[5, 2]], { $0[0].chunk(2)[1] }, tensor: { $0[0].chunk(2)[1] },
      expected: table([2, 2]) { x, i in x[0][i[0] + 3, i[1]] })
    add(
      "a.chunk(3, axis: 1)[1]", [[2, 6]], { $0[0].chunk(3, axis: 1)[1] }, tensor: { $0[0].chunk(3, axis: 1)[1] },
      expected: table([2, 2]) { x, i in x[0][i[0], i[1] + 2] })
    add(
      "a.unstack()[1]", [[2, 3]], { $0[0].unstack()[1] }, tensor: { $0[0].unstack()[1] },
      expected: table([3]) { x, i in x[0][1, i[0]] })
    add(
      "a.unstack(axis: -1)[2]", [[2, 3]], { $0[0].unstack(axis: -1)[2] }, tensor: { $0[0].unstack(axis: -1)[2] },
      expected: table([2]) { x, i in x[0][i[0], 2] })
    add(
      "stack([a, b], axis: -1)", [[2, 3], [2, 3]], { stack([$0[0], $0[1]], axis: -1) },
      tensor: { stack([$0[0], $0[1]], axis: -1) },
      expected: table([2, 3, 2]) { x, i in x[i[2]][i[0], i[1]] })
    add(
      "stack([single, other])", [[], []], { stack([$0[0], $0[1]]) }, tensor: { stack([$0[0], $0[1]]) },
      expected: table([2]) { x, i in x[i[0]][] })
    add(
      "concatenate([a, b], axis: -1)", [[2, 3], [2, 1]], { concatenate([$0[0], $0[1]], axis: -1) },
      tensor: { concatenate([$0[0], $0[1]], axis: -1) },
      expected: table([2, 4]) { x, i in i[1] < 3 ? x[0][i[0], i[1]] : x[1][i[0], 0] })
    add(
      "a.tile([2])", [[2, 3]], { $0[0].tile([2]) }, tensor: { $0[0].tile([2]) },
      expected: table([2, 6]) { x, i in x[0][i[0], i[1] % 3] })
    add(
      "a.tile([3, 1, 2])", [[2, 3]], { $0[0].tile([3, 1, 2]) }, tensor: { $0[0].tile([3, 1, 2]) },
      expected: table([3, 2, 6]) { x, i in x[0][i[1], i[2] % 3] })
    add(
      "a.tile([0])", [[2]], { $0[0].tile([0]) }, tensor: { $0[0].tile([0]) },
      expected: table([0]) { x, i in 0 })
    add(
      "a.repeated(2, axis: 0)", [[2, 3]], { $0[0].repeated(2, axis: 0) }, tensor: { $0[0].repeated(2, axis: 0) },
      expected: table([4, 3]) { x, i in x[0][i[0] / 2, i[1]] })
    add(
      "a.repeated(3, axis: -1)", [[2, 3]], { $0[0].repeated(3, axis: -1) }, tensor: { $0[0].repeated(3, axis: -1) },
      expected: table([2, 9]) { x, i in x[0][i[0], i[1] / 3] })
    add(
      "a.repeated(0, axis: 0)", [[2, 3]], { $0[0].repeated(0, axis: 0) }, tensor: { $0[0].repeated(0, axis: 0) },
      expected: table([0, 3]) { x, i in 0 })
  }

  /// Triangles and diagonals.
  mutating func addMatrices() {
    add(
      "a.tril()", [[3, 4]], { $0[0].tril() }, tensor: { $0[0].tril() },
      expected: table([3, 4]) { x, i in i[1] <= i[0] ? x[0][i[0], i[1]] : 0 })
    add(
      "a.tril(diagonal: -1)", [[2, 3, 3]], { $0[0].tril(diagonal: -1) }, tensor: { $0[0].tril(diagonal: -1) },
      expected: table([2, 3, 3]) { x, i in i[2] < i[1] ? x[0][i[0], i[1], i[2]] : 0 })
    add(
      "a.triu()", [[4, 3]], { $0[0].triu() }, tensor: { $0[0].triu() },
      expected: table([4, 3]) { x, i in i[1] >= i[0] ? x[0][i[0], i[1]] : 0 })
    add(
      "a.triu(diagonal: 1)", [[3, 3]], { $0[0].triu(diagonal: 1) }, tensor: { $0[0].triu(diagonal: 1) },
      expected: table([3, 3]) { x, i in i[1] > i[0] ? x[0][i[0], i[1]] : 0 })
    add(
      "a.diagonal()", [[3, 4]], { $0[0].diagonal() }, tensor: { $0[0].diagonal() },
      expected: table([3]) { x, i in x[0][i[0], i[0]] })
    add(
      "a.diagonal(offset: 2)", [[2, 3, 4]], { $0[0].diagonal(offset: 2) }, tensor: { $0[0].diagonal(offset: 2) },
      expected: table([2, 2]) { x, i in x[0][i[0], i[1], i[1] + 2] })
    add(
      "a.diagonal(offset: -2)", [[4, 3]], { $0[0].diagonal(offset: -2) }, tensor: { $0[0].diagonal(offset: -2) },
      expected: table([2]) { x, i in x[0][i[0] + 2, i[0]] })
    add(
      "empty.diagonal()", [[0, 3]], { $0[0].diagonal() }, tensor: { $0[0].diagonal() },
      expected: table([0]) { x, i in 0 })
    add(
      "a.diagonalMatrix()", [[3]], { $0[0].diagonalMatrix() }, tensor: { $0[0].diagonalMatrix() },
      expected: table([3, 3]) { x, i in i[0] == i[1] ? x[0][i[0]] : 0 })
    add(
      "a.diagonalMatrix(offset: 1)", [[2, 3]], { $0[0].diagonalMatrix(offset: 1) },
      tensor: { $0[0].diagonalMatrix(offset: 1) },
      expected: table([2, 4, 4]) { x, i in i[2] == i[1] + 1 ? x[0][i[0], i[1]] : 0 })
    add(
      "a.diagonalMatrix(offset: -2)", [[2]], { $0[0].diagonalMatrix(offset: -2) },
      tensor: { $0[0].diagonalMatrix(offset: -2) },
      expected: table([4, 4]) { x, i in i[0] == i[1] + 2 ? x[0][i[1]] : 0 })
    add(
      "empty.diagonalMatrix(offset: 1)", [[0]], { $0[0].diagonalMatrix(offset: 1) },
      tensor: { $0[0].diagonalMatrix(offset: 1) },
      expected: table([1, 1]) { x, i in 0 })
  }
}
