import Adjoint

// Extreme scales: of leaves, of losses, of single branches, and functions near the ends of their domains.

extension NastyList {
  mutating func addScales() {
    add("scale.leaf-1e-30", "Σ tanh(1e30·x), x around 1e-30") { t in (t.wave([4], times: 1e-30) * 1e30).tanh().sum() }
    add("scale.leaf-1e30", "Σ tanh(1e-30·x), x around 1e30") { t in (t.wave([4], times: 1e30) * 1e-30).tanh().sum() }
    add("scale.leaf-1e-200", "Σ tanh(1e200·x), x around 1e-200", in: .double) { t in
      (t.wave([4], times: 1e-200) * 1e200).tanh().sum()
    }
    add("scale.leaf-1e200", "Σ tanh(1e-200·x), x around 1e200", in: .double) { t in
      (t.wave([4], times: 1e200) * 1e-200).tanh().sum()
    }
    add("scale.loss-1e-20", "1e-20·Σ tanh x") { t in t.wave([4]).tanh().sum() * 1e-20 }
    for (name, scale) in [("1e-30", 1e-30), ("1e30", 1e30)] {
      add("scale.loss-\(name)", "\(name)·Σ x·tanh x") { t in
        let x = t.wave([4])
        return (x * x.tanh()).sum() * scale
      }
    }
    for (name, scale) in [("1e-200", 1e-200), ("1e200", 1e200)] {
      add("scale.loss-\(name)", "\(name)·Σ x·tanh x", in: .double) { t in
        let x = t.wave([4])
        return (x * x.tanh()).sum() * scale
      }
    }
    add("scale.square-1e15", "Σ x², x around 1e15") { t in t.wave([4], times: 1e15).square().sum() }
    add("scale.square-1e150", "Σ x², x around 1e150", in: .double) { t in t.wave([4], times: 1e150).square().sum() }
    add("scale.opposite-1e30", "Σ a·b, a around 1e-30, b around 1e30") { t in
      (t.wave([4], times: 1e-30) * t.count(4, times: 1e30)).sum()
    }
    add("scale.opposite-1e200", "Σ a·b, a around 1e-200, b around 1e200", in: .double) { t in
      (t.wave([4], times: 1e-200) * t.count(4, times: 1e200)).sum()
    }
    add("scale.matmul-1e30", "Σ tanh(W·v), W around 1e-30, v around 1e30") { t in
      t.wave([3, 4], times: 1e-30).matmul(t.wave([4, 1], times: 1e30)).tanh().sum()
    }
    add("scale.two-branches", "1e20·Σ tanh a + 1e-20·Σ tanh b") { t in
      let (a, b) = (t.wave([4]), t.wave([3]))
      return a.tanh().sum() * 1e20 + b.tanh().sum() * 1e-20
    }
    add("scale.closed-gate", "Σ σ(x)·tanh z, x = −40") { t in (t.leaf([-40]).sigmoid() * t.wave([4]).tanh()).sum() }
    add("scale.power-of-two", "Σ tanh((x·2ᵏ)·2⁻ᵏ), k = 300, in Float 60") { t in
      let factor = t.choice(0x1p300, float: 0x1p60)
      return ((t.wave([4]) * factor) * (1 / factor)).tanh().sum()
    }
    add("scale.three-sizes", "Σ tanh(1e30·a) + Σ tanh b + Σ tanh(1e-30·c)") { t in
      let a = (t.wave([3], times: 1e-30) * 1e30).tanh().sum()
      let b = t.wave([3]).tanh().sum()
      let c = (t.wave([3], times: 1e30) * 1e-30).tanh().sum()
      return a + b + c
    }
    add("scale.seesaw", "y ← (y·1e10)·aᵢ·1e-10, 60 times") { t in
      var y = t.wave([3])
      let a = t.wave([60], from: 1, times: 0.1)
      for i in 0..<60 { y = ((y * 1e10) * a.slice(i..<i + 1)) * 1e-10 }
      return y.sum()
    }
  }

  mutating func addScaledFunctions() {
    add("scale.reciprocal-1e-8", "Σ 1/x, x around 1e-8") { t in t.count(3, times: 1e-8).reciprocal().sum() }
    add("scale.reciprocal-1e-15", "1e-15·Σ 1/x, x around 1e-15") { t in
      t.count(3, times: 1e-15).reciprocal().sum() * 1e-15
    }
    add("scale.reciprocal-1e-100", "1e-100·Σ 1/x, x around 1e-100", in: .double) { t in
      t.count(3, times: 1e-100).reciprocal().sum() * 1e-100
    }
    add("scale.power-0.1", "Σ x^0.1, x around 1e-8") { t in t.count(3, times: 1e-8).power(0.1).sum() }
    add("scale.power-1e-30", "Σ x^0.1, x around 1e-30") { t in t.count(3, times: 1e-30).power(0.1).sum() }
    add("scale.sqrt-1e-30", "Σ √x, x around 1e-30") { t in t.count(3, times: 1e-30).sqrt().sum() }
    add("scale.log-1e-30", "Σ log x, x around 1e-30") { t in t.count(3, times: 1e-30).log().sum() }
    add("scale.log-1e30", "Σ log x, x around 1e30") { t in t.count(3, times: 1e30).log().sum() }
    add("scale.exp-overflow", "Σ exp x, x = [700, 709], in Float [80, 88]") { t in
      t.leaf(t.choice([700, 709], float: [80, 88])).exp().sum()
    }
    add("scale.exp-underflow", "Σ exp x, x = [−700, −740], in Float [−80, −100]") { t in
      t.leaf(t.choice([-700, -740], float: [-80, -100])).exp().sum()
    }
    add("scale.denormal-leaf", "Σ 3·x, x around 1e-310, in Float 1e-40") { t in
      (t.count(3, times: t.choice(1e-300 * 1e-10, float: 1e-40)) * 3).sum()
    }
    add("scale.denormal-loss", "1e-310·Σ tanh x, in Float 1e-40") { t in
      t.wave([4]).tanh().sum() * t.choice(1e-300 * 1e-10, float: 1e-40)
    }
    add("scale.sin-1e6", "Σ sin(1e6·x)") { t in (t.wave([4]) * 1e6).sin().sum() }
    add("scale.sin-1e10", "Σ sin(1e10·x)", in: .double) { t in (t.wave([4]) * 1e10).sin().sum() }
    add("scale.variance-1e-15", "variance(x), x around 1e-15") { t in t.wave([8], times: 1e-15).variance() }
    add("scale.norm-1e15", "√Σ x², x around 1e15") { t in t.wave([5], times: 1e15).square().sum().sqrt() }
    add("scale.norm-1e150", "√Σ x², x around 1e150", in: .double) { t in
      t.wave([5], times: 1e150).square().sum().sqrt()
    }
    add("scale.softmax-tiny", "Σ softmax(1e30·x)·c, x around 1e-30") { t in
      (t.wave([5], times: 1e-30) * 1e30).softmax().weighed()
    }
    add("scale.entropy-1e-30", "−Σ p·log p, p around 1e-30") { t in
      let p = t.count(3, times: 1e-30)
      return -(p * p.log()).sum()
    }
  }
}
