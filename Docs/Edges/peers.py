"""What PyTorch and JAX do at the edges of Docs/Edges.md: answers, with versions, for that page.

    swift run -c release adjoint-check --edges --json | tail -n 1 > cases.json
    python3 Docs/Edges/peers.py cases.json > Docs/Edges/peers.json
    python3 Docs/Edges/peers.py cases.json --add-to Docs/Edges/peers.json
    python3 Docs/Edges/peers.py cases.json --compare Docs/Edges/peers.json

The second line keeps what is there, and asks for new cases alone; an answer of another version than the file's says so. The
last one prints what differs from answers that are kept, and fails when libraries of the same versions gave them.
Everything is computed in double precision on the CPU. An answer is y and the gradient of <cotangent, y>; a library that
has no such function has no answer.
"""

import datetime
import json
import math
import os
import re
import sys

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import jax.scipy.special as jsp
import torch
import torch.nn.functional as F

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)


def arguments(name):
    """The numbers in a name such as clamp(-1.0, 1.0)."""
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", name.partition("(")[2])]


# Functions of one number: (PyTorch, JAX).
UNARY = {
    "negate": (torch.neg, jnp.negative),
    "exp": (torch.exp, jnp.exp),
    "expm1": (torch.expm1, jnp.expm1),
    "log": (torch.log, jnp.log),
    "log1p": (torch.log1p, jnp.log1p),
    "sqrt": (torch.sqrt, jnp.sqrt),
    "square": (torch.square, jnp.square),
    "reciprocal": (torch.reciprocal, jnp.reciprocal),
    "abs": (torch.abs, jnp.abs),
    "sign": (torch.sign, jnp.sign),
    "sech": (None, None),
    "step": (
        lambda x: torch.heaviside(x.detach(), torch.zeros_like(x)),
        lambda x: jnp.heaviside(x, 0.0),
    ),
    "sin": (torch.sin, jnp.sin),
    "cos": (torch.cos, jnp.cos),
    "atan": (torch.atan, jnp.arctan),
    "tan": (torch.tan, jnp.tan),
    "asin": (torch.asin, jnp.arcsin),
    "acos": (torch.acos, jnp.arccos),
    "sinh": (torch.sinh, jnp.sinh),
    "cosh": (torch.cosh, jnp.cosh),
    "asinh": (torch.asinh, jnp.arcsinh),
    "acosh": (torch.acosh, jnp.arccosh),
    "atanh": (torch.atanh, jnp.arctanh),
    "exp2": (torch.exp2, jnp.exp2),
    "log2": (torch.log2, jnp.log2),
    "log10": (torch.log10, jnp.log10),
    "erfc": (torch.erfc, jsp.erfc),
    "lgamma": (torch.lgamma, jsp.gammaln),
    "floor": (torch.floor, jnp.floor),
    "ceil": (torch.ceil, jnp.ceil),
    "round": (torch.round, jnp.round),
    "trunc": (torch.trunc, jnp.trunc),
    "tanh": (torch.tanh, jnp.tanh),
    "sigmoid": (torch.sigmoid, jax.nn.sigmoid),
    "erf": (torch.erf, jsp.erf),
    "normalDensity": (None, jax.scipy.stats.norm.pdf),
    "normalDistribution": (torch.special.ndtr, jsp.ndtr),
    "relu": (torch.relu, jax.nn.relu),
    "gelu": (F.gelu, lambda x: jax.nn.gelu(x, approximate=False)),
    "silu": (F.silu, jax.nn.silu),
    # PyTorch's is x itself beyond a threshold of 20 unless told otherwise.
    "softplus": (F.softplus, jax.nn.softplus),
}

PARAMETRIC = {
    "leakyRelu": (lambda x, a: F.leaky_relu(x, a), lambda x, a: jax.nn.leaky_relu(x, a)),
    "elu": (lambda x, a: F.elu(x, a), lambda x, a: jax.nn.elu(x, a)),
    "power": (lambda x, p: x.pow(p), lambda x, p: x**p),
    "polygamma": (lambda x, n: torch.polygamma(int(n), x), lambda x, n: jsp.polygamma(int(n), x)),
    "clamp": (lambda x, a, b: x.clamp(a, b), lambda x, a, b: jnp.clip(x, a, b)),
}

BINARY = {
    "add": (torch.add, jnp.add),
    "subtract": (torch.sub, jnp.subtract),
    "multiply": (torch.mul, jnp.multiply),
    "divide": (torch.div, jnp.divide),
    "maximum": (torch.maximum, jnp.maximum),
    "minimum": (torch.minimum, jnp.minimum),
    "pow": (torch.pow, jnp.power),
    "atan2": (torch.atan2, jnp.arctan2),
    "hypot": (torch.hypot, jnp.hypot),
    "remainder": (torch.remainder, jnp.remainder),
    "logAddExp": (torch.logaddexp, jnp.logaddexp),
    "masked": (
        lambda a, b: torch.where(b != 0, a, torch.zeros_like(a)),
        lambda a, b: jnp.where(b != 0, a, 0.0),
    ),
}


def layer_norm_torch(x):
    return F.layer_norm(x, x.shape[-1:])


def layer_norm_jax(x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5)


def batch_norm_jax(x):
    return (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5)


def conv_torch(x, w):
    return F.conv2d(x.permute(0, 3, 1, 2), w).permute(0, 2, 3, 1)


def conv_jax(x, w):
    return jax.lax.conv_general_dilated(
        x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "OIHW", "NHWC"))


