"""Sends PyTorch's own sample inputs (OpInfo, float64) to the program Witness, and compares its answers with PyTorch's.

    opinfo.py PROGRAM [NAME...]

At most 20 samples of each function that exists here: value, gradients for a random cotangent, and, where PyTorch has second
derivatives, those of the gradient along a random direction. A difference counts against the largest number of its answer, or
against 1 where that is smaller; 1e-11 times the root of the number of elements is allowed. What is left out is counted by
reason. The exit code is 1 when an answer is wrong.
"""

import collections
import json
import struct
import subprocess
import sys
import types
import unittest
import warnings

# PyTorch's lists import a package of its tests alone, of which they use one class.
if "expecttest" not in sys.modules:
    stand_in = types.ModuleType("expecttest")
    stand_in.TestCase = unittest.TestCase
    sys.modules["expecttest"] = stand_in
warnings.filterwarnings("ignore")

import torch
from torch.testing._internal.common_methods_invocations import op_db

MOST = 20
TOLERANCE = 1e-11
# What PyTorch itself computes wrongly, part by part, and how far off it is; judged by 150 digits.
INEXACT_THERE = {
    ("nn.functional.hardsigmoid", "gradient"): 1e-7,  # 1/6 is one in single precision
    ("nn.functional.binary_cross_entropy", "second derivative"): 1e-10,  # divides by x(1 - x) + 1e-12
}
# Functions that read one triangle of a factor; PyTorch's derivative by the other one is not 0, though the value ignores it.
# By tril or triu before it, PyTorch agrees with itself. The number is the place of the factor.
READ_A_TRIANGLE = {"cholesky_solve": 1, "cholesky_inverse": 0}
# Where a norm is 0, its second derivative is NaN in PyTorch and, as Design.md states, 0 here.
NOT_A_NUMBER_THERE = {"linalg.norm subgradients_at_zero"}


class Unsendable(Exception):
    pass


def bits(tensor):
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    return flat.numpy().astype(">f8").tobytes().hex()


def packed(op, sample):
    """The sample as JSON, and the tensors that move."""
    tensors, moving, known, kept = [], [], {}, []

    def value(x):
        if isinstance(x, torch.Tensor):
            if id(x) not in known:
                known[id(x)] = len(tensors)
                entry = {"shape": list(x.shape)}
                if x.layout != torch.strided:
                    raise Unsendable("a sparse tensor")
                if x.dtype == torch.float64:
                    entry["bits"] = bits(x)
                    entry["moves"] = x.requires_grad
                    if x.requires_grad:
                        moving.append(x)
                elif x.dtype == torch.bool:
                    # Conditions are numbers here.
                    entry["bits"] = bits(x.to(torch.float64))
                elif not x.dtype.is_floating_point and not x.dtype.is_complex:
                    entry["indices"] = x.reshape(-1).tolist()
                else:
                    raise Unsendable(f"a tensor of {x.dtype}")
                tensors.append(entry)
            return {"tensor": known[id(x)]}
        if x is None or isinstance(x, (bool, int, str)):
            return x
        if isinstance(x, float):
            if x != x:
                raise Unsendable("an argument that is no number")
            if x in (float("inf"), float("-inf")):
                return {"infinite": 1 if x > 0 else -1}
            return x
        if isinstance(x, list) and op.name == "__getitem__":
            # Not a position for each axis, but a list of positions.
            kept.append(torch.tensor(x))
            return value(kept[-1])
        if isinstance(x, (list, tuple)):
            return [value(y) for y in x]
        if isinstance(x, slice):
            return {"slice": [value(x.start), value(x.stop), value(x.step)]}
        if x is Ellipsis:
            return {"ellipsis": True}
        if isinstance(x, torch.dtype):
            if x == torch.float64:
                return None
            raise Unsendable("an argument dtype")
        if isinstance(x, torch.device):
            return None
        raise Unsendable(f"an argument of {type(x).__name__}")

    arguments = [value(x) for x in (sample.input, *sample.args)]
    keywords = {name: value(x) for name, x in sample.kwargs.items()}
    return {"arguments": arguments, "keywords": keywords, "tensors": tensors}, moving


def outputs_of(result):
    if isinstance(result, torch.Tensor):
        return [result]
    return [y for y in result if isinstance(y, torch.Tensor)]


def called(op, sample):
    """PyTorch's answer."""
    arguments = [sample.input, *sample.args]
    if op.name in READ_A_TRIANGLE:
        place = READ_A_TRIANGLE[op.name]
        factor = arguments[place]
        arguments[place] = factor.triu() if sample.kwargs.get("upper") else factor.tril()
    return op(*arguments, **sample.kwargs)


def difference(found, expected):
    """The largest difference, against the largest magnitude or 1; infinite where only one is a number."""
    if found.shape != expected.shape:
        return float("inf")
    if expected.numel() == 0:
        return 0.0
    special = ~torch.isfinite(expected)
    if not torch.equal(special, ~torch.isfinite(found)):
        return float("inf")
    same = (found == expected) | (found.isnan() & expected.isnan())
    if not bool(same[special].all()):
        return float("inf")
    (a, b) = (found[~special], expected[~special])
    return float(((a - b).abs() / max(1.0, float(b.abs().max()) if b.numel() else 1.0)).max()) if a.numel() else 0.0


