"""Every operation of a recording in PyTorch and in JAX, from its name and attributes alone."""

import math
import os
import sys

import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../Docs/Edges"))
import peers  # noqa: E402


def with_derivative(function, derivative):
    """A function in PyTorch with another derivative than its own."""

    class Own(torch.autograd.Function):
        forward = staticmethod(lambda x: function(x))
        backward = staticmethod(lambda context, g: g * derivative(*context.saved_tensors))
        jvp = staticmethod(lambda context, tangent: tangent * derivative(*context.saved_tensors))

        @staticmethod
        def setup_context(context, inputs, output):
            context.save_for_backward(*inputs)
            context.save_for_forward(*inputs)

    return Own.apply


def polygamma_torch(x, order):
    """PyTorch's own has ten digits from ψ′ on, as a ζ function all of them."""
    order = int(order)
    factor = (-1) ** (order + 1) * math.factorial(order)
    value = torch.digamma if order == 0 else lambda x: factor * torch.special.zeta(order + 1.0, x)
    return with_derivative(value, lambda x: polygamma_torch(x, order + 1))(x)


lgamma_torch = with_derivative(torch.lgamma, lambda x: polygamma_torch(x, 0))


# What the page of edges leaves out, since one of the libraries has no function of this name.
UNARY = peers.UNARY | {
    "sech": (lambda x: 1 / torch.cosh(x), lambda x: 1 / jnp.cosh(x)),
    "normalDensity": (lambda x: torch.exp(-x * x / 2) / math.sqrt(2 * math.pi), jax.scipy.stats.norm.pdf),
    "lgamma": (lgamma_torch, peers.UNARY["lgamma"][1]),
}
PARAMETRIC = peers.PARAMETRIC | {
    "polygamma": (polygamma_torch, peers.PARAMETRIC["polygamma"][1]),
}
COMPARISONS = {
    "less": lambda a, b: a < b,
    "lessOrEqual": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greaterOrEqual": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "notEqual": lambda a, b: a != b,
}


def numbers(x):
    """Truth values and positions as float64."""
    return x.double() if isinstance(x, torch.Tensor) else x.astype(jnp.float64)


def reduction(torch_one, jax_one):
    """A reduction over axes; over none of them it is one over an axis of extent 1."""

    def run(which, x, a):
        x, axes = (x, tuple(a["axes"])) if a["axes"] else (x[..., None], (x.ndim,))
        keeps = a["keepsDimensions"] and bool(a["axes"])
        return (torch_one, jax_one)[which](x, axes, keeps, a)

    return run


REDUCTIONS = {
    "sum": reduction(lambda x, d, k, a: x.sum(d, k), lambda x, d, k, a: x.sum(d, keepdims=k)),
    "mean": reduction(lambda x, d, k, a: x.mean(d, k), lambda x, d, k, a: x.mean(d, keepdims=k)),
    "max": reduction(lambda x, d, k, a: x.amax(d, k), lambda x, d, k, a: x.max(d, keepdims=k)),
    "min": reduction(lambda x, d, k, a: x.amin(d, k), lambda x, d, k, a: x.min(d, keepdims=k)),
    "variance": reduction(
        lambda x, d, k, a: x.var(d, correction=a["correction"], keepdim=k),
        lambda x, d, k, a: x.var(d, ddof=a["correction"], keepdims=k),
    ),
}


# Images: ours are [batch, height, width, channels]; a row of windows has the channels last, theirs has them first.


def margins(a):
    """Rows above and below, columns to the left and right."""
    return list(zip(a["padding"], a.get("paddingAfter", a["padding"])))


def dilation(a):
    return a.get("dilation", [1, 1])


def reach(a):
    return [(k - 1) * d + 1 for k, d in zip(a["size"], dilation(a))]


def unfold_torch(x, a, shape):
    n, rows, columns, _ = shape
    (top, bottom), (left, right) = margins(a)
    padded = F.pad(x.permute(0, 3, 1, 2), [left, right, top, bottom])
    y = F.unfold(padded, a["size"], dilation=dilation(a), stride=a["stride"])
    return y.reshape(n, x.shape[3], -1, rows * columns).permute(0, 3, 2, 1).reshape(shape)


