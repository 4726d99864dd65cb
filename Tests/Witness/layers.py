"""Layers and losses as PyTorch and JAX have them, and trainings with PyTorch's optimisers."""

import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F

import operations
import peers


def first(x):
    """Images with the channels first."""
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def batch_norm_torch(a, x, scale, shift):
    y = F.batch_norm(x.reshape(-1, x.shape[-1]), None, None, scale, shift, training=True)
    return y.reshape(x.shape)


def batch_norm_jax(a, x, scale, shift):
    axes = tuple(range(x.ndim - 1))
    return jax.nn.standardize(x, axes, epsilon=1e-5) * scale + shift


def conv_torch(a, x, w, b):
    return last(F.conv2d(first(x), w, b, a["stride"], a["padding"]))


def conv_jax(a, x, w, b):
    strides, padding = [a["stride"]] * 2, [(a["padding"], a["padding"])] * 2
    return b + jax.lax.conv_general_dilated(
        x, w, strides, padding, dimension_numbers=("NHWC", "OIHW", "NHWC"), precision=jax.lax.Precision.HIGHEST)


def mlp_torch(a, x, *weights):
    for i in range(0, len(weights), 2):
        x = F.linear(x, *weights[i : i + 2])
        x = torch.tanh(x) if i + 2 < len(weights) else x
    return x


def mlp_jax(a, x, *weights):
    for i in range(0, len(weights), 2):
        x = x @ weights[i].T + weights[i + 1]
        x = jnp.tanh(x) if i + 2 < len(weights) else x
    return x


def window(a):
    return {name: [a[name]] * 2 for name in ("size", "stride", "padding")}


def recurrent(run, states, order):
    """A network of two layers in both directions; `order` brings the parameters of a cell into PyTorch's."""

    def of(a, x, *parameters):
        flat = [parameters[start + i] for start in range(0, len(parameters), 4) for i in order]
        zeros = torch.zeros(4, x.shape[0], flat[1].shape[1], dtype=x.dtype)
        return run(x, (zeros, zeros) if states == 2 else zeros, flat, True, 2, 0.0, False, True, True)[0]

    return of


def attention_torch(a, x, kw, kb, vw, vb, qw, qb, ow, ob):
    y = x.transpose(0, 1)
    hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    return F.multi_head_attention_forward(
        y, y, y, x.shape[2], 2, torch.cat([qw, kw, vw]), torch.cat([qb, kb, vb]), None, None, False, 0.0, ow, ob,
        attn_mask=hidden)[0].transpose(0, 1)


def block_torch(a, x, kw, kb, vw, vb, qw, qb, ow, ob, g1, s1, uw, ub, dw, db, g2, s2):
    layer = torch.nn.TransformerEncoderLayer(6, 2, 7, dropout=0.0, batch_first=True, dtype=x.dtype)
    weights = {
        "self_attn.in_proj_weight": torch.cat([qw, kw, vw]), "self_attn.in_proj_bias": torch.cat([qb, kb, vb]),
        "self_attn.out_proj.weight": ow, "self_attn.out_proj.bias": ob, "linear1.weight": uw, "linear1.bias": ub,
        "linear2.weight": dw, "linear2.bias": db, "norm1.weight": g1, "norm1.bias": s1, "norm2.weight": g2,
        "norm2.bias": s2,
    }
    # The kernel that is faster has no second derivative.
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return torch.func.functional_call(layer, weights, x)


def hinge_torch(a, z, i):
    """The formula of multi_margin_loss, which has no second derivative."""
    margins = (1 - z.gather(1, i[:, None]) + z).relu()
    return (margins * (1 - F.one_hot(i, z.shape[1]))).mean()


def smoothed(a, z, i):
    weights = torch.tensor([0.5, 1, 2, 0], dtype=z.dtype)
    return F.cross_entropy(z.reshape(-1, 4), i.reshape(-1), weights, ignore_index=1, label_smoothing=0.1)


def pick_mean(x, i):
    return jnp.take_along_axis(x, i[:, None], 1).mean()


def padded(mode, **more):
    return (lambda a, x: last(F.pad(first(x), (4, 1, 2, 5), mode, **more)), None)


def resized(**settings):
    return (lambda a, x: last(F.interpolate(first(x), **settings)), None)


def sequence(function):
    """A function of sequences with the channels first."""
    return lambda a, x, *weights: function(x.permute(0, 2, 1), *weights).permute(0, 2, 1)


