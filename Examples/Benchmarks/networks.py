"""Networks, functions of arrays, matrices and a training process, in other libraries: one process measures one row in one variant.

    networks.py FOLDER VARIANT              measures the row of FOLDER/problem.json
    networks.py FOLDER VARIANT --train      trains for an epoch as that row asks, and ends

`adjoint bench --peers PYTHON` writes the folder: the weights under the names of a checkpoint, the batch, and our losses or
results. They are compared before anything is timed; the last line of standard output is one JSON object:

    {"figure": ..., "difference": ..., "first": ..., "memory": ...}

with milliseconds of a run and of the first one, which traces and compiles, and MiB of the most memory that was resident before they were compared.
Variants: torch (eager, as its users write it: fused attention, `nn.LSTM`, queries, keys and values as one product),
torch-channels-last (images with channels last in memory), torch-compile (with channels last too), jax-jit (one jitted step whose
buffers are given away; its result is waited for), numpy (LAPACK and BLAS behind NumPy and SciPy). All attention is causal.
"""

import json
import os
import subprocess
import sys
import time

if len(sys.argv) < 3 or not os.path.exists(os.path.join(sys.argv[1], "problem.json")):
    sys.exit(f"networks.py: needs a folder with problem.json and a variant\n{__doc__}")
folder, variant = sys.argv[1], sys.argv[2]
with open(os.path.join(folder, "problem.json")) as file:
    row = json.load(file)
THREADS = row["threads"]
clock = time.process_time if row["processorTime"] else time.perf_counter

# Before any library starts its threads.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(THREADS)
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np  # noqa: E402


def load(name, kind):
    return np.fromfile(os.path.join(folder, name), dtype=kind)


def arrays(name, shapes, kind):
    """The arrays of these shapes, one after the other in a file."""
    flat, place, found = load(name, kind), 0, []
    for shape in shapes:
        count = int(np.prod(shape))
        found.append(flat[place : place + count].reshape(shape))
        place += count
    return found


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
    seconds = []
    for _ in range(row["samples"]):
        start = clock()
        for _ in range(count):
            run()
        seconds.append((clock() - start) / count)
    return float(np.median(seconds))


def difference(answers):
    """The largest difference of any array found, against the largest magnitude expected in it. The memory that is reported is what was
    resident before."""
    global memory
    memory = peak_memory()
    found, expected = answers()
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        assert a.shape == b.shape, f"{a.shape} is no {b.shape}"
        worst = max(worst, float(np.max(np.abs(a - b)) / max(1e-30, np.max(np.abs(b)))))
    return worst


def measured(first, others):
    """Figures of a network: `first` makes a step and returns its loss, `others` too."""
    start = time.perf_counter()
    losses = [first()]
    began = time.perf_counter() - start
    losses += [others() for _ in row["losses"][1:]]
    return {"difference": difference(lambda: ([losses], [row["losses"]])), "first": began * 1e3}


def weights():
    return dict(zip(row["names"], arrays("parameters.f32", row["shapes"], np.float32)))


def batch():
    numbers = arrays("numbers.f32", row["numbers"], np.float32)
    return numbers + [a.astype(np.int64) for a in arrays("indices.i32", row["indices"], np.int32)]


def joined(w, block):
    """Queries, keys and values of a block as one product."""
    parts = [f"{block}/attention/{part}" for part in ("query", "key", "value")]
    return np.concatenate([w[f"{p}/weight"] for p in parts]), np.concatenate([w[f"{p}/bias"] for p in parts])


# PyTorch