def fold_torch(x, a, shape):
    n, channels = x.shape[0], shape[3]
    rows = x.reshape(n, x.shape[1] * x.shape[2], -1, channels).permute(0, 3, 2, 1)
    rows = rows.reshape(n, -1, x.shape[1] * x.shape[2])
    (top, bottom), (left, right) = margins(a)
    height, width = a["image"]
    padded = [height + top + bottom, width + left + right]
    y = F.fold(rows, padded, a["size"], dilation=dilation(a), stride=a["stride"])
    return y[:, :, top : top + height, left : left + width].permute(0, 2, 3, 1)


def unfold_jax(x, a, shape):
    y = jax.lax.conv_general_dilated_patches(
        x, a["size"], a["stride"], margins(a), rhs_dilation=dilation(a), dimension_numbers=("NHWC", "OIHW", "NHWC"),
        precision=jax.lax.Precision.HIGHEST)
    return y.reshape(*shape[:3], x.shape[3], -1).swapaxes(3, 4).reshape(shape)


def fold_jax(x, a, shape):
    return jax.vjp(lambda image: unfold_jax(image, a, x.shape), jnp.zeros(shape))[1](x)[0]


def max_torch(x, a):
    (top, bottom), (left, right) = margins(a)
    padded = F.pad(x.permute(0, 3, 1, 2), [left, right, top, bottom], value=-math.inf)
    return F.max_pool2d(padded, a["size"], a["stride"], dilation=dilation(a)).permute(0, 2, 3, 1)