def pool_jax(x, start, function):
    return jax.lax.reduce_window(x, start, function, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def pick_jax(x, i):
    return jnp.take_along_axis(x, i[:, None], axis=1)[:, 0]


def scatter_torch(x, i):
    return torch.zeros(3).index_add(0, i, x)


OTHER = {
    "where": (lambda c, a, b: torch.where(c != 0, a, b), lambda c, a, b: jnp.where(c != 0, a, b)),
    "sum": (torch.sum, jnp.sum),
    "mean": (torch.mean, jnp.mean),
    "variance": (lambda x: x.var(correction=0), jnp.var),
    "max": (torch.amax, jnp.max),
    "min": (torch.amin, jnp.min),
    "argMax": (lambda x: x.argmax().double(), lambda x: jnp.argmax(x).astype(float)),
    "cumsum": (lambda x: x.cumsum(0), jnp.cumsum),
    "softmax": (lambda x: x.softmax(0), jax.nn.softmax),
    "logSoftmax": (lambda x: x.log_softmax(0), jax.nn.log_softmax),
    "logSumExp": (lambda x: x.logsumexp(0), jsp.logsumexp),
    "broadcast": (lambda x: x.expand(2, 3), lambda x: jnp.broadcast_to(x, (2, 3))),
    "reshape": (lambda x: x.reshape(3, 1), lambda x: x.reshape(3, 1)),
    "permute": (lambda x: x.permute(1, 0), jnp.transpose),
    "slice": (lambda x: x[1:3], lambda x: x[1:3]),
    "slice(step: 2)": (lambda x: x[::2], lambda x: x[::2]),
    "slice(step: -1)": (lambda x: x.flip(0)[:2], lambda x: x[:0:-1]),
    # The other library has none.
    "pad(step: 2)": (None, lambda x: jax.lax.pad(x, 0.0, [(0, 1, 1)])),
    "pad": (lambda x: F.pad(x, (1, 1)), lambda x: jnp.pad(x, 1)),
    "concatenate": (lambda a, b: torch.cat([a, b]), lambda a, b: jnp.concatenate([a, b])),
    "stopGradient": (lambda x: x.detach(), jax.lax.stop_gradient),
    "gather": (lambda x, i: x[i], lambda x, i: x[i]),
    "scatterAdd": (scatter_torch, lambda x, i: jnp.zeros(3).at[i].add(x)),
    "gatherAlong": (lambda x, i: x.gather(0, i), lambda x, i: jnp.take_along_axis(x, i, axis=0)),
    "scatterAddAlong": (
        lambda x, i: torch.zeros(3).scatter_add(0, i, x),
        lambda x, i: jnp.zeros(3).at[i].add(x),
    ),
    "asNumbers": (lambda i: i.double(), lambda i: i.astype(float)),
    "argSort": (lambda x: x.argsort(stable=True).double(), lambda x: jnp.argsort(x).astype(float)),
    "argSort(descending)": (
        lambda x: x.argsort(stable=True, descending=True)[:3].double(),
        lambda x: jnp.argsort(x, descending=True)[:3].astype(float),
    ),
    "pick": (lambda x, i: x.gather(1, i[:, None])[:, 0], pick_jax),
    "oneHot": (lambda i: F.one_hot(i, 3).double(), lambda i: jax.nn.one_hot(i, 3)),
    "unfold": (None, None),
    "fold": (None, None),
    "maxPool": (
        lambda x: F.max_pool2d(x.permute(0, 3, 1, 2), 2),
        lambda x: pool_jax(x, -jnp.inf, jax.lax.max),
    ),
    "maxPool with padding": (
        lambda x: F.max_pool2d(x.permute(0, 3, 1, 2), 2, padding=1).permute(0, 2, 3, 1),
        lambda x: jax.lax.reduce_window(
            x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0))),
    ),
    "averagePool": (
        lambda x: F.avg_pool2d(x.permute(0, 3, 1, 2), 2),
        lambda x: pool_jax(x, 0.0, jax.lax.add) / 4,
    ),
    "matmul": (torch.matmul, jnp.matmul),
    "cholesky": (torch.linalg.cholesky, jnp.linalg.cholesky),
    "solveTriangular": (
        lambda a, b: torch.linalg.solve_triangular(a, b, upper=False),
        lambda a, b: jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=True),
    ),
    "solve": (torch.linalg.solve, jnp.linalg.solve),
    "determinant": (torch.linalg.det, jnp.linalg.det),
    "logDeterminant": (lambda a: torch.linalg.slogdet(a)[1], lambda a: jnp.linalg.slogdet(a)[1]),
    "cofactors": (None, None),
    "addBias": (torch.add, jnp.add),
    "crossEntropy": (
        F.cross_entropy,
        lambda z, i: -pick_jax(jax.nn.log_softmax(z), i).mean(),
    ),
    "crossEntropy(probabilities)": (
        F.cross_entropy,
        lambda z, t: -(t * jax.nn.log_softmax(z)).sum(-1).mean(),
    ),
    # The formula of optax.sigmoid_binary_cross_entropy.
    "binaryCrossEntropy": (
        F.binary_cross_entropy_with_logits,
        lambda z, t: (-t * jax.nn.log_sigmoid(z) - (1 - t) * jax.nn.log_sigmoid(-z)).mean(),
    ),
    "meanSquaredError": (F.mse_loss, lambda y, t: ((y - t) ** 2).mean()),
    "meanAbsoluteError": (F.l1_loss, lambda y, t: jnp.abs(y - t).mean()),
    # The formula of optax.huber_loss.
    "huber": (
        F.huber_loss,
        lambda y, t: (0.5 * jnp.minimum(abs(y - t), 1) ** 2 + jnp.maximum(abs(y - t) - 1, 0)).mean(),
    ),
    "poissonNLL": (F.poisson_nll_loss, lambda z, t: (jnp.exp(z) - t * z).mean()),
    "klDivergence": (
        lambda q, p: F.kl_div(q, p, reduction="batchmean"),
        lambda q, p: (jsp.xlogy(p, p) - p * q).sum(-1).mean(),
    ),
    "hinge": (lambda y, t: (1 - t * y).relu().mean(), lambda y, t: jax.nn.relu(1 - t * y).mean()),
    "hinge(scores)": (F.multi_margin_loss, None),
    "cosineSimilarity": (F.cosine_similarity, None),
    "crossEntropy(ignoring: 0)": (lambda z, i: F.cross_entropy(z, i, ignore_index=0), None),
    "negativeLogLikelihood(ignoring: 0)": (lambda z, i: F.nll_loss(z, i, ignore_index=0), None),
    "RMSNorm": (lambda x: F.rms_norm(x, x.shape[-1:], eps=1e-5), None),
    "l1Penalty": (lambda w: 0.5 * w.abs().sum(), lambda w: 0.5 * jnp.abs(w).sum()),
    "l2Penalty": (lambda w: 0.25 * w.square().sum(), lambda w: 0.25 * jnp.square(w).sum()),
    "LayerNorm": (layer_norm_torch, layer_norm_jax),
    "BatchNorm": (lambda x: F.batch_norm(x, None, None, training=True), batch_norm_jax),
    "BatchNorm(inference)": (
        lambda x: F.batch_norm(x, torch.zeros(x.shape[1]), torch.ones(x.shape[1])),
        lambda x: x / jnp.sqrt(1 + 1e-5),
    ),
    "Linear": (lambda x, w, b: F.linear(x, w, b), lambda x, w, b: x @ w.T + b),
    "relu(Linear)": (
        lambda x, w, b: F.linear(x, w, b).relu(),
        lambda x, w, b: jax.nn.relu(x @ w.T + b),
    ),
    "norm": (torch.linalg.vector_norm, jnp.linalg.norm),
    "normalize": (lambda x: F.normalize(x, dim=0), None),
    "prod": (torch.prod, jnp.prod),
    "cumprod": (lambda x: x.cumprod(0), jnp.cumprod),
    "standardDeviation": (lambda x: x.std(correction=0), jnp.std),
    "softmin": (lambda x: F.softmin(x, dim=0), lambda x: jax.nn.softmax(-x)),
    "mish": (F.mish, jax.nn.mish),
    "hardSwish": (F.hardswish, jax.nn.hard_swish),
    "softsign": (F.softsign, jax.nn.soft_sign),
    "logSigmoid": (F.logsigmoid, jax.nn.log_sigmoid),
    "softShrink": (F.softshrink, None),
    "hardShrink": (F.hardshrink, None),
    "xlogy": (torch.special.xlogy, jsp.xlogy),
    "prelu": (lambda x, a: F.prelu(x, a), None),
    "clamp(min:max:)": (torch.clamp, jnp.clip),
    "sort": (lambda x: x.sort(stable=True).values, jnp.sort),
    "topK(2)": (lambda x: x.topk(2).values, lambda x: jax.lax.top_k(x, 2)[0]),
    "inverse": (torch.linalg.inv, jnp.linalg.inv),
    "attention": (
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m != 0),
        None,
    ),
    "A·B + C·D": (lambda a, b, c, d: a @ b + c @ d, lambda a, b, c, d: a @ b + c @ d),
    "Conv2D": (conv_torch, conv_jax),
    "Σ relu(x + b)": (
        lambda x, b: (x + b).relu().sum(0),
        lambda x, b: jax.nn.relu(x + b).sum(0),
    ),
}


