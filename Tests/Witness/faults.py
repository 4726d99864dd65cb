"""Recordings in PyTorch and in JAX with one rule made wrong in the same way as in ours."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import operations
import torch


class Torch:
    which, name = 0, "PyTorch"
    stop = staticmethod(lambda x: x.detach())
    permute = staticmethod(lambda x: x.permute(*reversed(range(x.ndim))))
    roll = staticmethod(lambda x: torch.roll(x, 1))
    less_or_equal = staticmethod(lambda x, y, like: (x <= y).to(like.dtype))

    def __init__(self, precision):
        self.dtype = {"double": torch.float64, "float": torch.float32}[precision]
        torch.set_default_dtype(self.dtype)

    def array(self, x):
        return torch.tensor(np.ascontiguousarray(x), dtype=self.dtype)

    def indices(self, x):
        return torch.tensor(x, dtype=torch.int64)

    def cast(self, x):
        return x.to(self.dtype) if x.is_floating_point() else x

    def is_number(self, x):
        return x.is_floating_point()

    def with_rule(self, name, function, rule):
        """The function with another backward rule: rule(x, g, pull), where pull(x, g) are the right contributions."""

        def pull(x, g):
            is_recorded = torch.is_grad_enabled()
            with torch.enable_grad():
                own = [t.view_as(t) if is_recorded and t.requires_grad else t.detach() for t in x]
                numbers = [t for t in own if t.is_floating_point()]
                for t in numbers:
                    if not t.requires_grad:
                        t.requires_grad_()
                found = torch.autograd.grad(function(*own), numbers, g, create_graph=is_recorded, allow_unused=True)
            found = iter(found)
            return [next(found) if t.is_floating_point() else None for t in own]

        def forward(context, *x):
            context.save_for_backward(*x)
            return function(*x)

        def backward(context, g):
            return tuple(rule(list(context.saved_tensors), g, pull))

        members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type(name, (torch.autograd.Function,), members).apply


class JAX:
    which, name = 1, "JAX"
    stop = staticmethod(jax.lax.stop_gradient)
    permute = staticmethod(lambda x: x.T)
    roll = staticmethod(lambda x: jnp.roll(x, 1))
    less_or_equal = staticmethod(lambda x, y, like: (x <= y).astype(like.dtype))

    def __init__(self, precision):
        self.dtype = {"double": jnp.float64, "float": jnp.float32}[precision]

    def array(self, x):
        return jnp.asarray(x, self.dtype)

    def indices(self, x):
        return jnp.asarray(x, jnp.int64)

    def cast(self, x):
        return x.astype(self.dtype) if self.is_number(x) else x

    def is_number(self, x):
        return jnp.issubdtype(x.dtype, jnp.floating)

    def with_rule(self, name, function, rule):
        def run(*x):
            where = [i for i, t in enumerate(x) if self.is_number(t)]

            def merged(numbers):
                both = list(x)
                for i, t in zip(where, numbers):
                    both[i] = t
                return both

            def pull(both, g):
                of_numbers = lambda *numbers: function(*[numbers[where.index(i)] if i in where else t for i, t in enumerate(x)])
                found = iter(jax.vjp(of_numbers, *[both[i] for i in where])[1](g))
                return [next(found) if i in where else None for i in range(len(both))]

            def wrong(*numbers):
                return function(*merged(numbers))

            def backward(numbers, g):
                found = rule(merged(numbers), g, pull)
                zero = lambda c, t: jnp.zeros_like(t) if c is None else jnp.broadcast_to(c, t.shape)
                return tuple(zero(found[i], t) for i, t in zip(where, numbers))

            wrong.__name__ = name
            wrong = jax.custom_vjp(wrong)
            wrong.defvjp(lambda *numbers: (function(*merged(numbers)), numbers), backward)
            return wrong(*[x[i] for i in where])

        return run


def first_slices(shape, output):
    """1 in the first slice along the axes along which a shape is repeated."""
    mask = np.ones(output)
    padded = [1] * (len(output) - len(shape)) + list(shape)
    for axis, (own, all) in enumerate(zip(padded, output)):
        if own == 1 and all > 1:
            mask[tuple(slice(1, None) if i == axis else slice(None) for i in range(len(output)))] = 0
    return mask


def sum_to(x, shape):
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] > 1)
    return (x.sum(axes) if axes else x).reshape(shape)


def ends(library, shape, first=1.0, last=1.0, width=1):
    """Ones but for the first element and the last few."""
    factors = np.ones(math.prod(shape))
    factors[0] *= first
    factors[len(factors) - width :] *= last
    return library.array(factors.reshape(shape))


def at_input(name, x, g):
    """The derivative that is a formula in y, taken at x."""
    formulas = {
        "tanh": lambda: g * (1 - x * x),
        "sigmoid": lambda: g * x * (1 - x),
        "exp": lambda: g * x,
        "sqrt": lambda: g / (2 * x),
        "reciprocal": lambda: -(g * x * x),
        "softmax": lambda: x * (g - (g * x).sum(-1)[..., None]),
    }
    return formulas[name]()


def shifted(x, right):
    return right * x / (x + 1e-6)


def wrong_branch(library, fault, right, x, g, pull):
    i = fault["input"]
    low, high = (x[0], x[1]) if fault["kink"] is None else (x[i], fault["kink"])
    wrong = g * library.less_or_equal(low, high, g)
    return pull(x, g - wrong)[i] + sum_to(wrong, x[i].shape) - pull(x, wrong)[i]


def curved(library, right, x):
    h = x.sum()
    return right * (1 + (h - library.stop(h)))


# The kinds of `RuleFault` and `RuleMistake`: the library, the fault, its node, the right contribution, x, g, y, pull, what is baked in.
KINDS = {
    "sign": lambda l, f, n, c, x, g, pull, baked: -c,
    "double": lambda l, f, n, c, x, g, pull, baked: 2 * c,
    "half": lambda l, f, n, c, x, g, pull, baked: 0.5 * c,
    "relativeError": lambda l, f, n, c, x, g, pull, baked: c * (1 + 1e-4),
    "transposed": lambda l, f, n, c, x, g, pull, baked: l.permute(c),
    "transposedStorage": lambda l, f, n, c, x, g, pull, baked: l.permute(c).reshape(c.shape),
    "missingMean": lambda l, f, n, c, x, g, pull, baked: c * f["count"],
    "doubledMean": lambda l, f, n, c, x, g, pull, baked: c / f["count"],
    "missingBroadcastSum": lambda l, f, n, c, x, g, pull, baked: pull(
        x, g * l.array(first_slices(c.shape, g.shape)))[f["input"]],
    "signUnderBroadcast": lambda l, f, n, c, x, g, pull, baked: -c,
    "droppedEdge": lambda l, f, n, c, x, g, pull, baked: None,
    "staleContribution": lambda l, f, n, c, x, g, pull, baked: baked[1],
    "stalePoint": lambda l, f, n, c, x, g, pull, baked: pull(baked[0], g)[f["input"]],
    "wrongBranch": lambda l, f, n, c, x, g, pull, baked: wrong_branch(l, f, c, x, g, pull),
    "wrongRow": lambda l, f, n, c, x, g, pull, baked: c * ends(
        l, c.shape, last=1.5, width=math.prod(c.shape[1:])),
    "detached": lambda l, f, n, c, x, g, pull, baked: l.stop(c),
    "spuriousCurvature": lambda l, f, n, c, x, g, pull, baked: curved(l, c, x[f["input"]]),
    "derivativeAtInput": lambda l, f, n, c, x, g, pull, baked: at_input(n["operation"], x[0], g),
    "forgottenDerivative": lambda l, f, n, c, x, g, pull, baked: g,
    "forgottenSum": lambda l, f, n, c, x, g, pull, baked: g,
    "diagonalOnly": lambda l, f, n, c, x, g, pull, baked: g * (y := operations.apply(l.which, n, x)) * (1 - y),
    "notANumber": lambda l, f, n, c, x, g, pull, baked: c * ends(l, c.shape, first=math.nan),
    "oneElement": lambda l, f, n, c, x, g, pull, baked: c * ends(l, c.shape, first=1 + 1e-6),
    "singlePrecision": lambda l, f, n, c, x, g, pull, baked: c * 1.01,
    "shiftedDenominator": lambda l, f, n, c, x, g, pull, baked: shifted(x[0], c),
    "everyElement": lambda l, f, n, c, x, g, pull, baked: c * 0 + g.sum(),
    "neighbor": lambda l, f, n, c, x, g, pull, baked: l.roll(c.reshape(-1)).reshape(c.shape),
}


def sabotaged(library, node, fault, function):
    """The function of a node with its fault. What is baked in is what the first backward pass sees."""
    baked = []

    def rule(x, g, pull):
        found = pull(x, g)
        right = found[fault["input"]]
        if not baked:
            baked.extend([[library.stop(t) for t in x], library.stop(right)])
        if right is not None:
            found[fault["input"]] = KINDS[fault["kind"]](library, fault, node, right, x, g, pull, baked)
        return found

    return library.with_rule("wrong_" + node["operation"], function, rule)


def numbers(node):
    return np.array([math.nan if x is None else x for x in node["numbers"]], np.float64).reshape(node["shape"])


def rebuilt(library, case):
    """The function of a recording, and the values of its leaves that move."""
    nodes, fault = case["nodes"], case["fault"]
    needed, stack = set(), [case["output"]]
    while stack:
        i = stack.pop()
        if i not in needed:
            needed.add(i)
            stack += nodes[i].get("inputs", [])
    leaves, functions = {}, {}
    for i in sorted(needed | set(case["moving"])):
        node = nodes[i]
        if "indices" in node:
            leaves[i] = library.indices(np.array(node["indices"], np.int64).reshape(node["shape"]))
        elif "operation" not in node:
            leaves[i] = library.array(numbers(node))
        else:
            own = lambda *x, node=node: library.cast(operations.apply(library.which, node, list(x)))
            functions[i] = sabotaged(library, node, fault, own) if fault and fault["node"] == i else own

    def run(*moved):
        values = {**leaves, **dict(zip(case["moving"], moved))}
        for i in sorted(functions):
            values[i] = functions[i](*[values[j] for j in nodes[i]["inputs"]])
        return values[case["output"]]

    return run, [leaves[i] for i in case["moving"]]
