"""The same work as `adjoint bench`, in other libraries: one process measures one variant.

    peers.py --versions                     what this interpreter has, as JSON
    peers.py FOLDER VARIANT                 measures the rows of FOLDER/problem.json
    peers.py FOLDER VARIANT --train ROW     trains as a row of whole processes asks, and ends

`adjoint bench --peers PYTHON` writes the folder (the images, the order of the epoch, the initial weights of every network, and
our answers as little-endian binary files) and runs this script in turn with itself. Each row is compared with our answer
before it is timed; the last line of standard output is one JSON object:

    {"rows": {name: {"figure": ..., "difference": ...}}}

A variant is written the way its users write it: PyTorch eager with set_to_none, JAX with one jitted step (jax-jit) or a whole
stretch of steps in one lax.scan (jax-scan), NumPy with preallocated outputs, micrograd with its cyclic garbage collector
switched off, which is its best case. Images are float32 in memory and gathered by a shuffled index, as in training.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import time

if sys.argv[1:] == ["--versions"]:
    found = {}
    for name in ("numpy", "scipy", "torch", "jax", "pandas", "micrograd"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    print(json.dumps(found))
    sys.exit(0)

if len(sys.argv) < 3 or not os.path.exists(os.path.join(sys.argv[1], "problem.json")):
    sys.exit(f"peers.py: needs a folder with problem.json and a variant\n{__doc__}")
folder, variant = sys.argv[1], sys.argv[2]
with open(os.path.join(folder, "problem.json")) as file:
    problem = json.load(file)
THREADS = problem["threads"]
QUICK = problem["quick"]
clock = time.process_time if problem["processorTime"] else time.perf_counter

# Before any library starts its threads.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(THREADS)
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np  # noqa: E402


def load(name, kind):
    return np.fromfile(os.path.join(folder, name), dtype=kind)


def median_seconds(run, least=0.01):
    """The median over samples of the seconds of one call, after warm-up; a sample lasts `least` seconds or one call."""
    start, calls = time.perf_counter(), 0
    while True:
        run()
        calls += 1
        elapsed = time.perf_counter() - start
        if elapsed > (0.002 if QUICK else 0.05):
            break
    count = max(1, int(least * calls / elapsed))
    # What takes a second (micrograd) is measured a few times.
    samples = 3 if elapsed / calls > 0.1 else problem["samples"]
    seconds = []
    for _ in range(samples):
        start = clock()
        for _ in range(count):
            run()
        seconds.append((clock() - start) / count)
    return float(np.median(seconds))


def difference(found, expected):
    """The largest difference, against the largest magnitude that is expected."""
    found, expected = np.asarray(found, np.float64).ravel(), np.asarray(expected, np.float64).ravel()
    return float(np.max(np.abs(found - expected)) / max(1e-30, np.max(np.abs(expected))))


def shapes(sizes):
    for inputs, outputs in zip(sizes, sizes[1:]):
        yield (outputs, inputs)
        yield (outputs,)


def split(flat, sizes):
    """The weights [out, in] and biases of a network from one array."""
    arrays, place = [], 0
    for shape in shapes(sizes):
        count = int(np.prod(shape))
        arrays.append(flat[place : place + count].reshape(shape))
        place += count
    return arrays


class Data:
    def __init__(self):
        self.x = load("images.u8", np.uint8).reshape(-1, 784).astype(np.float32) / np.float32(255)
        self.y = load("labels.i32", np.int32).astype(np.int64)
        self.order = load("order.i32", np.int32).astype(np.int64)

    def batches(self, size):
        return len(self.order) // size

    def rows(self, number, size):
        start = number % self.batches(size) * size
        return self.order[start : start + size]


def operands(row):
    m, k, n = row["rows"], row["depth"], row["columns"]
    a = load(row["file"] + ".a.f32", np.float32).reshape((k, m) if row["form"] == "transposedA" else (m, k))
    b = load(row["file"] + ".b.f32", np.float32).reshape((n, k) if row["form"] == "transposedB" else (k, n))
    return (a.T if row["form"] == "transposedA" else a), (b.T if row["form"] == "transposedB" else b)


def gigaflops(row, seconds):
    return 2 * row["rows"] * row["depth"] * row["columns"] / seconds / 1e9


# Every variant has a function for each kind of row that it takes: it returns the figure in the row's unit, and the difference
# from our answer.


def torch_rows():
    import torch

    torch.set_num_threads(THREADS)
    functional = torch.nn.functional

    def network(row):
        arrays = split(load(row["file"] + ".f32", np.float32), row["sizes"])
        kind = row.get("precision", "float32")
        parameters = [torch.from_numpy(a.astype(kind)).requires_grad_() for a in arrays]
        activation = torch.tanh if row["activation"] == "tanh" else torch.relu

        def model(x):
            last = len(parameters) - 2
            for i in range(0, last + 1, 2):
                x = functional.linear(x, parameters[i], parameters[i + 1])
                if i < last:
                    x = activation(x)
            return x

        return parameters, model

    def step(row, data):
        x, y, order = torch.from_numpy(data.x), torch.from_numpy(data.y), torch.from_numpy(data.order)
        size, x = row["batch"], x.to(getattr(torch, row.get("precision", "float32")))

        def make():
            parameters, model = network(row)
            if row["rule"] == "adam":
                optimizer = torch.optim.Adam(parameters, lr=row["rate"])
            else:
                optimizer = torch.optim.SGD(parameters, lr=row["rate"])
            number = 0

            def run():
                nonlocal number
                start = number % data.batches(size) * size
                number += 1
                rows = order[start : start + size]
                optimizer.zero_grad(set_to_none=True)
                loss = functional.cross_entropy(model(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                return loss

            return run

        run = make()
        off = difference([run().item() for _ in row["losses"]], row["losses"])
        return median_seconds(make()) * 1e6, off

    def product(row):
        a, b = (torch.from_numpy(x) for x in operands(row))
        c = torch.empty(row["rows"], row["columns"])
        torch.matmul(a, b, out=c)
        off = difference(c.numpy(), load(row["file"] + ".c.f32", np.float32))
        return gigaflops(row, median_seconds(lambda: torch.matmul(a, b, out=c))), off

    def elementwise(row):
        x = torch.from_numpy(load(row["file"] + ".x.f32", np.float32).reshape(128, 256))
        y = torch.empty_like(x)
        run = {
            "exp": lambda: torch.exp(x, out=y),
            "tanh": lambda: torch.tanh(x, out=y),
            "sigmoid": lambda: torch.sigmoid(x, out=y),
            "log-softmax": lambda: torch.log_softmax(x, 1),
        }[row["function"]]
        with torch.no_grad():
            off = difference(run().numpy(), load(row["file"] + ".y.f32", np.float32))
            return median_seconds(run) * 1e9 / x.numel(), off

    def chain(row):
        if row["phase"] not in ("record", "differentiate"):
            return None
        h0, x = (torch.tensor(v, requires_grad=True) for v in row["start"])

        def record():
            h = h0
            for i in range(row["length"]):
                h = torch.tanh(h) if i % 3 == 0 else h + x if i % 3 == 1 else h * x
            return h

        def both():
            h0.grad = x.grad = None
            y = record()
            y.backward()
            return [y.item(), h0.grad.item(), x.grad.item()]

        off = difference(both(), row["expected"])
        run = record if row["phase"] == "record" else both
        return median_seconds(run) * 1e9 / row["length"], off

    def demo(row):
        points = torch.from_numpy(load("demo.points.f32", np.float32).reshape(-1, 2))
        sides = torch.from_numpy(load("demo.sides.f32", np.float32).reshape(-1, 1))

        def make():
            parameters, model = network(row)
            optimizer = torch.optim.SGD(parameters, lr=row["rate"])

            def run():
                optimizer.zero_grad(set_to_none=True)
                loss = torch.relu(1 - sides * model(points)).mean()
                loss = loss + row["lambda"] * sum((p * p).sum() for p in parameters)
                loss.backward()
                optimizer.step()
                return loss

            return run

        run = make()
        off = difference([run().item() for _ in row["losses"]], row["losses"])
        return median_seconds(make()) * 1e6, off

    def inference(row):
        _, model = network(row)
        x = torch.from_numpy(load(row["file"] + ".x.f32", np.float32).reshape(-1, row["sizes"][0]))
        with torch.no_grad():
            off = difference(model(x).numpy(), load(row["file"] + ".y.f32", np.float32))
            return median_seconds(lambda: model(x)) * 1e6, off

    def check(row):
        """gradcheck of the same loss; a direction is its fast mode, which also multiplies by random vectors."""
        torch.manual_seed(0)
        i, h, o = row["sizes"]
        x, y = torch.rand(row["batch"], i, dtype=torch.float64), torch.randint(o, (row["batch"],))
        shapes = [(h, i), (h,), (o, h), (o,)]
        parameters = [(torch.randn(s, dtype=torch.float64) * 0.05).requires_grad_() for s in shapes]

        def loss(w1, b1, w2, b2):
            return functional.cross_entropy(functional.linear(torch.tanh(functional.linear(x, w1, b1)), w2, b2), y)

        is_fast = row["check"] == "direction"

        def run():
            assert torch.autograd.gradcheck(loss, parameters, fast_mode=is_fast)

        if is_fast:
            return median_seconds(run) * 1e3, 0.0
        start = time.perf_counter()
        run()
        return time.perf_counter() - start, 0.0

    def train(row, data):
        x, y, order = torch.from_numpy(data.x), torch.from_numpy(data.y), torch.from_numpy(data.order)
        sizes = row["sizes"]
        layers = [torch.nn.Linear(sizes[0], sizes[1]), torch.nn.ReLU(), torch.nn.Linear(sizes[1], sizes[2])]
        model = torch.nn.Sequential(*layers)
        optimizer = torch.optim.SGD(model.parameters(), lr=row["rate"])
        for _ in range(row["epochs"]):
            for start in range(0, len(order) - 127, 128):
                rows = order[start : start + 128]
                optimizer.zero_grad(set_to_none=True)
                loss = functional.cross_entropy(model(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
        return loss.item()

    return {
        "step": step,
        "product": product,
        "elementwise": elementwise,
        "chain": chain,
        "demo": demo,
        "inference": inference,
        "check": check,
        "train": train,
    }


def jax_rows(scan):
    import jax
    import jax.numpy as jnp
    from functools import partial

    def network(row):
        activation = jnp.tanh if row["activation"] == "tanh" else jax.nn.relu
        # A weight is [in, out] in JAX, which is also its faster layout.
        parameters = [jnp.asarray(a.T) for a in split(load(row["file"] + ".f32", np.float32), row["sizes"])]

        def model(parameters, x):
            last = len(parameters) - 2
            for i in range(0, last + 1, 2):
                x = x @ parameters[i] + parameters[i + 1]
                if i < last:
                    x = activation(x)
            return x

        return parameters, model

    def update(row, parameters, state, gradients):
        rate = row["rate"]
        if row["rule"] == "sgd":
            return [p - rate * g for p, g in zip(parameters, gradients)], state
        t, first, second = state
        t = t + 1
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients)]
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        moved = [p - rate * (m / c1) / (jnp.sqrt(v / c2) + 1e-8) for p, m, v in zip(parameters, first, second)]
        return moved, (t, first, second)

    device = {}

    def step(row, data):
        if "precision" in row:
            # float64 is a switch for the whole process in JAX, and would change the other rows.
            return None
        if not device:
            device.update(x=jnp.asarray(data.x), y=jnp.asarray(data.y.astype(np.int32)), order=data.order.astype(np.int32))
        x, y, order = device["x"], device["y"], device["order"]
        size = row["batch"]
        start_parameters, model = network(row)

        def loss(parameters, images, labels):
            logs = jax.nn.log_softmax(model(parameters, images))
            return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], 1))

        def one(carry, rows, x, y):
            parameters, state = carry
            value, gradients = jax.value_and_grad(loss)(parameters, x[rows], y[rows])
            return update(row, parameters, state, gradients), value

        # Buffers of the carry are given away, so the update may be in place.
        jitted = jax.jit(one, donate_argnums=0)

        @partial(jax.jit, donate_argnums=0)
        def stretch(carry, rows, x, y):
            return jax.lax.scan(lambda carry, rows: one(carry, rows, x, y), carry, rows)

        def begin():
            zeros = [jnp.zeros_like(p) for p in start_parameters]
            state = (jnp.float32(0), zeros, [jnp.copy(z) for z in zeros]) if row["rule"] == "adam" else ()
            return [jnp.copy(p) for p in start_parameters], state

        if scan:
            number = len(row["losses"])
            first = jnp.asarray(np.stack([data.rows(i, size) for i in range(number)]).astype(np.int32))
            _, losses = stretch(begin(), first, x, y)
            off = difference(losses, row["losses"])
            length = min(data.batches(size), 16 if QUICK else 120 if row["sizes"][1] < 1000 else 20)
            all_rows = jnp.asarray(order[: length * size].reshape(length, size))
            carry = begin()

            def run():
                nonlocal carry
                carry, losses = stretch(carry, all_rows, x, y)
                losses.block_until_ready()

            run()
            return median_seconds(run) / length * 1e6, off

        carry = begin()
        losses = []
        for number in range(len(row["losses"])):
            carry, value = jitted(carry, jnp.asarray(data.rows(number, size).astype(np.int32)), x, y)
            losses.append(float(value))
        number, carry = 0, begin()

        def run():
            nonlocal number, carry
            start = number % data.batches(size) * size
            number += 1
            carry, value = jitted(carry, order[start : start + size], x, y)
            value.block_until_ready()

        return median_seconds(run) * 1e6, difference(losses, row["losses"])

    def timed(function, *arguments):
        compiled = jax.jit(function)
        found = compiled(*arguments)
        return found, median_seconds(lambda: jax.block_until_ready(compiled(*arguments)))

    def product(row):
        # The arrays as stored; the compiler sees the transposition.
        a, b = operands(row)
        form = row["form"]
        a, b = (a.T if form == "transposedA" else a), (b.T if form == "transposedB" else b)
        function = {
            "plain": lambda a, b: a @ b,
            "transposedA": lambda a, b: a.T @ b,
            "transposedB": lambda a, b: a @ b.T,
        }[form]
        found, seconds = timed(function, jnp.asarray(a), jnp.asarray(b))
        return gigaflops(row, seconds), difference(found, load(row["file"] + ".c.f32", np.float32))

    def elementwise(row):
        x = jnp.asarray(load(row["file"] + ".x.f32", np.float32).reshape(128, 256))
        function = {"exp": jnp.exp, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "log-softmax": jax.nn.log_softmax}
        found, seconds = timed(function[row["function"]], x)
        return seconds * 1e9 / x.size, difference(found, load(row["file"] + ".y.f32", np.float32))

    def chain(row):
        if row["phase"] not in ("replay", "compile"):
            return None

        def run(h, x):
            for i in range(row["length"]):
                h = jnp.tanh(h) if i % 3 == 0 else h + x if i % 3 == 1 else h * x
            return h

        start = [jnp.float32(v) for v in row["start"]]
        function = jax.value_and_grad(run, argnums=(0, 1))
        begin = time.perf_counter()
        value, (dh, dx) = jax.jit(function)(*start)
        compiling = time.perf_counter() - begin
        off = difference([float(value), float(dh), float(dx)], row["expected"])
        if row["phase"] == "compile":
            return compiling * 1e6, off
        return timed(function, *start)[1] * 1e9 / row["length"], off

    def demo(row):
        points = jnp.asarray(load("demo.points.f32", np.float32).reshape(-1, 2))
        sides = jnp.asarray(load("demo.sides.f32", np.float32).reshape(-1, 1))
        parameters, model = network(row)

        def loss(parameters):
            margin = jnp.mean(jax.nn.relu(1 - sides * model(parameters, points)))
            return margin + row["lambda"] * sum(jnp.sum(p * p) for p in parameters)

        @jax.jit
        def one(parameters):
            value, gradients = jax.value_and_grad(loss)(parameters)
            return [p - row["rate"] * g for p, g in zip(parameters, gradients)], value

        carry, losses = parameters, []
        for _ in row["losses"]:
            carry, value = one(carry)
            losses.append(float(value))

        def run():
            nonlocal carry
            carry, value = one(carry)
            value.block_until_ready()

        return median_seconds(run) * 1e6, difference(losses, row["losses"])

    def inference(row):
        parameters, model = network(row)
        x = jnp.asarray(load(row["file"] + ".x.f32", np.float32).reshape(-1, row["sizes"][0]))
        found, seconds = timed(model, parameters, x)
        return seconds * 1e6, difference(found, load(row["file"] + ".y.f32", np.float32))

    def train(row, data):
        x, y = jnp.asarray(data.x), jnp.asarray(data.y.astype(np.int32))
        count = data.batches(128)
        rows = jnp.asarray(data.order[: count * 128].reshape(count, 128).astype(np.int32))
        sizes, key = row["sizes"], jax.random.PRNGKey(0)
        parameters = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            key, part = jax.random.split(key)
            parameters += [jax.random.normal(part, (inputs, outputs)) / np.sqrt(inputs), jnp.zeros(outputs)]

        def loss(parameters, images, labels):
            w1, b1, w2, b2 = parameters
            logs = jax.nn.log_softmax(jax.nn.relu(images @ w1 + b1) @ w2 + b2)
            return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], 1))

        def one(parameters, rows, x, y):
            value, gradients = jax.value_and_grad(loss)(parameters, x[rows], y[rows])
            return [p - row["rate"] * g for p, g in zip(parameters, gradients)], value

        # The images are arguments: what a function closes over becomes a constant of the compiled program, 188 MB of it.
        def stretch(parameters, rows, x, y):
            return jax.lax.scan(lambda parameters, rows: one(parameters, rows, x, y), parameters, rows)

        epoch, step = jax.jit(stretch, donate_argnums=0), jax.jit(one, donate_argnums=0)
        for _ in range(row["epochs"]):
            if scan:
                parameters, losses = epoch(parameters, rows, x, y)
                value = losses[-1]
            else:
                for number in range(count):
                    parameters, value = step(parameters, rows[number], x, y)
        return float(value)

    if scan:
        return {"step": step, "train": train}
    return {
        "step": step,
        "product": product,
        "elementwise": elementwise,
        "chain": chain,
        "demo": demo,
        "inference": inference,
        "train": train,
    }


def numpy_rows():
    def product(row):
        a, b = operands(row)
        c = np.empty((row["rows"], row["columns"]), np.float32)
        np.matmul(a, b, out=c)
        off = difference(c, load(row["file"] + ".c.f32", np.float32))
        return gigaflops(row, median_seconds(lambda: np.matmul(a, b, out=c))), off

    def elementwise(row):
        x = load(row["file"] + ".x.f32", np.float32).reshape(128, 256)
        y = np.empty_like(x)

        def sigmoid():
            np.negative(x, out=y)
            np.exp(y, out=y)
            np.add(y, 1, out=y)
            return np.divide(1, y, out=y)

        def log_softmax():
            np.subtract(x, x.max(1, keepdims=True), out=y)
            return np.subtract(y, np.log(np.exp(y).sum(1, keepdims=True)), out=y)

        run = {
            "exp": lambda: np.exp(x, out=y),
            "tanh": lambda: np.tanh(x, out=y),
            "sigmoid": sigmoid,
            "log-softmax": log_softmax,
        }[row["function"]]
        off = difference(run(), load(row["file"] + ".y.f32", np.float32))
        return median_seconds(run) * 1e9 / x.size, off

    def table(row):
        return read_table(row, lambda path: np.loadtxt(path, dtype=np.float32, delimiter=","))

    return {"product": product, "elementwise": elementwise, "table": table}


def micrograd_rows():
    import gc
    from micrograd.engine import Value
    from micrograd.nn import MLP

    gc.disable()

    def chain(row):
        """micrograd has no tanh: relu stands for it here, so there is no answer of ours to compare with."""
        if row["phase"] not in ("record", "differentiate"):
            return None

        def run():
            h, x = Value(row["start"][0]), Value(row["start"][1])
            for i in range(row["length"]):
                h = h.relu() if i % 3 == 0 else h + x if i % 3 == 1 else h * x
            if row["phase"] == "differentiate":
                h.backward()

        sys.setrecursionlimit(100_000)
        seconds = median_seconds(run)
        gc.collect()
        return seconds * 1e9 / row["length"], 0.0

    def demo(row):
        arrays = split(load(row["file"] + ".f32", np.float32), row["sizes"])
        points = load("demo.points.f32", np.float32).reshape(-1, 2)
        sides = load("demo.sides.f32", np.float32)
        model = MLP(row["sizes"][0], row["sizes"][1:])
        for layer, weight, bias in zip(model.layers, arrays[0::2], arrays[1::2]):
            for neuron, w, b in zip(layer.neurons, weight, bias):
                neuron.b.data = float(b)
                for value, number in zip(neuron.w, w):
                    value.data = float(number)
        inputs = [[float(a) for a in point] for point in points]

        def run():
            scores = [model(point) for point in inputs]
            losses = [(1 + -float(side) * score).relu() for side, score in zip(sides, scores)]
            loss = sum(losses) * (1.0 / len(losses)) + row["lambda"] * sum((p * p for p in model.parameters()))
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= row["rate"] * p.grad
            return loss.data

        sys.setrecursionlimit(100_000)
        off = difference([run() for _ in row["losses"]], row["losses"])
        gc.collect()
        return median_seconds(run) * 1e6, off

    return {"chain": chain, "demo": demo}


def read_table(row, read):
    """The seconds in which a table of numbers is read, and the difference of what was read."""
    path = os.path.join(folder, row["file"] + ".csv")
    off = difference(read(path), load(row["file"] + ".f32", np.float32))
    return median_seconds(lambda: read(path), least=0), off


def pandas_rows():
    import pandas

    return {"table": lambda row: read_table(row, lambda path: pandas.read_csv(path, header=None).to_numpy(np.float32))}


def peak_memory():
    """The most memory that this process had resident, in MiB: its own mark, since a child's count begins with its parent's."""
    if sys.platform == "linux":
        with open("/proc/self/status") as file:
            return next(float(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def whole_process(row):
    """A process of its own that trains from the files: its seconds, or the most memory that it had resident."""
    words = [sys.executable, sys.argv[0], folder, variant, "--train", row["name"]]
    start = time.perf_counter()
    child = subprocess.run(words, check=True, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - start
    return (seconds if row["figure"] == "seconds" else float(child.stdout)), 0.0


def main():
    if sys.argv[3:4] == ["--train"]:
        row = next(row for row in problem["rows"] if row["name"] == sys.argv[4])
        kinds = {"torch": torch_rows, "jax-jit": lambda: jax_rows(False), "jax-scan": lambda: jax_rows(True)}[variant]()
        loss = kinds["train"](row, Data())
        assert 0 < loss < 4, f"the loss is {loss}"
        print(peak_memory())
        return
    kinds = {
        "torch": torch_rows,
        "jax-jit": lambda: jax_rows(scan=False),
        "jax-scan": lambda: jax_rows(scan=True),
        "numpy": numpy_rows,
        "pandas": pandas_rows,
        "micrograd": micrograd_rows,
    }[variant]()
    data, results = None, {}
    for row in problem["rows"]:
        function = kinds.get(row["kind"])
        if row["kind"] == "process" and "train" in kinds:
            function = whole_process
        if function is None:
            continue
        if row["kind"] == "step" and data is None:
            data = Data()
        found = function(row, data) if row["kind"] == "step" else function(row)
        if found is not None:
            results[row["name"]] = {"figure": found[0], "difference": found[1]}
    print(json.dumps({"rows": results}))


if __name__ == "__main__":
    main()
