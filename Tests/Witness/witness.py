"""Computes in PyTorch and JAX, in float64, what the program Witness computed, and compares.

    witness.py PROGRAM [SEED [COUNT]]

Values, gradients for random cotangents, products in forward mode and second derivatives of every operation and of random
programs of them; layers and losses against functions of the same name; trainings step by step. A difference counts
against the largest number of its answer, or against 1 where that is smaller. The exit code is 1 when any is too large.
"""

import json
import os
import subprocess
import sys
import time
import warnings

# JAX compiles each case, which takes longest: it does one random program of so many, and compiles in a hurry.
JAX_SHARE = 5
# The variance of one number with a correction is no number, as ours is.
warnings.filterwarnings("ignore", message=r"var\(\): degrees of freedom")
# That it copies the images is of no interest here.
warnings.filterwarnings("ignore", message="Using padding='same' with even kernel")
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
# Rounding and no more: the worst of 1700 random programs was 5e-13.
TOLERANCE = 1e-11
# PyTorch adds 1e-6 to the norm by which it divides.
CLIP_NORM_TOLERANCE = 1e-5


def cases(program, *words):
    run = subprocess.run([program, *words], stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def difference(found, expected):
    """The largest difference, against the largest magnitude or 1; infinite where only one is a number."""
    if len(found) != len(expected):
        return float("inf")
    finite = lambda x: x is not None and abs(x) < float("inf")
    scale = max([1.0] + [abs(x) for x in expected if finite(x)])
    worst = 0.0
    for a, b in zip(found, expected):
        if finite(a) != finite(b):
            return float("inf")
        if finite(a):
            worst = max(worst, abs(a - b) / scale)
    return worst


class Torch:
    name = "PyTorch"

    def __init__(self):
        import torch

        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(1)
        self.torch, self.version = torch, torch.__version__

    def answers(self, function, case):
        torch = self.torch
        shapes = [case["nodes"][i]["shape"] for i in case["moving"]]
        points = [torch.tensor(case["nodes"][i]["numbers"]).reshape(s) for i, s in zip(case["moving"], shapes)]
        directions = [torch.tensor(v).reshape(s) for v, s in zip(case["directions"], shapes)]
        x = [p.clone().requires_grad_() for p in points]
        y = function(*x)

        def gradients(of, cotangent):
            found = [None] * len(x)
            if x and of.requires_grad:
                found = torch.autograd.grad(of, x, cotangent, create_graph=True, allow_unused=True)
            return [torch.zeros(s) if g is None else g for g, s in zip(found, shapes)]

        first = gradients(y, torch.tensor(case["cotangent"]).reshape(y.shape))
        second = gradients(sum(((g * v).sum() for g, v in zip(first, directions)), torch.zeros(())), None)
        tangent = torch.zeros(y.shape)
        if x:
            tangent = torch.func.jvp(function, tuple(points), tuple(directions))[1]
        # A zero that PyTorch knows to be one holds no memory.
        flat = lambda t: (torch.zeros(t.shape) if t._is_zerotensor() else t.detach()).flatten().tolist()
        return flat(y), [flat(g) for g in first], [flat(g) for g in second], flat(tangent)


class JAX:
    name = "JAX"

    def __init__(self):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax, self.version = jax, jax.__version__

    def answers(self, function, case):
        jax, np = self.jax, self.jax.numpy
        shapes = [case["nodes"][i]["shape"] for i in case["moving"]]
        x = [np.array(case["nodes"][i]["numbers"], np.float64).reshape(s) for i, s in zip(case["moving"], shapes)]
        if not x:
            y = function()
            return y.flatten().tolist(), [], [], [0.0] * y.size
        directions = [np.array(v, np.float64).reshape(s) for v, s in zip(case["directions"], shapes)]
        cotangent = np.array(case["cotangent"], np.float64)

        def both(*x):
            y, pullback = jax.vjp(function, *x)
            return y, pullback(cotangent.reshape(y.shape))

        # Forward over reverse: ∂²⟨ȳ, y⟩ is symmetric, so this is what reverse over reverse gives too. Compiled as a whole, which
        # takes less time than operation by operation.
        (y, first), (tangent, second) = jax.jit(lambda x, v: jax.jvp(both, tuple(x), tuple(v)))(x, directions)
        flat = lambda t: t.flatten().tolist()
        return flat(y), [flat(g) for g in first], [flat(g) for g in second], flat(tangent)


class Tally:
    """What was compared, and what was apart."""

    def __init__(self):
        self.failures = 0

    def compare(self, title, case, library, function):
        """The largest difference of a case; None when the library has no answer for empty tensors."""
        try:
            y, first, second, tangent = library.answers(function, case)
        except Exception as error:
            if any(0 in node["shape"] for node in case["nodes"]):
                return None
            self.fail(f"{title}: {library.name} fails: {str(error).splitlines()[0]}")
            return None
        pairs = [("value", y, case["value"]), ("tangent", tangent, case["tangent"])]
        pairs += [(f"gradient {i}", g, h) for i, (g, h) in enumerate(zip(first, case["gradients"]))]
        pairs += [(f"second derivative {i}", g, h) for i, (g, h) in enumerate(zip(second, case["second"]))]
        worst = 0.0
        for what, theirs, ours in pairs:
            apart = difference(ours, theirs)
            worst = max(worst, apart)
            if not apart <= TOLERANCE:
                self.fail(f"{title}: {what} is {apart:.2e} from that of {library.name}:\n  {ours}\n  {theirs}")
        return worst

    def fail(self, sentence):
        self.failures += 1
        print(sentence)


def summary(what, started, worst):
    known = [w for w in worst if w is not None]
    refused = f", {len(worst) - len(known)} left out: it takes no empty tensors there" if len(known) < len(worst) else ""
    print(f"{what}: {len(known)} cases, at most {max(known, default=0):.1e} apart{refused}, {time.process_time() - started:.0f} s")
    sys.stdout.flush()


def main():
    program, words = sys.argv[1], sys.argv[2:]
    import layers
    import operations

    tally, libraries = Tally(), [Torch(), JAX()]
    print(", ".join(f"{library.name} {library.version}" for library in libraries))

    recorded = cases(program, "operations", *words)
    examples = [case for case in recorded if not case["case"].startswith("random")]
    programs = [case for case in recorded if case["case"].startswith("random")]
    for which, library in enumerate(libraries):
        for what, some in [("operations", examples), ("random programs", programs[:: JAX_SHARE if which else 1])]:
            started = time.process_time()
            worst = [tally.compare(c["case"], c, library, operations.replay(which, c)) for c in some]
            summary(f"{what}, {library.name}", started, worst)

    recorded = cases(program, "layers", *words[:1])
    for which, library in enumerate(libraries):
        started = time.process_time()
        known = [(c, layers.function(which, c)) for c in recorded]
        worst = [tally.compare(c["case"], c, library, own) for c, own in known if own]
        summary(f"layers and losses, {library.name}", started, worst)

    started, worst = time.process_time(), []
    for case in cases(program, "trainings", *words[:1]):
        losses, end = layers.train(case)
        title = f"{case['training']} {case['settings']}"
        apart = max(difference(case["losses"], losses), *(difference(a, b) for a, b in zip(case["end"], end)))
        isLoose = "clipNorm" in case["settings"]
        worst.append(None if isLoose else apart)
        if not apart <= (CLIP_NORM_TOLERANCE if isLoose else TOLERANCE):
            tally.fail(f"{title}: {apart:.2e} from PyTorch:\n  {case['losses']}\n  {losses}")
    known = [w for w in worst if w is not None]
    print(f"trainings, PyTorch: {len(worst)}, at most {max(known):.1e} apart, {time.process_time() - started:.0f} s")
    print("witness: " + (f"{tally.failures} differences" if tally.failures else "every answer is theirs"))
    sys.exit(1 if tally.failures else 0)


main()
