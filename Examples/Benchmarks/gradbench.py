"""Derivatives of GradBench's problems in other libraries: one process measures one row in one variant.

    gradbench.py FOLDER VARIANT             measures the row of FOLDER/problem.json

`adjoint bench --peers PYTHON` writes the folder: `input.json` as the suite has it, and our answer. It is compared before anything
is timed; the last line of standard output is one JSON object, with milliseconds of a run and of the first one:

    {"figure": ..., "difference": ..., "first": ...}

Variants: c (`gradbench.c`, gradients by hand, compiled with clang -O3 -march=native), numpy (gradients by hand), torch (eager),
jax-jit (compiled outside of the measured time, its result waited for), differences (central differences of the value in C: a few
directions are measured, and the figure is their time for all inputs). All in double precision. Constants of `llsq` are the powers
of its places, as with us.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import time

if len(sys.argv) < 3 or not os.path.exists(os.path.join(sys.argv[1], "problem.json")):
    sys.exit(f"gradbench.py: needs a folder with problem.json and a variant\n{__doc__}")
folder, variant = sys.argv[1], sys.argv[2]
with open(os.path.join(folder, "problem.json")) as file:
    row = json.load(file)
with open(os.path.join(folder, "input.json")) as file:
    given = json.load(file)
THREADS = row["threads"]
clock = time.process_time if row["processorTime"] else time.perf_counter

# Before any library starts its threads.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(THREADS)
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np  # noqa: E402

kind = row["kind"]
expected = np.fromfile(os.path.join(folder, "results.bin"))
if kind == "ba":
    # Rows and columns come first, and of the values their ends.
    expected = expected[-31:]
x = {k: np.array(v, np.float64) for k, v in given.items() if isinstance(v, list)}


def median_seconds(run, least=0.01):
    """The median over samples of the seconds of one call, after warm-up; a sample lasts `least` seconds or one call."""
    start, calls = time.perf_counter(), 0
    while True:
        run()
        calls += 1
        elapsed = time.perf_counter() - start
        if elapsed > (0.002 if row["quick"] else 0.1):
            break
    count = max(1, int(least * calls / elapsed))
    # What takes seconds is measured a few times.
    samples = 3 if elapsed / calls > 1 else row["samples"]
    seconds = []
    for _ in range(samples):
        start = clock()
        for _ in range(count):
            run()
        seconds.append((clock() - start) / count)
    return float(np.median(seconds))


def difference(found):
    found = np.concatenate([np.ravel(np.asarray(a, np.float64)) for a in found])
    assert found.shape == expected.shape, f"{found.shape} numbers where {expected.shape} are expected"
    return float(np.max(np.abs(found - expected)) / max(1e-30, np.max(np.abs(expected))))


def measured(run, shown=lambda y: y):
    start = time.perf_counter()
    y = run()
    began = time.perf_counter() - start
    return {"difference": difference(shown(y)), "first": began * 1e3, "figure": median_seconds(run) * 1e3}


def ends(blocks, weights):
    """Of ba's values the ones that the suite shows."""
    return [np.ravel(np.asarray(blocks))[:30], np.ravel(np.asarray(weights))[-1:]]


def observations():
    """Each observation's camera, point and weight [p, 15], and its feature [p, 2]: gathered, as if no two were alike."""
    n, m, p = given["n"], given["m"], given["p"]
    cameras, points = np.tile(x["cam"], (n, 1)), np.tile(x["x"], (m, 1))
    rows = np.arange(p)
    return (
        np.concatenate([cameras[rows % n], points[rows % m], np.full((p, 1), given["w"])], 1),
        np.tile(x["feat"], (p, 1)),
    )


def below(d):
    """The places of l below the diagonal, column by column."""
    places = [(r, c) for c in range(d) for r in range(c + 1, d)]
    return np.array([r for r, _ in places], int), np.array([c for _, c in places], int)


def places(n, count):
    t = -1 + np.arange(n) * 2 / (n - 1)
    return np.vander(t, count, increasing=True), np.sign(t)


# C


