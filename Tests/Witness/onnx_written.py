"""Our ONNX files in the hands of others: `onnx` checks them, ONNX Runtime runs them, and the numbers are ours.

  onnx_written.py WITNESS [ADJOINT]   writes the models with WITNESS and compares; then a network that ADJOINT trains and exports

An output may differ by 1e-5 of its largest element in single precision, and by 1e-12 in double precision. Of gradients that is
the largest of all: one that is 0 by symmetry holds rounding alone. Where the runtime lacks an operator in double precision,
the evaluator of `onnx` takes its place.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.reference
import onnxruntime

BOUNDS = {"float": 1e-5, "double": 1e-12}
RUNS = collections.Counter()


def array(value, dtype):
    if "indices" in value:
        return np.array(value["indices"], np.int64).reshape(value["shape"])
    numbers = [np.nan if x is None else x for x in value["numbers"]]
    return np.array(numbers, dtype).reshape(value["shape"])


def runner(path, model):
    """A function from named inputs to outputs."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return "ONNX Runtime", lambda feeds: session.run(None, feeds)
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        RUNS["no kernel: " + str(error).split("implementation for ")[-1].split("(")[0]] += 1
        evaluator = onnx.reference.ReferenceEvaluator(model)
        return "the evaluator of onnx", lambda feeds: evaluator.run(None, feeds)


def difference(found, expected, scale=0.0):
    """The largest difference relative to the largest element; infinite where one is not a number and the other is."""
    if found.shape != expected.shape:
        return np.inf
    finite = np.isfinite(expected)
    if not np.array_equal(np.isfinite(found), finite):
        return np.inf
    if not finite.any():
        return 0.0
    scale = max(np.abs(expected[finite]).max(), scale) or 1.0
    return float(np.abs(found[finite].astype(np.float64) - expected[finite].astype(np.float64)).max() / scale)


def check(case, folder):
    path = str(folder / case["file"])
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    dtype = {"float": np.float32, "double": np.float64}[case["type"]]
    inputs = {value.name: value for value in model.graph.input}
    feeds = {name: array(value, dtype) for name, value in case["inputs"].items() if name in inputs}
    expected = [array(value, dtype) for value in case["outputs"].values()]
    who, run = runner(path, model)
    RUNS[case["type"] + " by " + who] += 1
    results = run(feeds)
    scale = 0.0
    if case["case"].startswith(("gradients", "step")):
        scale = max(np.abs(right).max() for right in expected[1:])
    worst = max(difference(found, right, scale) for found, right in zip(results, expected))
    if worst > BOUNDS[case["type"]]:
        return f"differs by {worst:.2g}"
    if case["case"].startswith(("layer", "model", "gradients")):
        is_mean = case["case"].startswith("gradients")
        doubled = batch(model, feeds, expected, run, BOUNDS[case["type"]], scale, is_mean)
        if doubled:
            return doubled
    if "losses" in case:
        return loop(model, feeds, case, run)
    return None


def batch(model, feeds, expected, run, bound, scale, is_mean):
    """The batch twice gives each row twice; what has no row for each example stays, or, where it is no mean, is twice the sum."""
    free = {v.name for v in model.graph.input if v.type.tensor_type.shape.dim and v.type.tensor_type.shape.dim[0].dim_param}
    if not free:
        RUNS["with a fixed batch"] += 1
        return None
    RUNS["with a free batch"] += 1
    twice = {name: np.concatenate([x, x]) if name in free else x for name, x in feeds.items()}
    for output, found, right in zip(model.graph.output, run(twice), expected):
        dims = output.type.tensor_type.shape.dim
        options = [np.concatenate([right, right])] if dims and dims[0].dim_param else [right] if is_mean else [right, 2 * right]
        if min(difference(found, option, scale) for option in options) > 10 * bound:
            return f"{output.name}: twice the batch gives {min(difference(found, o, scale) for o in options):.2g} else"
    return None


def loop(model, feeds, case, run):
    """A hundred steps: the next parameters go in again, and the losses are ours."""
    for number, right in enumerate(case["losses"]):
        results = dict(zip(case["outputs"], run(feeds)))
        found = float(results.pop("loss").reshape(()))
        if abs(found - right) > (1e-4 if case["type"] == "float" else 1e-9) * abs(right):
            return f"the loss of step {number} is {found}, ours {right}"
        feeds.update({name.removeprefix("next/"): value for name, value in results.items()})
    RUNS["looped 100 times"] += 1
    return None


def command(adjoint, folder, options):
    """A network that was trained, exported, and asked about one image, gives the probabilities of `adjoint predict`."""

    def run(*words):
        return subprocess.run([adjoint, *words], cwd=folder, check=True, capture_output=True, text=True).stdout

    run("train", "--data", "drawn", "--train-limit", "300", "--test-limit", "50", "--epochs", "1", *options,
        "--save", "run.safetensors")
    run("export", "--load", "run.safetensors", "-o", "run.onnx")
    image = np.zeros((28, 28), np.uint8)
    image[6:22, 12:16] = np.arange(120, 184).reshape(16, 4)
    (folder / "image.pgm").write_bytes(b"P5\n28 28\n255\n" + image.tobytes())
    line = run("predict", "--load", "run.safetensors", "image.pgm", "--json").strip().splitlines()[-1]
    expected = np.array(list(json.loads(line)["probabilities"].values()))
    onnx.checker.check_model(str(folder / "run.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(str(folder / "run.onnx"), providers=["CPUExecutionProvider"])
    pixels = np.repeat(image.reshape(1, -1).astype(np.float32) / 255, 3, axis=0)
    found = session.run(["probabilities"], {"images": pixels})[0]
    RUNS["by adjoint export"] += 1
    worst = max(difference(row, expected) for row in found)
    return f"differs from adjoint predict by {worst:.2g}" if worst > 1e-5 else None


def main():
    witness, *rest = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([witness, "onnx-written", str(folder)], check=True)
        faults = []
        cases = [json.loads(line) for line in open(folder / "cases.jsonl")]
        for case in cases:
            try:
                fault = check(case, folder)
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
            if fault:
                faults.append(f"{case['case']} ({case['type']}): {str(fault)[:300]}")
        for adjoint in rest:
            for options in (["--standardize", "image", "--loss", "bce"], ["--model", "cnn", "--standardize", "pixel"]):
                fault = command(str(pathlib.Path(adjoint).resolve()), folder, options)
                faults += [f"adjoint export of {' '.join(options)}: {fault}"] if fault else []
    for fault in faults:
        print(fault)
    for what, count in sorted(RUNS.items()):
        print(f"{count:5} {what}")
    print(f"{len(cases)} models, {len(faults)} differ")
    sys.exit(1 if faults else 0)


main()