def torch_row():
    import torch

    torch.set_num_threads(THREADS)
    F, nn = torch.nn.functional, torch.nn
    compiles = variant == "torch-compile"
    channels_last = variant in ("torch-channels-last", "torch-compile")

    def put(parameter, values):
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))

    def linear(w, name):
        layer = nn.Linear(w[f"{name}/weight"].shape[1], w[f"{name}/weight"].shape[0])
        put(layer.weight, w[f"{name}/weight"])
        put(layer.bias, w[f"{name}/bias"])
        return layer

    def norm(w, name):
        layer = nn.LayerNorm(w[f"{name}/scale"].shape[0])
        put(layer.weight, w[f"{name}/scale"])
        put(layer.bias, w[f"{name}/shift"])
        return layer

    class Block(nn.Module):
        def __init__(self, w, name):
            super().__init__()
            both = {"all/weight": joined(w, name)[0], "all/bias": joined(w, name)[1]}
            self.qkv, self.out = linear(both, "all"), linear(w, f"{name}/attention/output")
            self.up, self.down = linear(w, f"{name}/feedForward/up"), linear(w, f"{name}/feedForward/down")
            self.norm1, self.norm2 = norm(w, f"{name}/norm1"), norm(w, f"{name}/norm2")

        def forward(self, x):
            b, t, c = x.shape
            heads = (y.view(b, t, row["heads"], -1).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(c, 2))
            y = F.scaled_dot_product_attention(*heads, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

    class GPT(nn.Module):
        def __init__(self, w):
            super().__init__()
            self.characters = nn.Parameter(torch.from_numpy(w["characters/weight"].copy()))
            self.positions = nn.Parameter(torch.from_numpy(w["positions/weight"].copy()))
            self.blocks = nn.ModuleList(Block(w, f"block{i + 1}") for i in range(row["blocks"]))
            self.norm = norm(w, "norm")

        def forward(self, text):
            x = F.embedding(text, self.characters) + self.positions
            for block in self.blocks:
                x = block(x)
            return F.linear(self.norm(x), self.characters)

    def gpt(w):
        model, (x, y) = GPT(w), [torch.from_numpy(a) for a in batch()]
        optimizer = torch.optim.AdamW(model.parameters(), lr=row["rate"], weight_decay=0.01)
        return lambda: F.cross_entropy(model(x).flatten(0, 1), y.flatten()), optimizer

    def lstm(w):
        width = w["lstm/weight_hh_l0"].shape[1]
        model = nn.LSTM(w["lstm/weight_ih_l0"].shape[1], width, batch_first=True)
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            put(getattr(model, name), w[f"lstm/{name}"])
        x, y = (torch.from_numpy(a) for a in batch())
        return lambda: F.mse_loss(model(x)[0], y), torch.optim.Adam(model.parameters(), lr=row["rate"])

    def images():
        """Images are [batch, height, width, channels] with us: the same memory is channels-last here."""
        x, y = (torch.from_numpy(a) for a in batch())
        x = x.permute(0, 3, 1, 2)
        return (x.contiguous(memory_format=torch.channels_last) if channels_last else x.contiguous()), y

    def conv(w, name, padding=0):
        weight = w[f"{name}/weight"]
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=padding, bias=f"{name}/bias" in w)
        put(layer.weight, weight)
        if layer.bias is not None:
            put(layer.bias, w[f"{name}/bias"])
        return layer

    def batch_norm(w, name):
        layer = nn.BatchNorm2d(w[f"{name}/scale"].shape[0])
        put(layer.weight, w[f"{name}/scale"])
        put(layer.bias, w[f"{name}/shift"])
        return layer

    def lenet(w):
        first = linear(w, "fc1")
        # A row of ours is [height, width, channels], one of PyTorch's [channels, height, width].
        units, channels = first.weight.shape[0], w["conv2/weight"].shape[0]
        put(first.weight, w["fc1/weight"].reshape(units, 4, 4, channels).transpose(0, 3, 1, 2).reshape(units, -1))
        layers = [conv(w, "conv1"), nn.ReLU(), nn.MaxPool2d(2), conv(w, "conv2"), nn.ReLU(), nn.MaxPool2d(2)]
        model = nn.Sequential(*layers, nn.Flatten(), first, nn.ReLU(), linear(w, "fc2"))
        if channels_last:
            model = model.to(memory_format=torch.channels_last)
        x, y = images()
        return lambda: F.cross_entropy(model(x), y), torch.optim.Adam(model.parameters(), lr=row["rate"])

    class ResidualBlock(nn.Module):
        def __init__(self, w, name):
            super().__init__()
            self.first, self.second = conv(w, f"{name}/first", 1), conv(w, f"{name}/second", 1)
            self.norm1, self.norm2 = batch_norm(w, f"{name}/norm1"), batch_norm(w, f"{name}/norm2")

        def forward(self, x):
            return F.relu(self.norm2(self.second(F.relu(self.norm1(self.first(x))))) + x)

    def residual(w):
        blocks = [ResidualBlock(w, f"block{i + 1}") for i in range(row["blocks"])]
        layers = [conv(w, "stem", 1), batch_norm(w, "stemNorm"), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        model = nn.Sequential(*layers, linear(w, "head"))
        if channels_last:
            model = model.to(memory_format=torch.channels_last)
        x, y = images()
        return lambda: F.cross_entropy(model(x), y), torch.optim.SGD(model.parameters(), lr=row["rate"])

    networks = {"gpt": gpt, "lstm": lstm, "lenet": lenet, "residual": residual}
    if row["kind"] in networks:

        def make():
            loss, optimizer = networks[row["kind"]](weights())
            if compiles:
                loss = torch.compile(loss)

            def run():
                optimizer.zero_grad(set_to_none=True)
                y = loss()
                y.backward()
                optimizer.step()
                return y

            return run

        run = make()
        found = measured(lambda: run().item(), lambda: run().item())
        return found | {"figure": median_seconds(run) * 1e3}

    kind = getattr(np, row["precision"])
    x = [torch.from_numpy(a) for a in arrays("inputs.bin", row["inputs"], kind)]
    form = torch.channels_last if channels_last else torch.contiguous_format

    def image(a):
        return a.permute(0, 3, 1, 2).contiguous(memory_format=form)

    def back(a):
        return a.permute(0, 2, 3, 1)

    groups = x[0].shape[-1] if row["kind"].startswith("depthwise") else 1
    if row["kind"] in ("convolution", "depthwise"):
        images, kernel = image(x[0]), x[1].contiguous(memory_format=form)
        call, shown = (lambda: (F.conv2d(images, kernel, padding=1, groups=groups),)), (lambda y: [back(y[0])])
    elif row["kind"] in ("convolution-gradients", "depthwise-gradients"):
        images, kernel, g = image(x[0]), x[1].contiguous(memory_format=form), image(x[2])
        backward = torch.ops.aten.convolution_backward

        def call():
            return backward(g, images, kernel, None, [1, 1], [1, 1], [1, 1], False, [0, 0], groups, [True, True, False])

        def shown(y):
            return [back(y[0]), y[1]]

    elif row["kind"] == "attention":
        q, k, v = (a.requires_grad_() for a in x[:3])
        function = F.scaled_dot_product_attention
        if compiles:
            function = torch.compile(function)

        def call():
            y = function(q, k, v, is_causal=True)
            return y, *torch.autograd.grad(y, (q, k, v), x[3])

        def shown(y):
            return [a.detach() for a in y]

    else:
        shown = list
        call = {
            "products": lambda: (torch.bmm(x[0], x[1]),),
            "cholesky": lambda: (torch.linalg.cholesky(x[0]),),
            "triangular": lambda: (torch.linalg.solve_triangular(x[0], x[1], upper=False),),
        }[row["kind"]]
        if compiles:
            call = torch.compile(call)

    def measure():
        start = time.perf_counter()
        y = call()
        began = time.perf_counter() - start
        off = difference(lambda: (shown(y), arrays("results.bin", row["results"], kind)))
        return {"difference": off, "first": began * 1e3, "figure": median_seconds(call) * 1e3}

    if row["kind"] == "attention":
        return measure()
    with torch.no_grad():
        return measure()


def torch_train(images, labels, order):
    import torch

    torch.set_num_threads(THREADS)
    F, nn = torch.nn.functional, torch.nn
    form = torch.channels_last if variant == "torch-channels-last" else torch.contiguous_format
    x, y, order = (torch.from_numpy(a) for a in (images[:, None], labels, order))
    layers = [nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10))
    model = model.to(memory_format=form)
    optimizer = torch.optim.Adam(model.parameters(), lr=row["rate"])
    for start in range(0, len(order), row["batch"]):
        rows = order[start : start + row["batch"]]
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model((x[rows].float() / 255).contiguous(memory_format=form)), y[rows])
        loss.backward()
        optimizer.step()
    return loss.item()


