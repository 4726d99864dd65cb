"""Networks that PyTorch exports to ONNX, recorded on a tape by the program Witness: values and gradients against PyTorch's.

    onnx_exports.py PROGRAM [NAME... | keras]

Each network is written by both exporters of PyTorch. Values, the gradient of a random cotangent at the input, and those at every
parameter agree to 1e-5 of the largest number. Networks of Keras, which computes with PyTorch here, are asked likewise, and the linear
models and the perceptron of scikit-learn for their values, where these and their exporters are installed. The exit code is 1 when
something differs.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.MaxPool2d(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 10))

    def forward(self, x):
        return self.head(self.features(x))


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.first = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, padding=1, groups=2, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.skip = nn.Conv2d(channels, out, 1, stride=stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = torch.relu(self.norm1(self.first(x)))
        return torch.relu(self.norm2(self.second(y)) + self.skip(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))


class Recurrent(nn.Module):
    def __init__(self, kind, bidirectional=False):
        super().__init__()
        self.cell = kind(5, 7, num_layers=2, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(14 if bidirectional else 7, 3)

    def forward(self, x):
        return self.head(self.cell(x)[0])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True, norm_first=True, activation="gelu")
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        return self.head(self.layer(x))


class Upsampling(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(2, 6, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(3, 6)
        self.up = nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.last = nn.Conv2d(6, 1, 3, padding=2, dilation=2)

    def forward(self, x):
        y = nn.functional.silu(self.norm(self.down(x)))
        wide = nn.functional.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
        wide = nn.functional.interpolate(wide, size=x.shape[2:], mode="nearest")
        return self.last(torch.cat([self.up(y), wide], dim=1))


NETWORKS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(6, 9), nn.Sigmoid(), nn.Linear(9, 4), nn.LogSoftmax(dim=1)), (5, 6)),
    "lenet": (LeNet, (2, 1, 28, 28)),
    "residual": (Residual, (2, 3, 8, 8)),
    "upsampling": (Upsampling, (2, 2, 8, 8)),
    "lstm": (lambda: Recurrent(nn.LSTM), (2, 6, 5)),
    "lstm-both": (lambda: Recurrent(nn.LSTM, True), (2, 6, 5)),
    "gru": (lambda: Recurrent(nn.GRU), (2, 6, 5)),
    "rnn": (lambda: Recurrent(nn.RNN), (2, 6, 5)),
    "encoder": (Encoder, (2, 5, 16)),
}


def save(folder, name, array, tensor_name=""):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(numpy_helper.from_array(np.ascontiguousarray(array), tensor_name).SerializeToString())


def write(folder, make, shape, dynamo):
    """The model, an input, and PyTorch's answers. Returns the number of parameters that the file names as PyTorch does."""
    torch.manual_seed(3)
    network = make().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    for parameter in network.parameters():
        # The older exporter makes one tensor of those that are equal, such as the scales of two norms.
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.1, 1)
    x = torch.randn(shape)
    path = os.path.join(folder, "model.onnx")
    if dynamo:
        torch.onnx.export(network, (x,), path, dynamo=True, verbose=False, optimize=False, external_data=False)
    else:
        torch.onnx.export(network, (x,), path, dynamo=False, do_constant_folding=False)
    x.requires_grad_()
    # The fast path of the encoder has no gradient.
    torch.backends.mha.set_fastpath_enabled(False)
    y = network(x)
    cotangent = torch.randn(y.shape)
    names = [name for name, _ in network.named_parameters()]
    gradients = torch.autograd.grad(y, [x] + list(network.parameters()), cotangent)
    save(folder, "input.pb", x.detach().numpy())
    save(folder, "output.pb", y.detach().numpy())
    save(folder, "cotangent.pb", cotangent.numpy())
    held = {tensor.name for tensor in onnx.load(path).graph.initializer}
    count = 0
    for i, (name, gradient) in enumerate(zip(["", *names], gradients)):
        if name == "" or name in held:
            save(folder, f"gradient_{i}.pb", gradient.numpy(), name)
            count += name != ""
    return count, len(names)