# (PyTorch, JAX); None where a library has no function of this kind.
LAYERS = {
    "Linear": (lambda a, x, w, b=None: F.linear(x, w, b), lambda a, x, w, b=0.0: x @ w.T + b),
    "LayerNorm": (
        lambda a, x, g, b: F.layer_norm(x, x.shape[-1:], g, b),
        lambda a, x, g, b: jax.nn.standardize(x, -1, epsilon=1e-5) * g + b,
    ),
    "BatchNorm": (batch_norm_torch, batch_norm_jax),
    "MLP": (mlp_torch, mlp_jax),
    "Conv2D": (conv_torch, conv_jax),
    "MaxPool2D": (
        lambda a, x: last(torch.nn.MaxPool2d(a["size"], a["stride"])(first(x))),
        lambda a, x: operations.pool_jax(-jnp.inf, jax.lax.max)(x, window(a)),
    ),
    "AveragePool2D": (
        lambda a, x: last(torch.nn.AvgPool2d(a["size"], a["stride"])(first(x))),
        lambda a, x: operations.average_jax(x, window(a)),
    ),
    "Conv2D, grouped": (lambda a, x, w, b: last(F.conv2d(first(x), w, b, 2, 1, (1, 2), 2)), None),
    "Conv2D, depthwise": (
        lambda a, x, w, b: last(F.conv2d(first(x), w, b, padding="same", groups=x.shape[3])),
        None,
    ),
    "Conv1D": (sequence(lambda x, w, b: F.conv1d(x, w, b, 2, 2, 2)), None),
    "ConvTranspose2D": (
        lambda a, x, w, b: last(F.conv_transpose2d(first(x), w, b, 2, 1, 1, 2, (1, 2))),
        None,
    ),
    "ConvTranspose1D": (sequence(lambda x, w, b: F.conv_transpose1d(x, w, b, 3, 0, 2)), None),
    "maxPool, rounded up": (lambda a, x: last(F.max_pool2d(first(x), 3, 2, 1, (2, 1), ceil_mode=True)), None),
    "averagePool, rounded up": (lambda a, x: last(F.avg_pool2d(first(x), 3, 3, 1, True)), None),
    "averagePool, uncounted": (lambda a, x: last(F.avg_pool2d(first(x), 3, 2, 1, True, False)), None),
    "adaptiveMaxPool": (lambda a, x: last(F.adaptive_max_pool2d(first(x), (3, 4))), None),
    "adaptiveAveragePool": (lambda a, x: last(F.adaptive_avg_pool2d(first(x), (3, 4))), None),
    "resize, nearest": resized(size=(4, 8)),
    "resize, bilinear": resized(size=(4, 8), mode="bilinear"),
    "resize, scaled": resized(scale_factor=1.5, mode="bilinear"),
    "resize, aligned": resized(size=(9, 1), mode="bilinear", align_corners=True),
    "pad, reflect": padded("reflect"),
    "pad, replicate": padded("replicate"),
    "pad, circular": padded("circular"),
    "pad, constant": padded("constant", value=1.5),
    "GroupNorm": (lambda a, x, g, b: last(F.group_norm(first(x).contiguous(), 3, g, b)), None),
    "InstanceNorm": (lambda a, x, g, b: last(F.instance_norm(first(x), weight=g, bias=b)), None),
    "crossEntropy": (
        lambda a, z, i: F.cross_entropy(z, i),
        lambda a, z, i: -pick_mean(jax.nn.log_softmax(z), i),
    ),
    "crossEntropy(probabilities)": (lambda a, z, t: F.cross_entropy(z, t), None),
    "binaryCrossEntropy": (lambda a, z, t: F.binary_cross_entropy_with_logits(z, t), None),
    "meanSquaredError": (lambda a, y, t: F.mse_loss(y, t), lambda a, y, t: jnp.square(y - t).mean()),
    "crossEntropy(smoothing)": (smoothed, None),
    "negativeLogLikelihood": (lambda a, z, i: F.nll_loss(z.reshape(-1, 4), i.reshape(-1), ignore_index=1), None),
    "hinge(scores)": (hinge_torch, None),
    "meanAbsoluteError": (lambda a, y, t: F.l1_loss(y, t), None),
    "huber": (lambda a, y, t: F.huber_loss(y, t, delta=0.75), None),
    "smoothL1": (lambda a, y, t: F.smooth_l1_loss(y, t, beta=0.75), None),
    "poissonNLL": (lambda a, z, t: F.poisson_nll_loss(z, t), None),
    "gaussianNLL": (lambda a, y, t, v: F.gaussian_nll_loss(y, t, v.exp()), None),
    "klDivergence": (lambda a, q, t: F.kl_div(q, t.softmax(-1), reduction="batchmean"), None),
    "cosineSimilarity": (lambda a, x, y: F.cosine_similarity(x, y), None),
    "triplet": (lambda a, x, p, n: F.triplet_margin_loss(x, p, n), None),
    "RNN": (recurrent(torch.rnn_tanh, 1, (0, 3, 1, 2)), None),
    "LSTM": (recurrent(torch.lstm, 2, (0, 3, 1, 2)), None),
    "GRU": (recurrent(torch.gru, 1, (0, 2, 1, 3)), None),
    "MultiHeadAttention": (attention_torch, None),
    "TransformerBlock": (block_torch, None),
    "RMSNorm": (lambda a, x, g: F.rms_norm(x, x.shape[-1:], g, eps=1e-5), None),
    "identity": (lambda a, x: torch.nn.Identity()(x), lambda a, x: jax.nn.identity(x)),
    "leakyRelu": (lambda a, x: torch.nn.LeakyReLU()(x), lambda a, x: jax.nn.leaky_relu(x)),
    "elu": (lambda a, x: torch.nn.ELU()(x), lambda a, x: jax.nn.elu(x)),
} | {
    name: tuple(lambda a, x, f=f: f(x) for f in peers.UNARY[name])
    for name in ("relu", "gelu", "silu", "sigmoid", "tanh", "softplus")
}


