"""Trains four architectures in PyTorch, and compares the losses of the program Witness step by step.

    trainings.py PROGRAM [NAME…]

A language model, a classifier of sequences, a residual network and a variational autoencoder, in float64 and in float32. Each
training goes into a safetensors file: the initial weights under PyTorch's own names, and the batches. The program reads it,
trains from there, and prints its losses. The exit code is 1 when one is further from PyTorch's than rounding explains.
"""

import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F

import formats
from torch import nn

STEPS = 100
# Relative to PyTorch's loss at the same step.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
KINDS = {torch.float64: "F64", torch.float32: "F32", torch.int32: "I32", torch.int64: "I64"}


def write(path, tensors):
    """A safetensors file: the length of the header, the header, the data."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        numbers = tensor.detach().contiguous().numpy().tobytes()
        places = [len(data), len(data) + len(numbers)]
        header[name] = {"dtype": KINDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": places}
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class GPT(nn.Module):
    """The language model of Examples/TinyLanguageModel, on the text that it reads."""

    width, heads, context, batch = 64, 4, 64, 8

    def __init__(self, documents):
        super().__init__()
        text = "".join(open(path, encoding="utf-8").read() for path in sorted(glob.glob(f"{documents}/*.md")))
        code = {character: i for i, character in enumerate(sorted(set(text)))}
        self.text = torch.tensor([code[character] for character in text], dtype=torch.int32)
        block = lambda: nn.TransformerEncoderLayer(
            self.width, self.heads, 4 * self.width, 0.0, F.gelu, batch_first=True, norm_first=True)
        self.characters = nn.Embedding(len(code), self.width)
        self.positions = nn.Embedding(self.context, self.width)
        self.block1, self.block2, self.norm = block(), block(), nn.LayerNorm(self.width)
        for table in (self.characters, self.positions):
            nn.init.normal_(table.weight, 0, 0.02)

    def batches(self):
        starts = torch.randint(len(self.text) - self.context, (STEPS, self.batch))
        rows = starts[..., None] + torch.arange(self.context)
        return self.text[rows], self.text[rows + 1]

    def loss(self, text, after):
        x = self.characters(text) + self.positions.weight
        hidden = torch.ones(self.context, self.context, dtype=torch.bool).triu(1)
        for block in (self.block1, self.block2):
            x = block(x, src_mask=hidden)
        return F.cross_entropy(F.linear(self.norm(x), self.characters.weight).flatten(0, 1), after.long().flatten())

    def optimizer(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-3, weight_decay=0.01)


class LSTM(nn.Module):
    """Which of two words comes more often in a sequence: an LSTM of two layers in both directions."""

    def __init__(self, documents):
        super().__init__()
        self.words = nn.Embedding(8, 12)
        self.lstm = nn.LSTM(12, 16, 2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(32, 3)

    def batches(self):
        words = torch.randint(8, (STEPS, 16, 15), dtype=torch.int32)
        counts = [(words == i).sum(2) for i in range(2)]
        return words, ((counts[0] > counts[1]).int() + 2 * (counts[0] < counts[1])).int()

    def loss(self, words, labels):
        outputs, _ = self.lstm(self.words(words))
        return F.cross_entropy(self.head(outputs.mean(1)), labels.long())

    def optimizer(self):
        return torch.optim.Adam(self.parameters(), lr=0.001)


class CNN(nn.Module):
    """A residual network on images of 12 × 12 × 3 with a stripe that stands or lies; a quarter of the labels are wrong, so that
    the loss stays a number that rounding does not decide."""

    def __init__(self, documents):
        super().__init__()
        conv = lambda a, b, size, stride: nn.Conv2d(a, b, size, stride, size // 2, bias=False)
        self.stem, self.norm0 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv1, self.norm1 = conv(8, 16, 3, 2), nn.BatchNorm2d(16)
        self.conv2, self.norm2 = conv(16, 16, 3, 1), nn.BatchNorm2d(16)
        self.shortcut, self.head = conv(8, 16, 1, 2), nn.Linear(16 * 9, 2)

    def batches(self):
        images, labels = torch.randn(STEPS, 16, 3, 12, 12, dtype=torch.float64), torch.randint(2, (STEPS, 16)).int()
        for step in range(STEPS):
            for row, label in enumerate(labels[step]):
                place = int(torch.randint(12, ()))
                stripe = images[step, row, :, place] if label else images[step, row, :, :, place]
                stripe += 1
        return images, torch.where(torch.rand(labels.shape) < 0.25, 1 - labels, labels)

    def loss(self, images, labels):
        x = F.relu(self.norm0(self.stem(images)))
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        x = F.max_pool2d(F.relu(self.shortcut(x) + y), 2)
        return F.cross_entropy(self.head(x.flatten(1)), labels.long())

    def optimizer(self):
        return torch.optim.SGD(self.parameters(), lr=0.005, momentum=0.9)


class VAE(nn.Module):
    """Images of 8 × 8 with two strokes; the noise is an input."""

    def __init__(self, documents):
        super().__init__()
        self.encoder, self.mean, self.spread = nn.Linear(64, 32), nn.Linear(32, 2), nn.Linear(32, 2)
        self.decoder, self.image = nn.Linear(2, 32), nn.Linear(32, 64)

    def batches(self):
        images = torch.zeros(STEPS, 16, 8, 8, dtype=torch.float64)
        rows, columns = torch.randint(8, (2, STEPS, 16))
        steps, places = torch.meshgrid(torch.arange(STEPS), torch.arange(16), indexing="ij")
        images[steps, places, rows] = 1
        images[steps, places, :, columns] = 1
        return images.flatten(2), torch.randn(STEPS, 16, 2, dtype=torch.float64)

    def loss(self, images, noise):
        x = torch.tanh(self.encoder(images))
        mean, spread = self.mean(x), self.spread(x)
        y = self.image(torch.tanh(self.decoder(mean + torch.exp(spread / 2) * noise)))
        error = F.binary_cross_entropy_with_logits(y, images, reduction="none").sum(1)
        return (error + (mean**2 + spread.exp() - spread - 1).sum(1) / 2).mean()

    def optimizer(self):
        return torch.optim.Adam(self.parameters(), lr=0.003)


def train(model, batches):
    optimizer, losses = model.optimizer(), []
    for batch in zip(*batches):
        optimizer.zero_grad()
        loss = model.loss(*batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    documents = os.path.join(os.path.dirname(__file__), "..", "..", "Docs")
    failures, exact = 0, {}
    for architecture in (GPT, LSTM, CNN, VAE):
        name = architecture.__name__
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        for kind, tolerance in TOLERANCE.items():
            torch.manual_seed(1)
            model, started = architecture(documents).to(kind), time.time()
            batches = [x.to(kind) if x.is_floating_point() else x for x in model.batches()]
            with tempfile.TemporaryDirectory() as folder:
                file = os.path.join(folder, "start.safetensors")
                write(file, model.state_dict() | {f"batches.{i}": x for i, x in enumerate(batches)})
                state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
                theirs = train(model, batches)
                run = subprocess.run([sys.argv[1], "architecture", name, file], stdout=subprocess.PIPE, text=True)
                if run.returncode:
                    sys.exit(f"{name}: Witness ended with {run.returncode}: {run.stdout}")
                # What is written under PyTorch's names opens there, and is what was read.
                written = architecture(documents).to(kind)
                written.load_state_dict(formats.read_safetensors(file + ".written"), strict=True)
                for key, tensor in written.state_dict().items():
                    assert torch.equal(tensor, state[key]), f"{name}: {key} was written otherwise"
            ours = json.loads(run.stdout)["losses"]
            apart = [abs(a - b) / abs(b) for a, b in zip(ours, theirs)]
            isWrong = len(ours) != STEPS or not max(apart) <= tolerance
            failures += isWrong
            exact.setdefault(name, theirs)
            rounding = max(abs(a - b) / abs(b) for a, b in zip(theirs, exact[name]))
            print(
                f"{name} {str(kind)[6:]}: {STEPS} steps, loss {theirs[0]:.6f} to {theirs[-1]:.6f} in PyTorch and "
                f"{ours[-1]:.6f} here, at most {max(apart):.1e} apart" + (f": more than {tolerance}" if isWrong else "")
                + (f"; PyTorch's own float32 is {rounding:.1e} from its float64" if rounding else "")
                + f", {time.time() - started:.0f} s")
            sys.stdout.flush()
    sys.exit(1 if failures else 0)


main()
