import Adjoint

// Exact zeros and ties, several at once. Each kinked element has an interval of derivatives, and any of it is right.

extension NastyList {
  private mutating func addKink(
    _ id: String, _ formula: String, _ loss: @escaping @Sendable (Tape<S>) -> Variable<S>
  ) {
    add("kink.\(id)", formula, expecting: .kink, loss)
  }

  mutating func addKinks() {
    addKink("relu", "Σ relu x at 0") { t in t.leaf([-1, 0, 2]).relu().sum() }
    addKink("relu-difference", "Σ (relu a − relu b) at a = b = 0") { t in
      let (a, b) = (t.zeros([2]), t.zeros([2]))
      return (a.relu() - b.relu()).sum()
    }
    addKink("leaky", "Σ leakyRelu(x, 0.1)·[1, 2, 3] at 0") { t in
      (t.leaf([0, -1, 0]).leakyRelu(slope: 0.1) * t.fixed([1, 2, 3])).sum()
    }
    addKink("abs", "Σ |x| at 0") { t in t.leaf([0, 1, -1]).abs().sum() }
    addKink("abs-by-max", "Σ max(x, −x) at 0") { t in
      let x = t.leaf([0, 1, -1])
      return x.maximum(-x).sum()
    }
    addKink("relu-by-max", "Σ max(x, 0) at 0") { t in t.leaf([0, 1, -1]).maximum(0.0).sum() }
    addKink("clamp", "Σ clamp(x, −1, 1)·[1, −2, 3] at −1 and 1") { t in
      (t.leaf([-1, 1, 0.5]).clamp(-1, 1) * t.fixed([1, -2, 3])).sum()
    }
    addKink("relu-pair", "Σ (relu x − relu(−x)) at 0") { t in
      let x = t.leaf([0, 0, 1])
      return (x.relu() - (-x).relu()).sum()
    }
    addKink("abs-less-relus", "Σ (|x| − relu x − relu(−x)) at 0") { t in
      let x = t.leaf([0, 0, 1])
      let sides = x.relu() + (-x).relu()
      return (x.abs() - sides).sum()
    }
    addKink("relu-squared", "Σ relu(x)² at 0") { t in t.leaf([0, 1, -1]).relu().square().sum() }
    addKink("elu", "Σ elu(x, ½) at 0") { t in t.leaf([0, 1, -1]).elu(alpha: 0.5).sum() }
    addKink("hinge", "mean relu(1 − x·[1, −1, 1]) at margins of 1") { t in
      (1 - t.leaf([1, -1, 0.5]) * t.fixed([1, -1, 1])).relu().mean()
    }
    addKink("huber", "Σ min(½x², |x| − ½) at ±1") { t in
      let x = t.leaf([1, -1, 0.5])
      return (x.square() * 0.5).minimum(x.abs() - 0.5).sum()
    }
    addKink("sign", "Σ x·sign x at 0") { t in
      let x = t.leaf([0, 1, -1])
      return (x * x.sign()).sum()
    }
    addKink("select", "Σ where(x > 0, x, 0.1·x) at 0") { t in
      let x = t.leaf([0, 1, -1])
      return `where`(x .> 0, x, x * 0.1).sum()
    }
    addKink("l1-zeros", "Σ |x| + Σ (x − 1)² at 0") { t in
      let x = t.leaf([0, 0, 3])
      return x.abs().sum() + (x - 1).square().sum()
    }
    addKink("relu-1000", "Σ c·relu x, a thousand zeros") { t in t.zeros([1000]).relu().weighed() }
    addKink("relu-depth-20", "h ← relu(h·W) 20 times from zeros") { t in
      let x = t.zeros([2, 8])
      let weight = t.wave([8, 8])
      return repeated(20, x) { $0.matmul(weight).relu() }.sum()
    }
    addKink("dead-row", "a perceptron with ReLU, biases 0 and a row of zeros") { t in
      let x = t.leaf((0..<12).map { $0 / 4 == 1 ? 0 : sine($0 + 1) }, [3, 4])
      let first = x.matmul(t.wave([4, 8])).addBias(t.zeros([8])).relu()
      let weight = t.leaf((0..<64).map { cosine($0 + 1) }, [8, 8])
      return first.matmul(weight).addBias(t.zeros([8])).relu().tanh().sum()
    }
  }

  mutating func addTies() {
    addKink("max", "max [1, 1, 0]") { t in t.leaf([1, 1, 0]).max() }
    addKink("min", "min [1, 0, 0]") { t in t.leaf([1, 0, 0]).min() }
    addKink("maximum", "Σ max(a, b)·[1, −1] at a = b") { t in
      (t.leaf([1, 2]).maximum(t.leaf([1, 2])) * t.fixed([1, -1])).sum()
    }
    addKink("minimum", "Σ min(a, b) − Σ max(a, b) at a = b") { t in
      let (a, b) = (t.leaf([1, 2]), t.leaf([1, 2]))
      return a.minimum(b).sum() - a.maximum(b).sum()
    }
    addKink("max-pool-blank", "max pooling of a blank image") { t in t.zeros([1, 4, 4, 1]).maxPool(2).weighed() }
    addKink("max-pool-ties", "max pooling of tanh of an image with equal pixels") { t in
      t.leaf([1, 1, 0, 2, 1, 1, 2, 0, 3, 0, 5, 5, 0, 3, 5, 5], [1, 4, 4, 1]).tanh().maxPool(2).weighed()
    }
    addKink("sorting-network", "four numbers sorted by min and max, tied") { t in
      var x = [2.0, 1, 2, 1].map { t.number($0) }
      for (i, j) in [(0, 1), (2, 3), (0, 2), (1, 3), (1, 2)] { (x[i], x[j]) = (x[i].minimum(x[j]), x[i].maximum(x[j])) }
      return x[0] + 2 * x[1] + (3 * x[2] + 4 * x[3])
    }
    addKink("median", "the median of three equal numbers by min and max") { t in
      let (a, b, e) = (t.number(1), t.number(1), t.number(1))
      return a.minimum(b).maximum(a.maximum(b).minimum(e))
    }
    addKink("rows-tied", "Σ c·(max of rows), each with a tie") { t in
      t.leaf((0..<12).map { [1, 2, 2, 0][$0 % 4] }, [3, 4]).max(axes: [1]).weighed()
    }
    addKink("largest-magnitude", "max |x| at 2 and −2") { t in t.leaf([2, -2, 1, 0]).abs().max() }
    addKink("chosen-by-argmax", "Σ x·oneHot(argmax x), tied") { t in
      let x = t.leaf([3, 3, 1])
      return (x * (t.fixed([0, 1, 2]) .== x.argMax())).sum()
    }
  }
}
