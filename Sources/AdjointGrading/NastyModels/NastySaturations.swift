import Adjoint
import AdjointLearning

// Functions where they are flat: sigmoids far out, certain softmaxes, densities in their tails.

extension NastyList {
  mutating func addSaturations() {
    add("saturate.sigmoid", "Σ σ(x) at ±40 and ±800, in Float ±80") { t in
      t.leaf(t.choice([40, -40, 800, -800], float: [40, -40, 80, -80])).sigmoid().sum()
    }
    add("saturate.tanh-30", "Σ tanh x at ±30") { t in t.leaf([30, -30]).tanh().sum() }
    add("saturate.tanh-300", "Σ tanh x at ±300") { t in t.leaf([300, -300]).tanh().sum() }
    add("saturate.log-sigmoid", "Σ log σ(x) at ±40") { t in t.leaf([40, -40]).sigmoid().log().sum() }
    add(
      "saturate.log-softmax", "−logSoftmax(x)₀, x = [100, 0, 0]",
      expecting: .cannotTell("the gradient is 1e-43: dual numbers lose it beside terms of 1, and so do 32 digits")
    ) { t in
      -(t.leaf([100, 0, 0]).logSoftmax().slice(0..<1).sum())
    }
    for (name, labels) in [("right", [0, 1]), ("wrong", [1, 2])] {
      add("saturate.cross-entropy-\(name)", "cross-entropy of certain logits, labels \(name)") { t in
        crossEntropy(logits: t.leaf([1000, 0, 0, 0, 1000, 0], [2, 3]), labels: labels)
      }
    }
    add("saturate.binary-cross-entropy", "binary cross-entropy of certain logits, labels right") { t in
      binaryCrossEntropy(logits: t.leaf([50, -50, 50]), targets: t.fixed([1, 0, 0]))
    }
    add("saturate.softplus", "Σ softplus x at ±50 and ±700, in Float ±80") { t in
      t.leaf(t.choice([50, -50, 700, -700], float: [50, -50, 80, -80])).softplus().sum()
    }
    add("saturate.gelu-silu", "Σ gelu x + Σ silu x at ±40 and ±5") { t in
      let x = t.leaf([40, -40, 5, -5])
      return x.gelu().sum() + x.silu().sum()
    }
    add("saturate.erf", "Σ erf x at ±6 and 20, in Float ±3.5 and 9") { t in
      t.leaf(t.choice([6, -6, 20], float: [3.5, -3.5, 9])).erf().sum()
    }
    add("saturate.normal-distribution", "Σ Φ(x) at −30, −38, 8, in Float −10, −12, 6") { t in
      t.leaf(t.choice([-30, -38, 8], float: [-10, -12, 6])).normalDistribution().sum()
    }
    add("saturate.atan", "Σ atan x at ±1e20, in Float ±1e10") { t in
      t.leaf(t.choice([1e20, -1e20], float: [1e10, -1e10])).atan().sum()
    }
    add("saturate.gates", "σ(x₁)·…·σ(x₅) at −30, in Float −15") { t in
      let gates = (0..<5).map { _ in t.number(-30, float: -15).sigmoid() }
      return gates.dropFirst().reduce(gates[0]) { $0 * $1 }
    }
    add(
      "saturate.entropy", "−Σ softmax(x)·logSoftmax(x), x = [50, 0, 0]",
      expecting: .cannotTell("terms of 1 cancel to 1e-20: the gradient is 2% off by rounding")
    ) { t in
      let x = t.leaf([50, 0, 0])
      return -(x.softmax() * x.logSoftmax()).sum()
    }
    add("saturate.elu", "Σ elu x at −50, −5, 50") { t in t.leaf([-50, -5, 50]).elu().sum() }
    add("saturate.expm1", "Σ expm1 x at −50, −5, 1e-10") { t in t.leaf([-50, -5, 1e-10]).expm1().sum() }
  }
}
