import Adjoint

extension Variable {
  /// The positions of this node and of all that it is computed from, in the order of the tape.
  var dependencies: [Int] {
    var needed = [Bool](repeating: false, count: live.index + 1)
    needed[index] = true
    for node in stride(from: index, through: 0, by: -1) where needed[node] {
      for input in tape[node].inputs { needed[input.index] = true }
    }
    return needed.indices.filter { needed[$0] }
  }
}
