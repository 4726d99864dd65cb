"""Networks that PyTorch exports to ONNX, recorded on a tape by the program Witness: values and gradients against PyTorch's.

    onnx_exports.py PROGRAM [NAME...]

Each network is written by both exporters of PyTorch. Values, the gradient of a random cotangent at the input, and those at every
parameter agree to 1e-5 of the largest number. The linear models and the perceptron of scikit-learn are asked as well, where it and
its exporter are installed. The exit code is 1 when something differs.
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
        if not chosen:
            cases += [(f"scikit-learn's {name}", place) for name, place in linear_models(work)]
        for title, folder in cases:
            run = subprocess.run([program, "onnx-export"], input=folder + "\n", capture_output=True, text=True)
            answer = json.loads(run.stdout) if run.stdout else {"outcome": "ends", "reason": run.stderr[-400:]}
            print(f"{title}: {answer['outcome']} {answer['reason']}")
            faults += answer["outcome"] != "passes"
    sys.exit(1 if faults else 0)


main()