def average_torch(x, a):
    # The mean of windows as rows, since PyTorch's own pooling has no dilation.
    grid = [(n + sum(m) - r) // s + 1 for n, m, r, s in zip(x.shape[1:], margins(a), reach(a), a["stride"])]
    rows = unfold_torch(x, a, (x.shape[0], *grid, math.prod(a["size"]) * x.shape[3]))
    places = rows.reshape(x.shape[0], *grid, -1, x.shape[3])
    return places.sum(3) / a.get("divisor", math.prod(a["size"]))


def pool_jax(start, function):
    def run(x, a):
        window, stride = (1, *a["size"], 1), (1, *a["stride"], 1)
        padding, dilated = ((0, 0), *margins(a), (0, 0)), (1, *dilation(a), 1)
        return jax.lax.reduce_window(x, start, function, window, stride, padding, window_dilation=dilated)

    return run


def max_jax(x, a):
    if dilation(a) == [1, 1]:
        return pool_jax(-jnp.inf, jax.lax.max)(x, a)
    # Place by place of a window, since JAX's own has no derivative there.
    padded = jnp.pad(x, ((0, 0), *margins(a), (0, 0)), constant_values=-jnp.inf)
    grid = [(n - r) // s + 1 for n, r, s in zip(padded.shape[1:], reach(a), a["stride"])]
    spans = [
        [slice(i * d, i * d + (n - 1) * s + 1, s) for i in range(k)]
        for k, d, n, s in zip(a["size"], dilation(a), grid, a["stride"])
    ]
    return jnp.stack([padded[:, rows, columns] for rows in spans[0] for columns in spans[1]]).max(0)


def average_jax(x, a):
    return pool_jax(0.0, jax.lax.add)(x, a) / a.get("divisor", math.prod(a["size"]))


# Indices.


def scatter_torch(x, i, rows):
    parts = x.reshape(i.numel(), *x.shape[i.ndim :])
    return torch.zeros(rows, *parts.shape[1:]).index_add(0, i.long().flatten(), parts)


def scatter_jax(x, i, rows):
    return jnp.zeros((rows, *x.shape[i.ndim :])).at[i.astype(jnp.int64)].add(x)


def scatter_along_jax(x, i, axis, shape):
    places = list(jnp.meshgrid(*(jnp.arange(n) for n in x.shape), indexing="ij"))
    places[axis] = i
    return jnp.zeros(shape).at[tuple(places)].add(x)


def taken(x, a):
    """The positions start + i · step along each axis: neither a negative step nor an empty slice of PyTorch is needed."""
    for axis, (start, count) in enumerate(zip(a["start"], a["size"])):
        step = a["step"][axis] if "step" in a else 1
        places = [start + i * step for i in range(count)]
        if isinstance(x, torch.Tensor):
            x = x.index_select(axis, torch.tensor(places, dtype=torch.long))
        else:
            x = jnp.take(x, jnp.array(places, dtype=int), axis)
    return x


def between(x, a):
    """x with zeros between its elements, and turned round where a step is below 0."""
    for axis, step in enumerate(a.get("step", [])):
        count = x.shape[axis]
        places = [i * abs(step) if step > 0 else (count - 1 - i) * abs(step) for i in range(count)]
        shape = list(x.shape)
        shape[axis] = max(places) + 1 if places else 0
        if isinstance(x, torch.Tensor):
            x = torch.zeros(shape, dtype=x.dtype).index_copy(axis, torch.tensor(places, dtype=torch.long), x)
        else:
            at = (slice(None),) * axis + (jnp.array(places, dtype=int),)
            x = jnp.zeros(shape, x.dtype).at[at].set(x)
    return x


def pairs(a):
    return list(zip(a["before"], a["after"]))


def flat(pairs):
    """PyTorch's paddings: the last axis first."""
    return [n for pair in reversed(pairs) for n in pair]


def transposed(x, flag):
    return x.mT if flag else x


def product(x, y, a):
    return transposed(x, a["transposeA"]) @ transposed(y, a["transposeB"])


def cumsum(x, a, flip, sum):
    return flip(sum(flip(x))) if a["reversed"] else sum(x)


# x: the inputs, a: the attributes, s: the shape of the result; (PyTorch, JAX).
STRUCTURE = {
    "where": (
        lambda x, a, s: torch.where(x[0] != 0, x[1], x[2]),
        lambda x, a, s: jnp.where(x[0] != 0, x[1], x[2]),
    ),
    "matmul": (lambda x, a, s: product(*x, a), lambda x, a, s: product(*x, a)),
    "addBias": (lambda x, a, s: x[0] + x[1], lambda x, a, s: x[0] + x[1]),
    "cholesky": (
        lambda x, a, s: torch.linalg.cholesky((x[0] + x[0].mT) / 2),
        lambda x, a, s: jnp.linalg.cholesky(x[0]),
    ),
    "solveTriangular": (
        lambda x, a, s: torch.linalg.solve_triangular(
            x[0].mT if a["transposed"] else x[0], x[1], upper=a["upper"] != a["transposed"], unitriangular=a["unitDiagonal"]),
        lambda x, a, s: jax.lax.linalg.triangular_solve(
            *x, left_side=True, lower=not a["upper"], transpose_a=a["transposed"], unit_diagonal=a["unitDiagonal"]),
    ),
    "solve": (
        lambda x, a, s: torch.linalg.solve(x[0].mT if a["transposed"] else x[0], x[1]),
        lambda x, a, s: jnp.linalg.solve(x[0].mT if a["transposed"] else x[0], x[1]),
    ),
    "determinant": (lambda x, a, s: torch.linalg.det(x[0]), lambda x, a, s: jnp.linalg.det(x[0])),
    "logDeterminant": (
        lambda x, a, s: torch.linalg.slogdet(x[0])[1],
        lambda x, a, s: jnp.linalg.slogdet(x[0])[1],
    ),
    "cofactors": (
        lambda x, a, s: torch.linalg.det(x[0])[..., None, None] * torch.linalg.inv(x[0]).mT,
        lambda x, a, s: jnp.linalg.det(x[0])[..., None, None] * jnp.linalg.inv(x[0]).mT,
    ),
    "argMax": (lambda x, a, s: numbers(x[0].argmax(-1)), lambda x, a, s: numbers(x[0].argmax(-1))),
    "argSort": (
        lambda x, a, s: numbers(
            x[0].sort(dim=a["axis"], descending=a["descending"], stable=True).indices.narrow(a["axis"], 0, a["count"])),
        lambda x, a, s: numbers(
            jnp.argsort(x[0], axis=a["axis"], descending=a["descending"], stable=True).take(
                jnp.arange(a["count"]), axis=a["axis"])),
    ),
    "asNumbers": (lambda x, a, s: numbers(x[0]), lambda x, a, s: numbers(x[0])),
    "gatherAlong": (
        lambda x, a, s: torch.gather(x[0], a["axis"], x[1].long()),
        lambda x, a, s: jnp.take_along_axis(x[0], x[1], axis=a["axis"]),
    ),
    "scatterAddAlong": (
        lambda x, a, s: x[0].new_zeros(s).scatter_add(a["axis"], x[1].long(), x[0]),
        lambda x, a, s: scatter_along_jax(x[0], x[1], a["axis"], s),
    ),
    "softmax": (lambda x, a, s: x[0].softmax(-1), lambda x, a, s: jax.nn.softmax(x[0])),
    "logSoftmax": (lambda x, a, s: x[0].log_softmax(-1), lambda x, a, s: jax.nn.log_softmax(x[0])),
    "logSumExp": (lambda x, a, s: x[0].logsumexp(-1), lambda x, a, s: jax.nn.logsumexp(x[0], -1)),
    "cumsum": (
        lambda x, a, s: cumsum(x[0], a, lambda y: y.flip(-1), lambda y: y.cumsum(-1)),
        lambda x, a, s: cumsum(x[0], a, lambda y: jnp.flip(y, -1), lambda y: jnp.cumsum(y, -1)),
    ),
    "broadcast": (lambda x, a, s: x[0].expand(a["to"]), lambda x, a, s: jnp.broadcast_to(x[0], a["to"])),
    "reshape": (lambda x, a, s: x[0].reshape(a["to"]), lambda x, a, s: x[0].reshape(a["to"])),
    "permute": (lambda x, a, s: x[0].permute(a["order"]), lambda x, a, s: jnp.transpose(x[0], a["order"])),
    "slice": (lambda x, a, s: taken(x[0], a), lambda x, a, s: taken(x[0], a)),
    "pad": (
        lambda x, a, s: F.pad(between(x[0], a), flat(pairs(a))) if pairs(a) else x[0],
        lambda x, a, s: jnp.pad(between(x[0], a), pairs(a)) if pairs(a) else x[0],
    ),
    "concatenate": (lambda x, a, s: torch.cat(x, a["axis"]), lambda x, a, s: jnp.concatenate(x, a["axis"])),
    "stopGradient": (lambda x, a, s: x[0].detach(), lambda x, a, s: jax.lax.stop_gradient(x[0])),
    # Indices that an operation has computed are numbers there.
    "gather": (lambda x, a, s: x[0][x[1].long()], lambda x, a, s: x[0][x[1].astype(jnp.int64)]),
    "scatterAdd": (lambda x, a, s: scatter_torch(*x, a["rows"]), lambda x, a, s: scatter_jax(*x, a["rows"])),
    "pick": (
        lambda x, a, s: x[0].gather(-1, x[1].long()[..., None])[..., 0],
        lambda x, a, s: jnp.take_along_axis(x[0], x[1].astype(jnp.int64)[..., None], -1)[..., 0],
    ),
    "oneHot": (
        lambda x, a, s: numbers(F.one_hot(x[0].long(), a["classes"])),
        lambda x, a, s: jax.nn.one_hot(x[0], a["classes"], dtype=jnp.float64),
    ),
    "unfold": (lambda x, a, s: unfold_torch(x[0], a, s), lambda x, a, s: unfold_jax(x[0], a, s)),
    "fold": (lambda x, a, s: fold_torch(x[0], a, s), lambda x, a, s: fold_jax(x[0], a, s)),
    "maxPool": (
        lambda x, a, s: max_torch(x[0], a),
        lambda x, a, s: max_jax(x[0], a),
    ),
    "averagePool": (lambda x, a, s: average_torch(x[0], a), lambda x, a, s: average_jax(x[0], a)),
}


def apply(which, node, x):
    """The result of a node in PyTorch (0) or JAX (1)."""
    name, a = node["operation"], node["attributes"]
    if name in UNARY:
        return UNARY[name][which](*x)
    if name in PARAMETRIC:
        return PARAMETRIC[name][which](*x, *a.values())
    if name in peers.BINARY:
        return peers.BINARY[name][which](*x)
    if name in COMPARISONS:
        return numbers(COMPARISONS[name](*x))
    if name in REDUCTIONS:
        return REDUCTIONS[name](which, *x, a)
    if name in STRUCTURE:
        return STRUCTURE[name][which](x, a, node["shape"])
    sys.exit(f"operations.py: it knows no operation '{name}'; add it to STRUCTURE")


def leaf(which, node):
    if "indices" in node:
        kind, elements = ((torch.int64, jnp.int64)[which], node["indices"])
    else:
        kind, elements = ((torch.float64, jnp.float64)[which], node["numbers"])
    return (torch.tensor, jnp.array)[which](elements, dtype=kind).reshape(node["shape"])


def replay(which, case):
    """The result of a recording as a function of the leaves that move."""
    needed, stack = set(), [case["output"]]
    while stack:
        i = stack.pop()
        if i not in needed:
            needed.add(i)
            stack += case["nodes"][i].get("inputs", [])

    def run(*moved):
        values = dict(zip(case["moving"], moved))
        for i in sorted(needed):
            node = case["nodes"][i]
            if i not in values:
                inputs = [values[j] for j in node.get("inputs", [])]
                values[i] = apply(which, node, inputs) if "operation" in node else leaf(which, node)
        return values[case["output"]]

    return run
