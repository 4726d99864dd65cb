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
                found = iter(jax.vjp(lambda *numbers: function(*merged(numbers)), *[both[i] for i in where])[1](g))
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


class Site:
    """One backward pass of the node with the fault: x, g, and what the right rule makes of them."""

    def __init__(self, library, node, fault, x, g, pull, right, baked):
        self.library, self.node, self.fault = library, node, fault
        self.x, self.g, self.pull, self.right = x, g, pull, right
        self.input = fault["input"]
        # The x and the contribution of the first backward pass.
        if not baked and self.right is not None:
            baked.extend([[library.stop(t) for t in x], library.stop(self.right)])
        self.baked = baked

    def contribution(self, g=None, x=None):
        """The right contribution under another cotangent or at another point."""
        return self.pull(self.x if x is None else x, self.g if g is None else g)[self.input]

    def ends(self, first=1.0, last=1.0, width=1):
        """The right contribution with its first element or its last few times a factor."""
        factors = np.ones(math.prod(self.right.shape))
        factors[0] *= first
        factors[len(factors) - width :] *= last
        return self.right * self.library.array(factors.reshape(self.right.shape))

    def first_slices(self):
        return self.contribution(self.g * self.library.array(first_slices(self.right.shape, self.g.shape)))

    def wrong_branch(self):
        kink = self.fault["kink"]
        low, high = (self.x[0], self.x[1]) if kink is None else (self.x[self.input], kink)
        wrong = self.g * self.library.less_or_equal(low, high, self.g)
        return self.contribution(self.g - wrong) + sum_to(wrong, self.right.shape) - self.contribution(wrong)

    def curved(self):
        h = self.x[self.input].sum()
        return self.right * (1 + (h - self.library.stop(h)))

    def diagonal(self):
        y = operations.apply(self.library.which, self.node, self.x)
        return self.g * y * (1 - y)

    def neighbor(self):
        return self.library.roll(self.right.reshape(-1)).reshape(self.right.shape)


# The kinds of `RuleFault` and `RuleMistake`.
KINDS = {
    "sign": lambda s: -s.right,
    "double": lambda s: 2 * s.right,
    "half": lambda s: 0.5 * s.right,
    "relativeError": lambda s: s.right * (1 + 1e-4),
    "transposed": lambda s: s.library.permute(s.right),
    "transposedStorage": lambda s: s.library.permute(s.right).reshape(s.right.shape),
    "missingMean": lambda s: s.right * s.fault["count"],
    "doubledMean": lambda s: s.right / s.fault["count"],
    "missingBroadcastSum": Site.first_slices,
    "signUnderBroadcast": lambda s: -s.right,
    "droppedEdge": lambda s: None,
    "staleContribution": lambda s: s.baked[1],
    "stalePoint": lambda s: s.contribution(x=s.baked[0]),
    "wrongBranch": Site.wrong_branch,
    "wrongRow": lambda s: s.ends(last=1.5, width=math.prod(s.right.shape[1:])),
    "detached": lambda s: s.library.stop(s.right),
    "spuriousCurvature": Site.curved,
    "derivativeAtInput": lambda s: at_input(s.node["operation"], s.x[0], s.g),
    "forgottenDerivative": lambda s: s.g,
    "forgottenSum": lambda s: s.g,
    "diagonalOnly": Site.diagonal,
    "notANumber": lambda s: s.ends(first=math.nan),
    "oneElement": lambda s: s.ends(first=1 + 1e-6),
    "singlePrecision": lambda s: s.right * 1.01,
    "shiftedDenominator": lambda s: s.right * s.x[0] / (s.x[0] + 1e-6),
    "everyElement": lambda s: s.right * 0 + s.g.sum(),
    "neighbor": Site.neighbor,
}


def sabotaged(library, node, fault, function):
    """The function of a node with its fault."""
    baked = []

    def rule(x, g, pull):
        found = pull(x, g)
        site = Site(library, node, fault, x, g, pull, found[fault["input"]], baked)
        if site.right is not None:
            found[site.input] = KINDS[fault["kind"]](site)
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