def functions(name):
    """The pair (PyTorch, JAX) of a name; None for a library that has no such function."""
    if name in OTHER:
        return OTHER[name]
    if name in BINARY:
        return BINARY[name]
    if name in UNARY:
        return UNARY[name]
    compare = {"less": "lt", "lessOrEqual": "le", "greater": "gt", "greaterOrEqual": "ge", "equal": "eq", "notEqual": "ne"}
    if name in compare:
        t = getattr(torch, compare[name])
        j = getattr(jnp, {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}[compare[name]])
        return (lambda a, b: t(a, b).double(), lambda a, b: j(a, b).astype(float))
    for pattern, wrap in [
        (r"(\w+)\(where\(c, x, 1\)\)$", lambda f, w, one: lambda c, x: f(w(c != 0, x, one(x)))),
        (r"where\(c, (\w+)\(x\), 0\)$", lambda f, w, one: lambda c, x: w(c != 0, f(x), 0 * one(x))),
        (r"(\w+)\(x\)\.masked\(by: c\)$", lambda f, w, one: lambda c, x: w(c != 0, f(x), 0 * one(x))),
        (r"c \* (\w+)\(x\)$", lambda f, w, one: lambda c, x: c * f(x)),
    ]:
        match = re.match(pattern, name)
        if match:
            t, j = UNARY[match[1]]
            return (
                t and wrap(t, torch.where, torch.ones_like),
                j and wrap(j, jnp.where, jnp.ones_like),
            )
    if name.startswith("sqrt("):
        t, j = functions(name[5:-1])
        return (lambda x: torch.sqrt(t(x)), lambda x: jnp.sqrt(j(x)))
    base = name.partition("(")[0]
    if base in PARAMETRIC:
        t, j = PARAMETRIC[base]
        a = arguments(name)
        return (lambda x: t(x, *a), lambda x: j(x, *a))
    sys.exit(f"peers.py: it knows no function '{name}'; add it to OTHER")