def function(which, case):
    """The library's own function as a function of the leaves that move; None when there is none."""
    own = LAYERS[case["case"]][which]
    if own is None:
        return None

    def run(*moved):
        values = dict(zip(case["moving"], moved))
        for i in case["arguments"]:
            if i not in values:
                values[i] = operations.leaf(which, case["nodes"][i])
        return own(case["settings"], *(values[i] for i in case["arguments"]))

    return run


# Trainings.


def optimizer(case, weights, biases):
    s, rate = case["settings"], case["rate"]
    everything = weights + biases
    match case["training"]:
        case "SGD":
            decay = s.get("l2", 0)
            return torch.optim.SGD([{"params": weights, "weight_decay": decay}, {"params": biases}], rate)
        case "Momentum":
            return torch.optim.SGD(everything, rate, momentum=s["momentum"])
        case "Nesterov":
            return torch.optim.SGD(everything, rate, momentum=s["momentum"], nesterov=True)
        case "Adagrad":
            return torch.optim.Adagrad(everything, rate)
        case "RMSProp":
            return torch.optim.RMSprop(everything, rate, alpha=s["decay"])
        case "Adam":
            betas = (s.get("beta1", 0.9), s.get("beta2", 0.999))
            return torch.optim.Adam(everything, rate, betas, eps=s.get("epsilon", 1e-8))
        case "AdamW":
            return torch.optim.AdamW(everything, rate, weight_decay=s["weightDecay"])
    raise ValueError(f"layers.py: it knows no optimiser '{case['training']}'")


def schedule(settings, made):
    if "every" in settings:
        return torch.optim.lr_scheduler.StepLR(made, int(settings["every"]), settings["factor"])
    if "exponential" in settings:
        return torch.optim.lr_scheduler.ExponentialLR(made, settings["exponential"])
    if "cosine" in settings:
        return torch.optim.lr_scheduler.CosineAnnealingLR(made, int(settings["cosine"]))
    return torch.optim.lr_scheduler.LambdaLR(made, lambda step: 1)


def train(case):
    """The losses and the parameters at the end of the same training in PyTorch."""
    parameters = []
    for i, elements in enumerate(case["start"]):
        inputs, outputs = case["sizes"][i // 2 : i // 2 + 2]
        shape = (outputs, inputs) if i % 2 == 0 else (outputs,)
        parameters.append(torch.tensor(elements).reshape(shape).requires_grad_())
    made = optimizer(case, parameters[0::2], parameters[1::2])
    rates = schedule(case["settings"], made)
    losses = []
    for x, y in zip(case["inputs"], case["labels"]):
        made.zero_grad()
        loss = F.cross_entropy(mlp_torch({}, torch.tensor(x).reshape(len(y), -1), *parameters), torch.tensor(y))
        loss.backward()
        if "clipValue" in case["settings"]:
            torch.nn.utils.clip_grad_value_(parameters, case["settings"]["clipValue"])
        if "clipNorm" in case["settings"]:
            torch.nn.utils.clip_grad_norm_(parameters, case["settings"]["clipNorm"])
        made.step()
        rates.step()
        losses.append(loss.item())
    return losses, [p.flatten().tolist() for p in parameters]
