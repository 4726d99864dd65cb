"""Runs ONNX's own tests through the program Witness, and writes their page.

    onnx_suite.py PROGRAM [--page FILE | --compare FILE] [--only TEXT]
    onnx_suite.py PROGRAM --damaged COUNT [--only TEXT]    records so many damaged copies of each test: none may end the program

The Python package onnx holds the tests: a model, inputs, and the outputs of the standard's own implementation. A test of numbers
takes a Float or a Double in and gives one back. The exit code is 1 when a result is wrong, the program ends within a test, or the
page is not the one in the repository.
"""

import collections
import json
import os
import re
import subprocess
import sys
import textwrap

import onnx

DATA = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
KINDS = ["node", "simple", "pytorch-operator", "pytorch-converted"]
FRACTIONS = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE}
LEAST = 800


def folders(only):
    for kind in KINDS:
        for name in sorted(os.listdir(os.path.join(DATA, kind))):
            folder = os.path.join(DATA, kind, name)
            if only in name and os.path.exists(os.path.join(folder, "model.onnx")):
                yield kind, name, folder


def is_numeric(folder):
    """True for a Float or Double among the inputs, and among the outputs."""
    graph = onnx.load(os.path.join(folder, "model.onnx"), load_external_data=False).graph
    held = {tensor.name for tensor in graph.initializer}

    def has(values):
        return any(v.type.tensor_type.elem_type in FRACTIONS for v in values if v.name not in held)

    return has(graph.input) and has(graph.output)


def outcomes(program, tests):
    """The outcome of each test. A test in which the program ends is told as such, and the rest run in another one."""
    rest = [folder for _, _, folder in tests]
    while rest:
        run = subprocess.run(
            [program, "onnx"], input="\n".join(rest) + "\n", capture_output=True, text=True, errors="replace")
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        for line in lines:
            yield line["outcome"], line["reason"]
        rest = rest[len(lines):]
        if rest:
            words = [line for line in run.stderr.splitlines() if "error" in line.lower()]
            yield "ends", words[0][:300] if words else "without a word"
            rest = rest[1:]


def damaged(program, tests, count):
    """Damaged copies of each test, which are recorded or refused. One that ends the program is told, and the rest run on."""
    rest = [(0, count, folder) for _, _, folder in tests]
    recorded = refused = faults = 0
    while rest:
        run = subprocess.run(
            [program, "onnx-damaged"], input="".join(f"{a} {b} {folder}\n" for a, b, folder in rest),
            capture_output=True, text=True, errors="replace")
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        for line in lines:
            if line["outcome"] == "passes":
                good, bad = map(int, line["reason"].split())
                recorded, refused = recorded + good, refused + bad
            else:
                faults += 1
                print(f"{os.path.basename(line['test'])}: {line['reason']}")
        rest = rest[len(lines):]
        if rest:
            start, left, folder = rest[0]
            words = run.stderr.splitlines()
            last = max((i for i, line in enumerate(words) if line.startswith("mutant ")), default=0)
            number = int(re.match(r"mutant (\d+)", words[last]).group(1)) if words else start
            why = next((line for line in words[last + 1:] if "rror" in line), f"exit code {run.returncode}")
            print(f"{os.path.basename(folder)}: {words[last][:250] if words else ''}: {why[:250]}")
            faults += 1
            left -= number + 1 - start
            rest = ([(number + 1, left, folder)] if left > 0 else []) + rest[1:]
    print(f"{len(tests)} tests, {count} damaged copies of each: {recorded} recorded, {refused} refused, {faults} ended or wrong")
    return faults


