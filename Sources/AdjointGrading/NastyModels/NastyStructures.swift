import Adjoint
import AdjointLearning

// Shapes and graphs: stopped gradients, much shared nodes, empties, repeated indices, windows; and second derivatives.

extension NastyList {
  mutating func addStructures() {
    add("structure.stop-gradient", "Σ x·stop(x)") { t in
      let x = t.wave([4])
      return (x * x.stopGradient()).sum()
    }
    add("structure.stop-inside", "Σ tanh(x·stop(tanh x) + x)") { t in
      let x = t.wave([4])
      return (x * x.tanh().stopGradient() + x).tanh().sum()
    }
    add("structure.straight-through", "Σ (x + stop(sign x − x))·c") { t in
      let x = t.wave([4])
      return (x + (x.sign() - x).stopGradient()).weighed()
    }
    add("structure.shared-1000", "tanh x added to itself a thousand times") { t in
      let y = t.wave([4]).tanh()
      return repeated(1000, y) { $0 + y }.sum()
    }
    add("structure.diamonds-40", "y ← ½·y + ½·sin y, 40 times: 2⁴⁰ paths") { t in
      repeated(40, t.wave([4])) { y in y * 0.5 + y.sin() * 0.5 }.sum()
    }
    add("structure.broadcasts", "Σ tanh(a·b + d), broadcast three ways") { t in
      (t.wave([4, 1]) * t.wave([1, 5]) + t.wave([3, 1, 1])).tanh().sum()
    }
    add("structure.empty-beside", "Σ tanh x + Σ e², e empty") { t in
      let (x, e) = (t.wave([3]), t.zeros([0, 3]))
      return x.tanh().sum() + e.square().sum()
    }
    add("structure.empty-concatenated", "Σ tanh(e beside x), e empty") { t in
      let (e, x) = (t.zeros([0, 3]), t.wave([2, 3]))
      return concatenate([e, x]).tanh().sum()
    }
    add("structure.unused-leaf", "Σ tanh x, and a leaf that reaches nothing") { t in
      let (x, _) = (t.wave([3]), t.wave([2]))
      return x.tanh().sum()
    }
    add("structure.times-zero", "0·Σ tanh x") { t in t.wave([3]).tanh().sum() * 0.0 }
    add("structure.gather-repeated", "Σ tanh of rows 0, 0, 1, 0") { t in
      t.wave([3, 4]).gather(t.index(Tensor([0, 0, 1, 0]))).tanh().sum()
    }
    add("structure.scatter-repeated", "Σ tanh of rows added to places 1, 1, 0, 1") { t in
      t.wave([4, 2]).scatterAdd(t.index(Tensor([1, 1, 0, 1])), rows: 3).tanh().sum()
    }
    add("structure.convolution", "Σ tanh of a convolution 3 × 3, padding 1") { t in
      let x = t.wave([1, 5, 5, 2])
      let (kernels, bias) = (t.wave([3, 2, 3, 3], times: 0.3), t.wave([3], times: 0.1))
      return x.conv2d(kernels, bias: bias, padding: 1).tanh().sum()
    }
    add("structure.convolution-1e10", "Σ tanh of a convolution, images around 1e10, kernels around 1e-10") { t in
      let x = t.wave([1, 5, 5, 2], times: 1e10)
      return x.conv2d(t.wave([3, 2, 3, 3], times: 1e-10), stride: 2).tanh().sum()
    }
    add("structure.batch-norm", "batch normalisation of four equal rows") { t in
      BatchNorm<S>(3, name: "norm")(t.equalRows(4, 3)).weighed()
    }
    add("structure.dropout", "Σ tanh of dropout at ½") { t in Dropout<S>(rate: 0.5)(t.wave([16])).tanh().sum() }
    add("structure.attention", "softmax(q·kᵀ/√8)·v, q and k around 20") { t in
      let (q, k, v) = (t.wave([4, 8], times: 20), t.wave([4, 8], times: 20), t.wave([4, 8]))
      let scores = q.matmul(k, transposeB: true) * (0.5.squareRoot() * 0.5)
      return scores.softmax().matmul(v).weighed()
    }
    add("structure.reshaped", "x permuted, reshaped, padded and sliced") { t in
      let y = t.wave([2, 3, 4]).permute([2, 0, 1]).reshape(to: [4, 6])
      return y.pad(before: [1, 0], after: [0, 2]).slice(start: [0, 1], size: [4, 6]).tanh().weighed()
    }
  }

  private mutating func addSecond(
    _ id: String, _ formula: String, expecting expectation: NastyExpectation = .agree,
    _ loss: @escaping @Sendable (Tape<S>) -> Variable<S>
  ) {
    add("second.\(id)", "order 2 of " + formula, order: 2, expecting: expectation, loss)
  }

  mutating func addSecondOrder() {
    addSecond("loss-1e-20", "1e-20·Σ x²·tanh x") { t in
      let x = t.wave([4])
      return (x.square() * x.tanh()).sum() * 1e-20
    }
    addSecond("leaf-1e-15", "Σ (1e15·x)³, x around 1e-15") { t in
      (t.wave([4], times: 1e-15) * 1e15).power(3).sum()
    }
    addSecond("softmax", "Σ softmax(x)·c") { t in t.wave([5], times: 3).softmax().weighed() }
    addSecond("log-sum-exp", "logSumExp x, x around 30") { t in t.wave([6], times: 30).logSumExp() }
    addSecond("product", "Σ tanh(a·b)") { t in t.wave([2, 3]).matmul(t.wave([3, 2])).tanh().sum() }
    addSecond("sin-1e3", "Σ sin(1e3·x)") { t in (t.wave([4]) * 1e3).sin().sum() }
    addSecond("layer-norm-1e4", "layer norm, features around 1e4") { t in
      t.wave([2, 4], from: 1e4).normalized(over: [-1]).weighed()
    }
    addSecond("tanh-50", "tanh 50 times") { t in repeated(50, t.wave([3])) { $0.tanh() }.sum() }
    addSecond("power", "Σ x^0.1, x around 1e-4") { t in t.count(3, times: 1e-4).power(0.1).sum() }
    addSecond("relu-squared", "Σ relu(x)³ at 0", expecting: .kink) { t in
      t.leaf([0, 1, -1]).relu().power(3).sum()
    }
    addSecond("convolution", "Σ (convolution 3 × 3)²") { t in
      t.wave([1, 4, 4, 1]).conv2d(t.wave([1, 1, 3, 3])).square().sum()
    }
    addSecond("reciprocal", "1e-8·Σ 1/x, x around 1e-8") { t in t.count(3, times: 1e-8).reciprocal().sum() * 1e-8 }
  }
}