def numbers(x):
    return [repr(float(v)) for v in x]


def answer_torch(f, inputs, cotangent):
    tensors, moving = [], []
    for kind, shape, elements in inputs:
        t = torch.tensor(elements, dtype=torch.int64 if kind == "indices" else torch.float64).reshape(shape)
        if kind == "numbers":
            t.requires_grad_(True)
            moving.append(t)
        tensors.append(t)
    y = f(*tensors)
    if y.requires_grad:
        y.backward(torch.tensor(cotangent).reshape(y.shape))
    gradients = [(torch.zeros_like(t) if t.grad is None else t.grad).flatten().tolist() for t in moving]
    return y.detach().flatten().tolist(), gradients


def answer_jax(f, inputs, cotangent):
    arrays = [
        jnp.array(elements, dtype=jnp.int64 if kind == "indices" else jnp.float64).reshape(shape)
        for kind, shape, elements in inputs
    ]
    moving = [i for i, (kind, _, _) in enumerate(inputs) if kind == "numbers"]

    def of(*moved):
        full = list(arrays)
        for i, x in zip(moving, moved):
            full[i] = x
        return f(*full)

    y, pullback = jax.vjp(of, *[arrays[i] for i in moving])
    gradients = pullback(jnp.array(cotangent, dtype=y.dtype).reshape(y.shape)) if moving else []
    return y.flatten().tolist(), [g.flatten().tolist() for g in gradients]