class Witness:
    """The program, which is begun again when a sample has ended it."""

    def __init__(self, program):
        self.program, self.process = program, None
        self.names = set(self.begin()["names"])

    def begin(self):
        self.process = subprocess.Popen(
            [self.program, "opinfo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return json.loads(self.process.stdout.readline())

    def ask(self, sample):
        self.process.stdin.write(json.dumps(sample) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        said = [text for text in self.process.communicate()[1].splitlines() if "rror: " in text]
        self.begin()
        return {"ended": said[0].split("rror: ")[-1][:160] if said else "the process ended"}


def tensor(text, shape):
    numbers = struct.unpack(f">{len(text) // 16}d", bytes.fromhex(text))
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)


def random(shape, generator):
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 3 - 1.5


def compare(op, name, sample, witness, generator):
    """What was called, "own" or "made"; the reason why the sample is left out, or None; and what is wrong, in words."""
    message, moving = packed(op, sample)
    result = called(op, sample)
    ys = outputs_of(result)
    numbers = [y.dtype == torch.float64 for y in ys]
    if any(y.is_complex() for y in ys):
        raise Unsendable("a complex result")
    cotangents = [random(y.shape, generator) if n else None for y, n in zip(ys, numbers)]
    directions = [random(x.shape, generator) for x in moving]
    answer = witness.ask(
        {
            **message,
            "name": name,
            "cotangents": [c if c is None else {"shape": list(c.shape), "bits": bits(c)} for c in cotangents],
            "directions": [{"shape": list(v.shape), "bits": bits(v)} for v in directions],
        })
    if "left out" in answer:
        return None, answer["left out"], []
    if "ended" in answer:
        return None, None, [answer["ended"]]
    (kind, wrong) = ("own" if answer["own"] else "made", [])
    elements = max([1] + [x.numel() for x in (*ys, *moving)])

    def check(what, texts, expected, shapes):
        for place, (text, right, shape) in enumerate(zip(texts, expected, shapes)):
            if right is None:
                continue
            unknown = what == "second derivative" and bool(right.isnan().any())
            if unknown and f"{op.name} {op.variant_test_name}" in NOT_A_NUMBER_THERE:
                continue
            found = tensor(text, shape)
            d = difference(found, right.detach().to(torch.float64).reshape(right.shape))
            if not d <= INEXACT_THERE.get((op.name, what), TOLERANCE) * elements**0.5:
                wrong.append(f"{what} {place} differs by {d:.1e}")

    if len(answer["values"]) != len(ys):
        return kind, None, [f"{len(answer['values'])} results for {len(ys)}"]
    check("value", answer["values"], ys, answer["shapes"])
    total = sum((y * c).sum() for y, c in zip(ys, cotangents) if c is not None and y.requires_grad)
    if not moving or not isinstance(total, torch.Tensor):
        return kind, None, wrong
    if "gradients" not in answer:
        return kind, None, [*wrong, "no gradients"]
    shapes = [x.shape for x in moving]
    filled = lambda gs: [torch.zeros(s, dtype=torch.float64) if g is None else g for g, s in zip(gs, shapes)]
    first = filled(torch.autograd.grad(total, moving, create_graph=True, allow_unused=True))
    check("gradient", answer["gradients"], first, shapes)
    if op.supports_gradgrad and "seconds" in answer:
        along = sum((g * v).sum() for g, v in zip(first, directions))
        try:
            second = [None] * len(moving)
            if along.requires_grad:
                second = torch.autograd.grad(along, moving, allow_unused=True)
        except RuntimeError:
            return kind, None, wrong
        check("second derivative", answer["seconds"], filled(second), shapes)
    return kind, None, wrong


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    witness = Witness(sys.argv[1])
    wanted = set(sys.argv[2:])
    generator = torch.Generator().manual_seed(1)
    counts, reasons, failures, names = collections.Counter(), collections.Counter(), [], set()
    for op in op_db:
        full = f"{op.name} {op.variant_test_name}".strip()
        name = full if full in witness.names else op.name
        if name not in witness.names or (wanted and op.name not in wanted) or torch.float64 not in op.dtypes:
            continue
        torch.manual_seed(7)
        names.add(full)
        samples = op.sample_inputs("cpu", torch.float64, requires_grad=op.supports_autograd)
        for number, sample in zip(range(MOST), samples):
            counts["samples"] += 1
            try:
                kind, reason, wrong = compare(op, name, sample, witness, generator)
            except Unsendable as error:
                kind, reason, wrong = None, str(error), []
            if reason:
                reasons[reason, op.name] += 1
            elif wrong:
                shapes = [list(x.shape) if isinstance(x, torch.Tensor) else x for x in (sample.input, *sample.args)]
                failures.append(f"{op.name} {op.variant_test_name} sample {number} {shapes} {sample.kwargs}: " + "; ".join(wrong))
            else:
                counts[kind] += 1
    for text in failures:
        print("wrong:", text[:300])
    by_reason = collections.defaultdict(list)
    for (reason, name), count in reasons.items():
        by_reason[reason].append((count, name))
    for reason, uses in sorted(by_reason.items(), key=lambda item: -sum(c for c, _ in item[1])):
        print(f"left out: {sum(c for c, _ in uses)}: {reason} ({', '.join(sorted({n for _, n in uses}))})")
    print(
        f"{counts['samples']} samples of {len(names)} entries: {counts['own'] + counts['made']} agree "
        f"({counts['own']} by a function of its own, {counts['made']} by compositions), {len(failures)} wrong, "
        f"{sum(reasons.values())} left out")
    sys.exit(1 if failures else 0)


main()