# JAX


def jax_losses(jax, jnp):
    lax = jax.lax

    def cross_entropy(logits, labels):
        logs = jax.nn.log_softmax(logits)
        return -jnp.mean(jnp.take_along_axis(logs, labels[..., None], -1))

    def layer_norm(p, x):
        mean = jnp.mean(x, -1, keepdims=True)
        variance = jnp.mean((x - mean) ** 2, -1, keepdims=True)
        return p["scale"] * (x - mean) * lax.rsqrt(variance + 1e-5) + p["shift"]

    def gpt(w):
        def layer(name, parts):
            return {part: w[f"{name}/{part}"] for part in parts}

        def matrices(name):
            return {"weight": w[f"{name}/weight"].T, "bias": w[f"{name}/bias"]}

        blocks = []
        for i in range(row["blocks"]):
            name = f"block{i + 1}"
            weight, bias = joined(w, name)
            block = {"qkv": {"weight": weight.T, "bias": bias}, "out": matrices(f"{name}/attention/output")}
            block |= {"up": matrices(f"{name}/feedForward/up"), "down": matrices(f"{name}/feedForward/down")}
            blocks.append(block | {part: layer(f"{name}/{part}", ("scale", "shift")) for part in ("norm1", "norm2")})
        parameters = {"characters": w["characters/weight"], "positions": w["positions/weight"], "blocks": blocks}
        parameters["norm"] = layer("norm", ("scale", "shift"))

        def linear(p, x):
            return x @ p["weight"] + p["bias"]

        def loss(p, text, next):
            x = p["characters"][text] + p["positions"]
            b, t, c = x.shape
            mask = jnp.tril(jnp.ones((t, t), bool))
            for block in p["blocks"]:
                both = linear(block["qkv"], layer_norm(block["norm1"], x)).reshape(b, t, 3, row["heads"], -1)
                q, k, v = (both[:, :, i].transpose(0, 2, 1, 3) for i in range(3))
                scores = jnp.where(mask, q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1]), -1e30)
                y = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(b, t, c)
                x = x + linear(block["out"], y)
                z = linear(block["up"], layer_norm(block["norm2"], x))
                x = x + linear(block["down"], jax.nn.gelu(z, approximate=False))
            return cross_entropy(layer_norm(p["norm"], x) @ p["characters"].T, next)

        return parameters, loss

    def lstm(w):
        p = {"input": w["lstm/weight_ih_l0"].T, "hidden": w["lstm/weight_hh_l0"].T}
        p |= {"bias": w["lstm/bias_ih_l0"], "bias2": w["lstm/bias_hh_l0"]}

        def loss(p, x, y):
            projected = (x @ p["input"] + p["bias"] + p["bias2"]).transpose(1, 0, 2)
            zeros = jnp.zeros((x.shape[0], p["hidden"].shape[0]))

            def step(carry, u):
                h, c = carry
                i, f, g, o = jnp.split(u + h @ p["hidden"], 4, 1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h

            _, outputs = lax.scan(step, (zeros, zeros), projected)
            return jnp.mean((outputs.transpose(1, 0, 2) - y) ** 2)

        return p, loss

    def conv(kernel, x, padding, groups=1):
        return lax.conv_general_dilated(
            x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups
        )

    def kernel(weight):
        return weight.transpose(2, 3, 1, 0)

    def pooled(x):
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    def lenet_loss(p, x, y):
        for i in ("1", "2"):
            x = pooled(jax.nn.relu(conv(p["conv" + i], x, "VALID") + p["shift" + i]))
        x = jax.nn.relu(x.reshape(x.shape[0], -1) @ p["fc1"] + p["bias1"])
        return cross_entropy(x @ p["fc2"] + p["bias2"], y)

    def lenet(w):
        p = {f"conv{i}": kernel(w[f"conv{i}/weight"]) for i in (1, 2)} | {f"shift{i}": w[f"conv{i}/bias"] for i in (1, 2)}
        p |= {f"fc{i}": w[f"fc{i}/weight"].T for i in (1, 2)} | {f"bias{i}": w[f"fc{i}/bias"] for i in (1, 2)}
        return p, lenet_loss

    def residual(w):
        p = {name: kernel(w[f"{name}/weight"]) for name in ["stem"]}
        p |= {"stemNorm": [w["stemNorm/scale"], w["stemNorm/shift"]], "head": [w["head/weight"].T, w["head/bias"]]}
        for i in range(row["blocks"]):
            for part in ("first", "second"):
                p[f"{i}/{part}"] = kernel(w[f"block{i + 1}/{part}/weight"])
            for part in ("norm1", "norm2"):
                p[f"{i}/{part}"] = [w[f"block{i + 1}/{part}/scale"], w[f"block{i + 1}/{part}/shift"]]

        def norm(p, x):
            mean = jnp.mean(x, (0, 1, 2))
            variance = jnp.mean((x - mean) ** 2, (0, 1, 2))
            return p[0] * (x - mean) * lax.rsqrt(variance + 1e-5) + p[1]

        def loss(p, x, y):
            x = jax.nn.relu(norm(p["stemNorm"], conv(p["stem"], x, "SAME")))
            for i in range(row["blocks"]):
                z = jax.nn.relu(norm(p[f"{i}/norm1"], conv(p[f"{i}/first"], x, "SAME")))
                x = jax.nn.relu(norm(p[f"{i}/norm2"], conv(p[f"{i}/second"], z, "SAME")) + x)
            return cross_entropy(jnp.mean(x, (1, 2)) @ p["head"][0] + p["head"][1], y)

        return p, loss

    return {"gpt": gpt, "lstm": lstm, "lenet": lenet, "residual": residual, "conv": conv, "kernel": kernel, "cnn": lenet_loss}


def jax_step(jax, jnp, loss, decay):
    """A jitted step by Adam, AdamW where `decay` is not 0, or plain descent where it is None; the carry's buffers are given away."""
    rate, tree = row["rate"], jax.tree_util

    def one(carry, *batch):
        parameters, state = carry
        value, gradients = jax.value_and_grad(loss)(parameters, *batch)
        if decay is None:
            return (tree.tree_map(lambda p, g: p - rate * g, parameters, gradients), state), value
        t, m, v = state
        t = t + 1
        m = tree.tree_map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
        v = tree.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t

        def moved(p, m, v):
            return p * (1 - rate * decay) - rate * (m / c1) / (jnp.sqrt(v / c2) + 1e-8)

        return (tree.tree_map(moved, parameters, m, v), (t, m, v)), value

    def begin(parameters):
        def copied(a):
            return jnp.array(a, copy=True)

        def zeros():
            return tree.tree_map(jnp.zeros_like, parameters)

        state = () if decay is None else (jnp.float32(0), zeros(), zeros())
        return tree.tree_map(copied, parameters), state

    return jax.jit(one, donate_argnums=0), begin, one


def jax_row():
    import jax
    import jax.numpy as jnp

    if row.get("precision") == "float64":
        jax.config.update("jax_enable_x64", True)
    networks = jax_losses(jax, jnp)
    if row["kind"] in ("gpt", "lstm", "lenet", "residual"):
        parameters, loss = networks[row["kind"]](weights())
        decay = {"gpt": 0.01, "lstm": 0.0, "lenet": 0.0, "residual": None}[row["kind"]]
        step, begin, _ = jax_step(jax, jnp, loss, decay)
        data = [jnp.asarray(a.astype(np.int32) if a.dtype == np.int64 else a) for a in batch()]
        carry = begin(parameters)

        def run():
            nonlocal carry
            carry, value = step(carry, *data)
            return value.block_until_ready()

        found = measured(lambda: float(run()), lambda: float(run()))
        return found | {"figure": median_seconds(run) * 1e3}

    kind = getattr(np, row["precision"])
    x = arrays("inputs.bin", row["inputs"], kind)
    conv, kernel = networks["conv"], networks["kernel"]
    groups = x[0].shape[-1] if row["kind"].startswith("depthwise") else 1
    shown = list
    if row["kind"].startswith(("convolution", "depthwise")):
        x[1] = kernel(x[1])
    if row["kind"] in ("convolution", "depthwise"):
        call = lambda a, w: (conv(w, a, "SAME", groups),)  # noqa: E731
    elif row["kind"] in ("convolution-gradients", "depthwise-gradients"):

        def call(a, w, g):
            return jax.vjp(lambda a, w: conv(w, a, "SAME", groups), a, w)[1](g)

        def shown(y):
            return [y[0], np.transpose(y[1], (3, 2, 0, 1))]

    elif row["kind"] == "attention":

        def attention(q, k, v):
            mask = jnp.tril(jnp.ones((q.shape[2], k.shape[2]), bool))
            return jax.nn.softmax(jnp.where(mask, q @ k.mT / np.sqrt(q.shape[-1]), -1e30)) @ v

        def call(q, k, v, g):
            y, pull = jax.vjp(attention, q, k, v)
            return y, *pull(g)

    else:
        call = {
            "products": lambda a, b: (a @ b,),
            "cholesky": lambda a: (jnp.linalg.cholesky(a),),
            "triangular": lambda a, b: (jax.lax.linalg.triangular_solve(a, b, left_side=True, lower=True),),
        }[row["kind"]]
    x = [jnp.asarray(a) for a in x]
    start = time.perf_counter()
    jitted = jax.jit(call)
    y = jax.block_until_ready(jitted(*x))
    began = time.perf_counter() - start
    off = difference(lambda: (shown([np.asarray(a) for a in y]), arrays("results.bin", row["results"], kind)))
    figure = median_seconds(lambda: jax.block_until_ready(jitted(*x))) * 1e3
    return {"difference": off, "first": began * 1e3, "figure": figure}


def jax_train(images, labels, order):
    import jax
    import jax.numpy as jnp

    random = np.random.default_rng(0)
    shapes = {"conv1": (5, 5, 1, 16), "conv2": (5, 5, 16, 32), "fc1": (512, 128), "fc2": (128, 10)}
    p = {k: (random.standard_normal(s) * np.sqrt(2 / np.prod(s[:-1]))).astype(np.float32) for k, s in shapes.items()}
    for name, count in (("shift1", 16), ("shift2", 32), ("bias1", 128), ("bias2", 10)):
        p[name] = np.zeros(count, np.float32)
    cnn = jax_losses(jax, jnp)["cnn"]

    def loss(p, images, labels):
        return cnn(p, images[..., None].astype(jnp.float32) / 255, labels)

    step, begin, _ = jax_step(jax, jnp, loss, 0.0)
    carry, size, labels = begin(p), row["batch"], labels.astype(np.int32)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        carry, value = step(carry, images[rows], labels[rows])
    return float(value)


def numpy_row():
    import scipy.linalg

    kind = getattr(np, row["precision"])
    x = arrays("inputs.bin", row["inputs"], kind)
    single = x[0].shape[0] == 1
    call = {
        "products": lambda: np.matmul(x[0], x[1]),
        # LAPACK's potrf, which overwrites a copy; and its trtrs for one matrix, gesv for each of many.
        "cholesky": lambda: np.linalg.cholesky(x[0]),
        "triangular": (lambda: scipy.linalg.solve_triangular(x[0][0], x[1][0], lower=True, check_finite=False)[None])
        if single
        else (lambda: np.linalg.solve(x[0], x[1])),
    }[row["kind"]]
    start = time.perf_counter()
    y = call()
    began = time.perf_counter() - start
    off = difference(lambda: ([y], arrays("results.bin", row["results"], kind)))
    return {"difference": off, "first": began * 1e3, "figure": median_seconds(call) * 1e3}


# A process that trains


def peak_memory():
    """The most memory that this process had resident, in MiB: its own mark, since a child's count begins with its parent's."""
    if sys.platform == "linux":
        with open("/proc/self/status") as file:
            return next(float(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def epoch():
    """A process of its own that trains from the files: its seconds, and the most memory that it had resident."""
    start = time.perf_counter()
    child = subprocess.run([sys.executable, *sys.argv, "--train"], check=True, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - start
    return {"difference": 0.0, "first": None, "figure": seconds, "memory": float(child.stdout)}


def train():
    images = load("images.u8", np.uint8).reshape(-1, 28, 28)
    labels, order = load("labels.i32", np.int32).astype(np.int64), load("order.i32", np.int32).astype(np.int64)
    loss = (jax_train if variant.startswith("jax") else torch_train)(images, labels, order)
    assert 0 < loss < 4, f"the loss is {loss}"
    print(peak_memory())


def main():
    if sys.argv[3:] == ["--train"]:
        train()
        return
    if row["kind"] == "epoch":
        found = epoch()
    else:
        found = {"torch": torch_row, "jax": jax_row, "numpy": numpy_row}[variant.split("-")[0]]()
        found["memory"] = memory
    print(json.dumps(found))


if __name__ == "__main__":
    main()