def page(rows):
    numeric = [row for row in rows if row[3]]
    node = [row for row in rows if row[0] == "node"]
    passed = sum(row[4] == "passes" for row in numeric)
    out = [
        "# ONNX, test by test", "",
        "<!-- written by Tests/Witness/onnx_suite.py -->", "",
        "`Model(onnx: url)` of the module `AdjointONNX` reads a model and records it on a tape: run it, differentiate it, check it, train it, and `save(onnx:)` it again.",
        "Floating-point tensors of the file are parameters under their names there. Each operator is recorded as plain operations; all that are missing are named",
        "at once. What is recorded of exports of PyTorch, Keras and scikit-learn is compared with their values and gradients by `.ci/witness onnx`.", "",
        f"Below are the tests of the Python package `onnx` {onnx.__version__}, compared with the outputs that the standard's own implementation gave: within 1e-3 of",
        "each number, the suite's own bound, in Float, or in Double where a test has one. A test *of numbers* takes a Float or a Double in and gives one back.", "",
        "| tests | all | pass | refused |", "| --- | ---: | ---: | ---: |",
    ]
    for title, part in [("of numbers", numeric), ("of nodes", node), ("all", rows)]:
        good = sum(row[4] == "passes" for row in part)
        out.append(f"| {title} | {len(part):,} | {good:,} | {len(part) - good:,} |")
    reasons = collections.Counter(brief(row[5]) for row in rows if row[4] != "passes")
    out += ["", "## Why a test is refused", "", "| tests | reason |", "| ---: | --- |"]
    out += [f"| {count} | {text} |" for text, count in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))]
    for kind in KINDS:
        part = [row for row in rows if row[0] == kind]
        good = sorted(row[1].removeprefix("test_") for row in part if row[4] == "passes")
        bad = [row for row in part if row[4] != "passes"]
        out += ["", f"## {kind}: {len(good)} of {len(part)} pass", ""]
        out += textwrap.wrap("Pass: " + ", ".join(f"`{name}`" for name in good) + ".", 150, break_long_words=False) + [""]
        if bad:
            out += ["| refused | reason |", "| --- | --- |"]
            out += [f"| `{row[1].removeprefix('test_')}` | {brief(row[5])} |" for row in bad]
    return "\n".join(out) + "\n", passed


def brief(reason):
    reason = re.sub(r"\(node '[^']*'\)", "", reason)
    reason = reason.replace("expected operators that are known, found ", "no operator ")
    reason = re.sub(r"of ai\.onnx \d+ ", "", reason)
    reason = re.sub(r": \d+ of the graph's \d+ nodes", "", reason)
    reason = reason.replace("expected what a tape records, found ", "not recorded: ")
    return " ".join(reason.replace("|", "\\|").split())


def main():
    program = sys.argv[1]
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    tests = list(folders(only))
    if "--damaged" in sys.argv:
        sys.exit(1 if damaged(program, tests, int(sys.argv[sys.argv.index("--damaged") + 1])) else 0)
    rows = []
    for (kind, name, folder), (outcome, reason) in zip(tests, outcomes(program, tests)):
        rows.append((kind, name, folder, is_numeric(folder), outcome, reason))
    text, passed = page(rows)
    if "--page" in sys.argv:
        with open(sys.argv[sys.argv.index("--page") + 1], "w", encoding="utf-8") as file:
            file.write(text)
    is_stale = False
    if "--compare" in sys.argv:
        path = sys.argv[sys.argv.index("--compare") + 1]
        with open(path, encoding="utf-8") as file:
            is_stale = file.read() != text
        if is_stale:
            print(f"{path} is not what the tests say: run onnx_suite.py PROGRAM --page {path}")
    faults = [row for row in rows if row[4] in ("wrong", "ends")]
    for row in faults:
        print(f"{row[1]} {row[4]}: {row[5]}")
    numeric = sum(row[3] for row in rows)
    total = sum(row[4] == "passes" for row in rows)
    print(f"ONNX {onnx.__version__}: {passed} of {numeric} tests of numbers pass, {total} of {len(rows)} in all, {len(faults)} wrong")
    sys.exit(1 if faults or is_stale or (not only and passed < LEAST) else 0)


main()