def keras_networks():
    """Networks of Keras, each by its name."""
    import keras
    from keras import layers

    steps, images = keras.Input((6, 5)), keras.Input((12, 12, 2))
    return {
        "perceptron": lambda: keras.Sequential([
            keras.Input((6,)), layers.Dense(9, activation="tanh"), layers.Dropout(0.2), layers.Dense(4, activation="softmax")]),
        "CNN": lambda: keras.Sequential([
            images, layers.Conv2D(4, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
            layers.MaxPooling2D(), layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
            layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(3)]),
        "depthwise CNN": lambda: keras.Sequential([
            images, layers.SeparableConv2D(4, 3, activation="swish"), layers.GroupNormalization(2), layers.UpSampling2D(),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same"), layers.GlobalAveragePooling2D()]),
        "LSTM": lambda: keras.Sequential([
            steps, layers.LSTM(7, return_sequences=True), layers.LSTM(4), layers.Dense(3)]),
        "GRU": lambda: keras.Sequential([steps, layers.Bidirectional(layers.GRU(4)), layers.Dense(3)]),
    }


def keras_models(folder):
    """Keras' networks as files with its answers; nothing where it is not installed."""
    os.environ["KERAS_BACKEND"] = "torch"
    try:
        import keras
    except ImportError:
        print("skipped: networks of Keras (it is not installed)")
        return
    for name, make in keras_networks().items():
        for rows in (None, 3):
            # Where the number of rows is fixed, Keras asks the newer exporter of PyTorch.
            title = f"Keras' {name}, {'any number of rows' if rows is None else 'three rows'}"
            place = os.path.join(folder, title.replace(" ", "_").replace(",", ""))
            os.makedirs(place)
            count, most = write_keras(place, make(), rows)
            yield f"{title}: {count} of {most} weights by value", place


def write_keras(folder, network, rows):
    """The model, an input, and Keras' answers. Returns the number of weights that the file holds unfolded."""
    import keras

    keras.utils.set_random_seed(3)
    for weight in network.weights:
        weight.assign(np.random.uniform(0.1, 1, weight.shape) if weight.ndim == 1 else np.random.normal(0, 0.5, weight.shape))
    shape = network.input_shape[1:]
    network(np.zeros((3, *shape), np.float32))
    path = os.path.join(folder, "model.onnx")
    signature = None if rows is None else [keras.InputSpec(shape=(rows, *shape), dtype="float32")]
    network.export(path, format="onnx", verbose=False, input_signature=signature)
    x = torch.randn(3, *shape, requires_grad=True)
    weights = [weight.value for weight in network.trainable_weights]
    y = network(x, training=False)
    cotangent = torch.randn(y.shape)
    gradients = torch.autograd.grad(y, [x, *weights], cotangent)
    save(folder, "input.pb", x.detach().numpy())
    save(folder, "output.pb", y.detach().numpy())
    save(folder, "cotangent.pb", cotangent.numpy())
    save(folder, "gradient_0.pb", gradients[0].numpy())
    # Keras' names are lost, and some shapes have changed: weights are known by their numbers.
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    count = 0
    for i, (weight, gradient) in enumerate(zip(weights, gradients[1:]), 1):
        # Kernels stand there as ONNX has them: channels first.
        order = (3, 2, 0, 1) if weight.ndim == 4 else range(weight.ndim)
        value = weight.detach().numpy().transpose(order).ravel()
        name = next((name for name, found in held.items() if np.array_equal(found.ravel(), value)), None)
        if name is not None:
            save(folder, f"gradient_{i}.pb", gradient.numpy().transpose(order).reshape(held[name].shape), name)
            count += 1
    return count, len(weights)


def linear_models(folder):
    """scikit-learn's models as files with an input and an output; nothing where it or its exporter is not installed."""
    try:
        from skl2onnx import to_onnx
        from sklearn import linear_model, neural_network, pipeline, preprocessing
    except ImportError:
        print("skipped: models of scikit-learn (skl2onnx is not installed)")
        return
    draw = np.random.default_rng(1)
    x = draw.normal(size=(40, 4)).astype(np.float32)
    target = (x @ draw.normal(size=4) + 0.1 * draw.normal(size=40)).astype(np.float32)
    labels = (target > np.median(target)).astype(int) + (target > np.quantile(target, 0.8))
    for name, model, goal in [
        ("LinearRegression", linear_model.LinearRegression(), target),
        ("Ridge", pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()), target),
        ("LogisticRegression", linear_model.LogisticRegression(), labels),
        ("LogisticRegression of two", linear_model.LogisticRegression(), labels > 0),
        ("MLPClassifier", neural_network.MLPClassifier(hidden_layer_sizes=(8,), max_iter=60), labels),
        ("MLPRegressor", neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=60), target),
        ("Normalizer", pipeline.make_pipeline(preprocessing.Normalizer(), linear_model.Ridge()), target),
    ]:
        model.fit(x, goal)
        place = os.path.join(folder, name)
        os.makedirs(place)
        is_classifier = hasattr(model, "predict_proba")
        options = {id(model): {"zipmap": False}} if is_classifier else None
        exported = to_onnx(model, x[:1], options=options, target_opset=18)
        with open(os.path.join(place, "model.onnx"), "wb") as file:
            file.write(exported.SerializeToString())
        y = model.predict_proba(x) if is_classifier else model.predict(x).reshape(-1, 1)
        save(place, "input.pb", x)
        save(place, "output.pb", y.astype(np.float32))
        yield name, place


def main():
    program, chosen = sys.argv[1], sys.argv[2:]
    faults = 0
    with tempfile.TemporaryDirectory() as work:
        cases = []
        for name, (make, shape) in NETWORKS.items():
            for dynamo in (False, True):
                title = f"{name}, {'dynamo' if dynamo else 'older'} exporter"
                if chosen and name not in chosen:
                    continue
                folder = os.path.join(work, title.replace(" ", "_").replace(",", ""))
                os.makedirs(folder)
                standard, sys.stdout = sys.stdout, open(os.devnull, "w")
                try:
                    count, most = write(folder, make, shape, dynamo)
                finally:
                    sys.stdout = standard
                cases.append((f"{title}: {count} of {most} parameters by name", folder))
        if not chosen or "keras" in chosen:
            cases += keras_models(work)
        if not chosen:
            cases += [(f"scikit-learn's {name}", place) for name, place in linear_models(work)]
        for title, folder in cases:
            run = subprocess.run([program, "onnx-export"], input=folder + "\n", capture_output=True, text=True)
            answer = json.loads(run.stdout) if run.stdout else {"outcome": "ends", "reason": run.stderr[-400:]}
            print(f"{title}: {answer['outcome']} {answer['reason']}")
            faults += answer["outcome"] != "passes"
    sys.exit(1 if faults else 0)


main()