def answers(cases):
    """The answers of each case, by library."""
    for case in cases:
        inputs = [
            (x["kind"], x["shape"], [int(e) if x["kind"] == "indices" else float(e) for e in x["elements"]])
            for x in case["inputs"]
        ]
        cotangent = [float(c) for c in case["cotangent"]]
        entry = {"case": case["case"]}
        pair = functions(case["name"])
        for library, function, answer in zip(("PyTorch", "JAX"), pair, (answer_torch, answer_jax)):
            if function is None:
                continue
            try:
                value, gradients = answer(function, inputs, cotangent)
            # It refuses, as PyTorch does batch norm of one row and a singular matrix, and JAX a determinant of no rows.
            except (ValueError, IndexError, torch.linalg.LinAlgError):
                continue
            entry[library] = {"value": numbers(value), "gradients": [numbers(g) for g in gradients]}
        yield entry


def is_same(a, b):
    """True for the same number, NaN or zero of the same sign, up to the rounding of another processor's instructions."""
    a, b = float(a), float(b)
    if a == 0 or b == 0 or not math.isfinite(a) or not math.isfinite(b):
        return repr(a) == repr(b)
    return math.isclose(a, b, rel_tol=1e-12)


def flat(answer):
    return answer and answer["value"] + [x for g in answer["gradients"] for x in g]


def compare(found, versions, kept):
    """Prints what differs from answers that are kept; returns the exit code."""
    known = {entry["case"]: entry for entry in kept["answers"]}
    is_fault = False
    for library, version in versions.items():
        differences = 0
        for entry in found:
            answer = known.get(entry["case"], {}).get(library)
            new, old = flat(entry.get(library)), flat(answer)
            if new != old and not (new and old and len(new) == len(old) and all(map(is_same, new, old))):
                before = (answer or {}).get("version", kept["versions"][library])
                differences += 1
                is_fault |= version.partition("+")[0] == before.partition("+")[0]
                print(f"{entry['case']}: {library} {before} gave {old}, {version} gives {new}")
        print(f"{library} {version}: {len(found)} cases, {differences} answers other than those that are kept")
    if len(known) != len(found):
        print(f"{len(found)} cases, {len(known)} are kept: add the rest, as the first lines of peers.py say")
    return 1 if is_fault or len(known) != len(found) else 0


def extended(cases, versions, kept):
    """The answers that are kept, and those of new cases."""
    known = {entry["case"]: entry for entry in kept["answers"]}
    for case in cases:
        if case["case"] in known:
            yield known[case["case"]]
            continue
        (entry,) = answers([case])
        for library, version in versions.items():
            if library in entry and version != kept["versions"][library]:
                entry[library] = {"version": version, **entry[library]}
        yield entry


def text(date, versions, entries):
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return '{"date": "%s",\n"versions": %s,\n"answers": [\n%s\n]}\n' % (date, json.dumps(versions), lines)


def main():
    with open(sys.argv[1]) as file:
        cases = json.load(file)["cases"]
    versions = {"PyTorch": torch.__version__, "JAX": jax.__version__}
    today = datetime.date.today()
    if len(sys.argv) == 2:
        print(text(today, versions, answers(cases)), end="")
        return
    with open(sys.argv[3]) as file:
        kept = json.load(file)
    if sys.argv[2] == "--compare":
        sys.exit(compare(list(answers(cases)), versions, kept))
    whole = text(today, kept["versions"], extended(cases, versions, kept))
    with open(sys.argv[3], "w") as file:
        file.write(whole)


if __name__ == "__main__":
    main()
