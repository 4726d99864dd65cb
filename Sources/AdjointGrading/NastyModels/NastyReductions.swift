import Adjoint

// Sums, products and choices of up to a million numbers.

extension NastyList {
  mutating func addReductions() {
    let million = 1_000_000
    let many = 100_000
    add("reduce.sum-1e6", "Σ tanh x, a million numbers") { t in t.wave([million]).tanh().sum() }
    add("reduce.mean-1e6", "mean x², a million numbers") { t in t.wave([million]).square().mean() }
    add("reduce.offset-1e6", "mean x², a million numbers around 1e4") { t in
      t.wave([million], from: 1e4).square().mean()
    }
    add("reduce.log-sum-exp-1e6", "logSumExp of a million numbers") { t in t.wave([million]).logSumExp() }
    add("reduce.variance-1e6", "variance of a million numbers around 100") { t in
      t.wave([million], from: 100).variance()
    }
    add("reduce.max-1e6", "max of a million different numbers") { t in t.count(million, times: 1e-6).max() }
    add("reduce.broadcast-1e6", "Σ tanh(a·c), one a, a million c") { t in
      (t.number(0.7) * t.cosines([million])).tanh().sum()
    }
    add("reduce.crumbs-1e6", "1 + 1e-10·Σ tanh x, a million numbers") { t in
      1 + t.wave([million]).tanh().sum() * 1e-10
    }
    add("reduce.product-1e5", "a·b of length 100,000") { t in
      t.wave([1, many]).matmul(t.wave([many, 1], from: 1)).sum()
    }
    add("reduce.softmax-1e5", "Σ softmax(x)·c, 100,000 numbers") { t in t.wave([many]).softmax().weighed() }
    add("reduce.cumsum-1e5", "Σ cumsum(x)·c, 100,000 numbers") { t in t.wave([many]).cumsum().weighed() }
    add("reduce.gather-1e5", "Σ tanh of 100,000 rows gathered from 10") { t in
      let rows = t.index(Tensor((0..<many).map { Int32($0 * $0 % 10) }))
      return t.wave([10, 2]).gather(rows).tanh().sum()
    }
  }
}
