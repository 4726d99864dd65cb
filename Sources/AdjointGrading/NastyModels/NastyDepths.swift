import Adjoint

// Depth: hundreds of operations one behind the other.

extension NastyList {
  mutating func addChains() {
    add("depth.tanh-300", "tanh 300 times") { t in repeated(300, t.wave([4])) { $0.tanh() }.sum() }
    add("depth.sin-300", "sin 300 times") { t in repeated(300, t.wave([4])) { $0.sin() }.sum() }
    add("depth.exp-log-300", "log exp 300 times") { t in repeated(300, t.wave([4])) { $0.exp().log() }.sum() }
    add("depth.root-50", "√ 50 times") { t in repeated(50, t.count(3)) { $0.sqrt() }.sum() }
    add("depth.cumsum-20", "tanh cumsum 20 times") { t in repeated(20, t.wave([8])) { $0.cumsum().tanh() }.sum() }
    add("depth.vanishing-300", "0.1·tanh 300 times, in Float 30") { t in
      repeated(t.choice(300, float: 30), t.wave([4])) { $0.tanh() * 0.1 }.sum()
    }
    add("depth.exploding-300", "Σ tanh(10·10·…·x), 300 times, in Float 30") { t in
      repeated(t.choice(300, float: 30), t.wave([4], times: t.choice(1e-300, float: 1e-30))) { $0 * 10 }.tanh().sum()
    }
    add("depth.product-300", "x₁·x₂·…·x₃₀₀ around 1") { t in
      let x = t.wave([300], from: 1, times: 0.01)
      var y = x.slice(0..<1)
      for i in 1..<300 { y = y * x.slice(i..<i + 1) }
      return y.sum()
    }
    func addLogistic(_ steps: Int, expecting expectation: NastyExpectation = .agree) {
      add(
        "depth.logistic-map-\(steps)", "x ← 3.9·x·(1 − x), \(steps) times", in: .double, expecting: expectation
      ) { t in
        repeated(steps, t.number(0.3)) { x in 3.9 * (x * (1 - x)) }
      }
    }
    addLogistic(40)
    addLogistic(200, expecting: .cannotTell("chaos: every digit of the orbit is rounding"))
  }

  mutating func addRecurrences() {
    add("depth.shared-linear-300", "h ← tanh(h·W) 300 times, one W") { t in
      let x = t.wave([2, 8])
      let weight = t.nearIdentity(8, 0.8, times: 0.2)
      return repeated(300, x) { $0.matmul(weight).tanh() }.weighedByColumn()
    }
    add("depth.linear-300", "300 linear layers of width 8") { t in
      var y = t.wave([1, 8])
      for layer in 0..<300 { y = y.matmul(t.nearIdentity(8, from: 64 * layer, times: 0.02)) }
      return y.sum()
    }
    add("depth.residual-300", "h ← h + 0.01·tanh(h·W) 300 times") { t in
      let x = t.wave([2, 8])
      let weight = t.wave([8, 8])
      return repeated(300, x) { h in h + h.matmul(weight).tanh() * 0.01 }.sum()
    }
    add("depth.rnn-300", "h ← tanh(h·W + xₜ·U + b), 300 steps") { t in
      let x = t.wave([300, 3])
      let (weight, input, bias) = (t.wave([8, 8], times: 0.3), t.wave([3, 8]), t.wave([8], times: 0.1))
      var h = t.constant(.zeros([1, 8]))
      for step in 0..<300 {
        let driven = x.slice(step..<step + 1).matmul(input)
        h = (h.matmul(weight) + driven).addBias(bias).tanh()
      }
      return h.sum()
    }
    add("depth.layer-norm-60", "h ← layer norm of h + 0.5·tanh h, 60 times") { t in
      repeated(60, t.wave([2, 8])) { h in h.normalized(over: [-1]) + h.tanh() * 0.5 }.weighed()
    }
    add("depth.gates-100", "h ← g·h + (1 − g)·tanh(h·U), g = σ(h·W), 100 times") { t in
      let x = t.wave([2, 8])
      let (gate, weight) = (t.wave([8, 8]), t.wave([8, 8], times: 0.3))
      return repeated(100, x) { h in
        let g = h.matmul(gate).sigmoid()
        return g * h + (1 - g) * h.matmul(weight).tanh()
      }.sum()
    }
  }
}

extension Variable {
  /// The sum of the products of each row with [cos 1, cos 2, …].
  fileprivate func weighedByColumn() -> Variable {
    (self * tape.cosines([shape[shape.rank - 1]])).sum()
  }
}