def library():
    place = os.path.join(folder, "gradbench.so")
    if not os.path.exists(place):
        compiler = next((c for c in ("clang", "cc") if shutil.which(c)), None)
        assert compiler, "there is no C compiler"
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gradbench.c")
        words = [compiler, "-O3", "-march=native", "-shared", "-fPIC", source, "-o", place, "-lm"]
        subprocess.run(words, check=True)
    loaded = ctypes.CDLL(place)
    for name in ("gmm", "lstm", "kmeans", "lse", "det"):
        getattr(loaded, name).restype = ctypes.c_double
    return loaded


def pointer(array):
    if array is None:
        return None
    assert array.flags.c_contiguous and array.dtype == np.float64
    return array.ctypes.data_as(ctypes.c_void_p)


def c_calls():
    """A function that takes the arrays in the order of `inputs` and gives the value, and one that computes the derivative."""
    c = library()

    def p(*arrays):
        return [pointer(a) for a in arrays]

    if kind == "gmm":
        d, k, n = given["d"], given["k"], given["n"]
        sizes = (d, k, n, ctypes.c_double(given["gamma"]), given["m"])
        inputs = [x[name] for name in ("alpha", "l", "mu", "q")]
        g = [np.empty_like(a) for a in inputs]

        def call(a, to):
            return c.gmm(*sizes, *p(a[0], a[2], a[3], a[1], x["x"]), *(p(*to) if to else [None] * 4))

        return inputs, g, call
    if kind == "lstm":
        inputs = [x["main_params"], x["extra_params"]]
        sizes = (len(x["state"]) // 2, x["extra_params"].shape[1], len(x["sequence"]))
        g = [np.empty_like(a) for a in inputs]

        def call(a, to):
            return c.lstm(*sizes, *p(*a, x["state"], x["sequence"]), *(p(*to) if to else [None, None]))

        return inputs, g, call
    if kind == "kmeans":
        inputs, g = [x["centroids"]], [np.empty_like(x["centroids"])]
        sizes = (*x["centroids"].shape[:1], *x["points"].shape)
        return inputs, g, lambda a, to: c.kmeans(*sizes, *p(x["points"], *a), *(p(*to) if to else [None]))
    if kind == "lse":
        return [x["x"]], [np.empty_like(x["x"])], lambda a, to: c.lse(len(x["x"]), *p(*a), *(p(*to) if to else [None]))
    if kind == "det":
        a = x["A"]
        return [a], [np.empty_like(a)], lambda a, to: c.det(given["ell"], *p(*a), *(p(*to) if to else [None]))
    assert kind == "ba"
    v, feature = observations()
    parts = [np.ascontiguousarray(a) for a in (v[:, :11], v[:, 11:14], v[:, 14])]
    count = len(v)
    errors, g = np.empty((count, 2)), [np.empty((count, 2, 15)), np.empty(count)]
    return parts, g, lambda a, to: c.ba(count, *p(*a, feature, errors), *(p(*to) if to else [None, None])) and None or errors


def c_row():
    inputs, g, call = c_calls()
    return measured(lambda: call(inputs, g), lambda _: ends(*g) if kind == "ba" else g)


def differences_row():
    """Directions of the first, the middle and the last number of each input array; for ba all 15 of every observation at once."""
    inputs, _, call = c_calls()
    h = 0.03 if kind == "lse" else 1e-4

    def slope(array, place):
        kept = array[place].copy()
        array[place] = kept + h
        above = np.copy(call(inputs, None))
        array[place] = kept - h
        under = np.copy(call(inputs, None))
        array[place] = kept
        return (above - under) / (2 * h)

    start, before, found, wanted = time.perf_counter(), 0, [], []
    if kind == "ba":
        columns = [(a, (slice(None), i)) for a in inputs[:2] for i in range(a.shape[1])] + [(inputs[2], slice(None))]
        count = len(columns)
        found = np.stack([slope(*column)[0] for column in columns], 1).ravel()
        wanted = expected[:30]
        array, place = columns[0]
    else:
        count = sum(a.size for a in inputs)
        for array in inputs:
            flat = array.reshape(-1)
            for i in {0, flat.size // 2, flat.size - 1}:
                found.append(float(slope(flat, i)))
                wanted.append(expected[before + i])
            before += flat.size
        array, place = inputs[0].reshape(-1), 0
    began = time.perf_counter() - start
    off = float(np.max(np.abs(np.array(found) - np.array(wanted))) / np.max(np.abs(expected)))
    # Differences agree as well as differences can.
    off = off if off > 1e-3 else 0.0
    return {"difference": off, "first": began * 1e3, "figure": median_seconds(lambda: slope(array, place)) * count * 1e3}


# NumPy, gradients by hand


def numpy_row():
    if kind == "gmm":
        d, k, n, gamma, m = (given[name] for name in ("d", "k", "n", "gamma", "m"))
        rows, columns = below(d)

        def run():
            q = np.zeros((k, d, d))
            q[:, rows, columns] = x["l"]
            diagonal = np.exp(x["q"])
            q[:, np.arange(d), np.arange(d)] = diagonal
            moved = np.einsum("jrc,jc->jr", q, x["mu"])
            y = (x["x"] @ q.reshape(k * d, d).T).reshape(n, k, d) - moved
            terms = x["alpha"] + x["q"].sum(1) - 0.5 * np.square(y).sum(2)
            weights = np.exp(terms - terms.max(1, keepdims=True))
            weights /= weights.sum(1, keepdims=True)
            prior = np.exp(x["alpha"] - x["alpha"].max())
            u = -weights[:, :, None] * y
            total = u.sum(0)
            gq = (u.reshape(n, k * d).T @ x["x"]).reshape(k, d, d) - total[:, :, None] * x["mu"][:, None, :]
            by_alpha = weights.sum(0)
            by_q = by_alpha[:, None] + gq[:, np.arange(d), np.arange(d)] * diagonal - gamma**2 * diagonal**2 + m
            by_l = gq[:, rows, columns] - gamma**2 * x["l"]
            by_mu = -np.einsum("jrc,jr->jc", q, total)
            return by_alpha - n * prior / prior.sum(), by_l, by_mu, by_q

    elif kind == "kmeans":
        p, c = x["points"], x["centroids"]

        def run():
            nearest = np.argmin(np.square(c).sum(1) - 2 * (p @ c.T), 1)
            count = np.bincount(nearest, minlength=len(c)).astype(float)[:, None]
            sums = np.stack([np.bincount(nearest, p[:, i], len(c)) for i in range(p.shape[1])], 1)
            return (2 * (count * c - sums) / (2 * count),)

    elif kind == "lse":

        def run():
            e = np.exp(x["x"] - x["x"].max())
            return (e / e.sum(),)

    elif kind == "llsq":
        powers, signs = places(given["n"], len(x["x"]))

        def run():
            return (powers.T @ (powers @ x["x"] - signs),)

    elif kind == "ode":
        a, steps = x["x"], given["s"]
        h = 2 / steps

        def shifted(y, first=1.0):
            return np.concatenate([[first], y[:-1]])

        def run():
            y, kept = np.zeros_like(a), []
            for _ in range(steps):
                ys, ks = [y], []
                for part in (h / 2, h / 2, h, None):
                    ks.append(a * shifted(ys[-1]))
                    if part:
                        ys.append(y + part * ks[-1])
                kept.append(ys)
                y = y + h / 6 * (ks[0] + 2 * ks[1] + 2 * ks[2] + ks[3])
            gy, g = np.zeros_like(a), np.zeros_like(a)
            gy[-1] = 1
            for ys in reversed(kept):
                gk = [h / 6 * gy, h / 3 * gy, h / 3 * gy, h / 6 * gy]
                total = gy.copy()
                for i, part in ((3, h), (2, h / 2), (1, h / 2), (0, 0)):
                    g += gk[i] * shifted(ys[i])
                    back = np.concatenate([gk[i][1:] * a[1:], [0.0]])
                    total += back
                    if i:
                        gk[i - 1] = gk[i - 1] + part * back
                gy = total
            return (g,)

    else:
        return None
    return measured(run)


# PyTorch and JAX, whose objectives differ in names alone


def objective(lib, jax=None):
    """The value by the inputs, and the inputs, for `jax.numpy` or `torch`."""
    array = lib.asarray if jax else lib.from_numpy
    axis = "axis" if jax else "dim"

    def sum_of(a, over):
        return lib.sum(a, **{axis: over})

    def largest(a, over):
        return lib.max(a, axis=over, keepdims=True) if jax else lib.amax(a, dim=over, keepdim=True)

    def log_sum(a, over):
        top = largest(a, over)
        return lib.squeeze(top, over) + lib.log(sum_of(lib.exp(a - top), over))

    if kind == "gmm":
        d, k, n, gamma, m = (given[name] for name in ("d", "k", "n", "gamma", "m"))
        rows, columns = below(d)
        points = array(x["x"])
        spread = np.zeros((d * (d - 1) // 2, d * d))
        spread[np.arange(len(rows)), rows * d + columns] = 1

        def value(alpha, l, mu, q):
            if jax:
                lower = lib.zeros((k, d, d)).at[:, rows, columns].set(l)
                triangles = lower + lib.exp(q)[:, :, None] * lib.eye(d)
            else:
                lower = lib.zeros(k, d, d, dtype=lib.float64)
                lower[:, rows, columns] = l
                triangles = lower + lib.diag_embed(lib.exp(q))
            moved = lib.einsum("jrc,jc->jr", triangles, mu)
            y = (points @ triangles.reshape(k * d, d).T).reshape(n, k, d) - moved
            terms = alpha + sum_of(q, 1) - 0.5 * sum_of(y * y, 2)
            size = lib.sum(lib.exp(q) ** 2) + lib.sum(l * l)
            likelihood = lib.sum(log_sum(terms, 1)) - n * log_sum(alpha, 0)
            return likelihood - (gamma**2 / 2 * size - m * lib.sum(q))

        return value, [array(x[name]) for name in ("alpha", "l", "mu", "q")]
    if kind == "lstm":
        layers, width = len(x["state"]) // 2, x["extra_params"].shape[1]
        state, sequence = array(x["state"]), array(x["sequence"])
        sigmoid = jax.nn.sigmoid if jax else lib.sigmoid
        stack = lib.stack

        def step(main, extra, carry, text):
            character, following = text
            hidden, cells, new = [h for h in carry[0]], [c for c in carry[1]], character * extra[0]
            for i in range(layers):
                w, b = main[2 * i].reshape(4, width), main[2 * i + 1].reshape(4, width)
                forget, enter = sigmoid(new * w[0] + b[0]), sigmoid(hidden[i] * w[1] + b[1])
                leave, change = sigmoid(new * w[2] + b[2]), lib.tanh(hidden[i] * w[3] + b[3])
                cells[i] = cells[i] * forget + enter * change
                hidden[i] = new = leave * lib.tanh(cells[i])
            guess = new * extra[1] + extra[2]
            cost = lib.sum(following * (guess - lib.log(lib.sum(lib.exp(guess)) + 2)))
            return (stack(hidden), stack(cells)), cost

        def value(main, extra):
            carry = (state[0::2], state[1::2])
            if jax:
                _, costs = jax.lax.scan(lambda c, t: step(main, extra, c, t), carry, (sequence[:-1], sequence[1:]))
                total = lib.sum(costs)
            else:
                total = 0
                for text in zip(sequence[:-1], sequence[1:]):
                    carry, cost = step(main, extra, carry, text)
                    total = total + cost
            return -total / ((len(sequence) - 1) * width)

        return value, [array(x["main_params"]), array(x["extra_params"])]
    if kind == "kmeans":
        p = array(x["points"])

        def value(c):
            nearest = lib.argmin(sum_of(c * c, 1) - 2 * (p @ c.T), 1)
            return lib.sum((p - c[nearest]) ** 2)

        return value, [array(x["centroids"])]
    if kind == "lse":
        return lambda a: log_sum(a, 0), [array(x["x"])]
    if kind == "llsq":
        powers, signs = (array(a) for a in places(given["n"], len(x["x"])))
        return lambda a: 0.5 * lib.sum((signs - powers @ a) ** 2), [array(x["x"])]
    if kind == "ode":
        steps, h = given["s"], 2 / given["s"]
        one = array(np.ones(1))
        join = lib.concatenate

        def value(a):
            def slope(y):
                return a * join([one, y[:-1]])

            def step(y):
                k1 = slope(y)
                k2 = slope(y + h / 2 * k1)
                k3 = slope(y + h / 2 * k2)
                k4 = slope(y + h * k3)
                return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

            y = lib.zeros_like(a)
            if jax:
                y, _ = jax.lax.scan(lambda y, _: (step(y), None), y, None, length=steps)
            else:
                for _ in range(steps):
                    y = step(y)
            return y[-1]

        return value, [array(x["x"])]
    return None, None


def errors_of(lib):
    """The errors of ba, of observations along leading axes, for either library."""

    def cross(a, b):
        (a0, a1, a2), (b0, b1, b2) = ((v[..., 0], v[..., 1], v[..., 2]) for v in (a, b))
        return lib.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], -1)

    def errors(v, feature):
        rotation, point = v[..., :3], v[..., 11:14] - v[..., 3:6]
        square = (rotation * rotation).sum(-1)[..., None]
        angle = lib.sqrt(lib.where(square > 0, square, lib.ones_like(square)))
        axis = rotation / angle
        along, c = (axis * point).sum(-1)[..., None], lib.cos(angle)
        finite = point * c + cross(axis, point) * lib.sin(angle) + axis * along * (1 - c)
        seen = lib.where(square > 0, finite, point + cross(rotation, point))
        flat = seen[..., :2] / seen[..., 2:]
        r = (flat * flat).sum(-1)[..., None]
        scale = 1 + v[..., 9:10] * r + v[..., 10:11] * r * r
        return v[..., 14:] * (flat * scale * v[..., 6:7] + v[..., 7:9] - feature)

    return errors


def hand(lib, array):
    """The distances of ht's points to the skin by the pose and the places on triangles, which are given with it, for either library."""
    model = given["data"]["model"]
    corners = np.array(model["triangles"])[given["data"]["correspondences"]].ravel()
    positions = array(np.array(model["base_positions"], np.float64)[corners])
    weights = array(np.array(model["weights"], np.float64)[corners])
    relatives, inverse = (array(np.array(model[k], np.float64)) for k in ("base_relatives", "inverse_base_absolutes"))
    points, parents = array(np.array(given["data"]["points"], np.float64)), model["parents"]
    zero, one, unit = array(np.zeros(())), array(np.ones(())), array(np.eye(3))

    def matrix(rows):
        return lib.stack([lib.stack(row) for row in rows])

    def turned(a, b, c):
        o, i = zero, one
        (ca, cb, cc), (sa, sb, sc) = ([f(v) for v in (a, b, c)] for f in (lib.cos, lib.sin))
        x = matrix([[i, o, o, o], [o, ca, -sa, o], [o, sa, ca, o], [o, o, o, i]])
        y = matrix([[cb, o, sb, o], [o, i, o, o], [-sb, o, cb, o], [o, o, o, i]])
        z = matrix([[cc, -sc, o, o], [sc, cc, o, o], [o, o, i, o], [o, o, o, i]])
        return z @ y @ x

    def distances(theta, places):
        joints = {}
        for finger in range(5):
            t, bone = 6 + 4 * finger, 2 + 4 * finger
            joints[bone] = (theta[t], zero, theta[t + 1])
            joints[bone + 1], joints[bone + 2] = (theta[t + 2], zero, zero), (theta[t + 3], zero, zero)
        absolutes = []
        for bone, parent in enumerate(parents):
            own = relatives[bone] @ turned(*joints[bone]) if bone in joints else relatives[bone]
            absolutes.append(own if parent < 0 else absolutes[parent] @ own)
        moves = lib.stack([a @ b for a, b in zip(absolutes, inverse)])
        skin = lib.einsum("nb,bij,nj->ni", weights, moves, positions)[:, :3]
        angle = lib.sqrt((theta[:3] * theta[:3]).sum())
        k = theta[:3] / angle
        cross = matrix([[zero, -k[2], k[1]], [k[2], zero, -k[0]], [-k[1], k[0], zero]])
        turn = unit + lib.sin(angle) * cross + (1 - lib.cos(angle)) * (cross @ cross)
        corner = (skin @ turn.T + theta[3:6]).reshape(-1, 3, 3)
        a, b = places[:, :1], places[:, 1:]
        return points - (a * corner[:, 0] + b * corner[:, 1] + (1 - a - b) * corner[:, 2])

    theta, places = array(x["theta"]), array(x["us"])
    sides = [array(np.tile(side, (len(x["us"]), 1))) for side in ([1.0, 0.0], [0.0, 1.0])]

    def jacobian(jvp, jacfwd):
        # A place moves its own distance alone: two directions for all of them, and 26 of the pose.
        def run(theta, places):
            moved = [jvp(lambda u: distances(theta, u), (places,), (side,))[1] for side in sides]
            pose = jacfwd(lambda t: distances(t, places))(theta)
            return lib.concatenate([lib.stack(moved, -1), pose], -1)

        return run

    return jacobian, (theta, places)


def torch_row():
    import torch

    torch.set_num_threads(THREADS)
    torch.set_default_dtype(torch.float64)
    if kind == "ba":
        v, feature = (torch.from_numpy(a) for a in observations())
        v.requires_grad_()
        errors = errors_of(torch)

        def run():
            # No observation's errors depend on what another one sees: two backward passes for all.
            y = errors(v, feature)
            blocks = [torch.autograd.grad(y[:, i].sum(), v, retain_graph=i == 0)[0] for i in range(2)]
            w = v[:, 14]
            return torch.stack(blocks, 1), torch.autograd.grad((1 - w * w).sum(), w)[0]

        return measured(run, lambda y: ends(*y))
    if kind == "ht":
        jacobian, inputs = hand(torch, torch.from_numpy)
        run = jacobian(torch.func.jvp, torch.func.jacfwd)
        return measured(lambda: run(*inputs), lambda y: [y])
    value, inputs = objective(torch)
    for a in inputs:
        a.requires_grad_()

    def run():
        if kind != "kmeans":
            return torch.autograd.grad(value(*inputs), inputs)
        (slope,) = torch.autograd.grad(value(*inputs), inputs, create_graph=True)
        (diagonal,) = torch.autograd.grad(slope.sum(), inputs)
        return (slope.detach() / diagonal,)

    return measured(run)


def jax_row():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    if kind == "ba":
        inputs = [jnp.asarray(a) for a in observations()]
        errors = errors_of(jnp)

        def derivative(v, feature):
            blocks = jax.vmap(jax.jacrev(errors))(v, feature)
            return blocks, jax.vmap(jax.grad(lambda w: 1 - w * w))(v[:, 14])

        shown = lambda y: ends(*y)  # noqa: E731
    elif kind == "ht":
        jacobian, inputs = hand(jnp, jnp.asarray)
        derivative, shown = jacobian(jax.jvp, jax.jacfwd), lambda y: [y]
    else:
        value, inputs = objective(jnp, jax)
        shown = list
        by = tuple(range(len(inputs)))

        def derivative(*inputs):
            if kind != "kmeans":
                return jax.grad(value, by)(*inputs)
            slope, diagonal = jax.jvp(jax.grad(value), inputs, tuple(jnp.ones_like(a) for a in inputs))
            return (slope / diagonal,)

    jitted = jax.jit(derivative)
    return measured(lambda: jax.block_until_ready(jitted(*inputs)), shown)


def main():
    rows = {"c": c_row, "differences": differences_row, "numpy": numpy_row, "torch": torch_row, "jax-jit": jax_row}
    print(json.dumps(rows[variant]()))


if __name__ == "__main__":
    main()
