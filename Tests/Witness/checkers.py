"""Correct models, fresh networks and faults through the checkers of PyTorch and JAX, beside ours.

    checkers.py PROGRAM            our column anew, a share of theirs; fails where either is not what the page says
    checkers.py PROGRAM --page     our column anew: Docs/CheckersCompared.md with the answers of theirs that are kept
    checkers.py PROGRAM --write    everything anew: the page, and Docs/CheckersCompared/peers.json

PROGRAM is Witness, which prints each recording with our verdict. It is rebuilt operation by operation with the functions
that the libraries have under these names; a fault is a backward rule of `torch.autograd.Function` and `jax.custom_vjp`.
Their checkers run at their defaults, in float64 where the model is in Double and in float32 where it is in Float.
"""

import collections
import concurrent.futures
import datetime
import itertools
import json
import math
import os
import subprocess
import sys
import warnings

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"

import checkers_page
import faults
import jax
import jax.test_util
import numpy as np
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd.gradcheck import GradcheckError

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
KEPT, PAGE = os.path.join(ROOT, "Docs/CheckersCompared/peers.json"), os.path.join(ROOT, "Docs/CheckersCompared.md")
# Of all cases, a comparison runs one of so many.
SHARE = {"PyTorch": 10, "JAX": 20}


def outcome(check):
    """(answer, message): passes, convicts, or fails to run."""
    try:
        check()
    except (GradcheckError, AssertionError) as error:
        return "convicts", str(error)
    except Exception as error:
        return "fails", f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return "passes", ""


def scale(arrays):
    """The largest finite magnitude, or 1."""
    sizes = [abs(x[np.isfinite(x)]).max() for x in arrays if np.isfinite(x).any()]
    return float(max(sizes, default=0)) or 1.0


def torch_checks(case):
    library = faults.Torch(case["precision"])
    function, x = faults.rebuilt(library, case)
    x = [t.requires_grad_() for t in x]
    y = function(*x)
    found = torch.autograd.grad(y, x, allow_unused=True) if y.requires_grad else [None] * len(x)
    gradient = [(torch.zeros_like(t) if g is None else g).numpy() for g, t in zip(found, x)]

    def run(**settings):
        def check():
            torch.manual_seed(0)
            gradcheck(function, x, **settings)
            if case["order"] == 2:
                gradgradcheck(function, x, **settings)

        return check

    points = [t.detach().numpy() for t in x]
    tuned = run(eps=1e-6 * scale(points), atol=1e-5 * scale(gradient), fast_mode=case["isLong"])
    checks = {"gradcheck": None if case["isLong"] else run(), "gradcheck, fast": run(fast_mode=True)}
    evaluate = lambda points: float(function(*[library.array(p) for p in points]))
    return checks, tuned, (evaluate, 1e-6, points, float(y.detach()), gradient)


def jax_checks(case):
    library = faults.JAX(case["precision"])
    function, x = faults.rebuilt(library, case)
    y, pull = jax.vjp(function, *x)
    gradient = [np.asarray(g) for g in pull(library.array(1.0))]
    # A function with a backward rule of its own has no forward mode.
    modes = {"modes": ["rev"]} if case["fault"] else {}

    def run(**settings):
        return lambda: jax.test_util.check_grads(function, x, order=case["order"], **modes, **settings)

    points = [np.asarray(t) for t in x]
    tuned = run(eps=1e-4 * scale(points), atol=1e-5 * scale(gradient))
    evaluate = lambda points: float(function(*[library.array(p) for p in points]))
    return {"check_grads": run()}, tuned, (evaluate, 1e-4, points, float(y), gradient)


def is_bent(evaluate, step, points, gradient):
    """True where an eighth of the step brings the central difference along a direction nearer to the derivative."""
    generator = np.random.RandomState(0)
    directions = [np.asarray(generator.randn(*x.shape), x.dtype) for x in points]
    exact = sum(float((g * v).sum()) for g, v in zip(gradient, directions))

    def distance(h):
        ends = [evaluate([x + np.asarray(s * h, x.dtype) * v for x, v in zip(points, directions)]) for s in (1, -1)]
        return abs((ends[0] - ends[1]) / (2 * h) - exact)

    return distance(step / 8) < distance(step) / 2


def reason(case, message, evaluate, step, points, value, gradient):
    """The likely reason for which a correct model is convicted, from its numbers."""
    ours = [np.array([math.nan if v is None else v for v in g]) for g in case["gradient"]]
    if not math.isfinite(value):
        return "the library's own value is not finite"
    if not all(np.isfinite(g).all() for g in gradient):
        return "the library's own derivative is not finite"
    if case["kink"]:
        return "a kink: the difference takes the mean of both sides"
    for a, b in zip(ours, gradient):
        if a.size and np.abs(a - b.reshape(-1)).max() > 1e-2 * np.abs(a).max():
            return "the library's own derivative is another"
    if "reentrant" in message:
        return "two backward passes differ"
    unit = 2.0**-53 if case["precision"] == "double" else 2.0**-24
    sizes = [np.abs(x).max() for x in points if x.size]
    is_short, is_long = max(sizes) * unit > 1e-3 * step, min(sizes) < 10 * step
    if is_short and is_long:
        return "no single step fits leaves so large and so small"
    if is_long:
        return "the step is too long for leaves this small"
    if is_short:
        return "the step is lost, or nearly, in leaves this large"
    if is_bent(evaluate, step, points, gradient):
        return "the function bends within the step"
    return "rounding within the function, divided by the step"


def answers(which, cases):
    """For each case, what each checker of a library says."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    found = []
    for case in cases:
        case = json.loads(case)
        entry = {}
        try:
            checks, tuned, numbers = (torch_checks if which == "PyTorch" else jax_checks)(case)
        except Exception as error:
            sentence = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            found.append({name: ["fails", sentence] for name in checkers_page.NAMES[which]})
            continue
        for name, check in checks.items():
            if check is None:
                entry[name] = ["left out", ""]
                continue
            answer, message = outcome(check)
            note = message if answer == "fails" else ""
            if answer == "convicts" and not case["fault"]:
                note = reason(case, message, *numbers)
            if answer == "convicts" and case["fault"]:
                operation = case["nodes"][case["fault"]["node"]]["operation"]
                note = "named" if f"wrong_{operation}" in message else ""
            is_wrong = answer == ("passes" if case["fault"] else "convicts")
            entry[name] = [answer, note] + ([outcome(tuned)[0]] if is_wrong and "fast" not in name else [])
        found.append(entry)
    return found


def recorded(program):
    """The lines of Witness, and each as an object without its numbers."""
    lines = subprocess.run([program, "checkers"], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    cases = []
    for line in lines:
        case = json.loads(line)
        operations = sorted({n["operation"] for n in case.pop("nodes") if "operation" in n})
        cases.append(case | {"operations": operations})
        del case
    return lines, cases


def kept_answers():
    with open(KEPT) as file:
        return json.load(file)


def write_answers(entries, versions):
    kept = {"date": str(datetime.date.today()), "versions": versions, "answers": entries}
    os.makedirs(os.path.dirname(KEPT), exist_ok=True)
    with open(KEPT, "w") as file:
        rows = [f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}" for k, v in entries.items()]
        file.write('{"date": "%s", "versions": %s, "answers": {\n' % (kept["date"], json.dumps(versions)))
        file.write(",\n".join(rows) + "\n}}\n")
    return kept


def differing(which, version, cases, found, kept):
    """Prints answers other than those that are kept; their number, or 0 where another version gave them."""
    differences = 0
    for case, entry in zip(cases, found):
        old = kept["answers"].get(checkers_page.key(case), {})
        for name, answer in entry.items():
            if answer[0] != old.get(name, [""])[0]:
                differences += 1
                print(f"{checkers_page.key(case)}: {name} {answer[0]}; kept is '{old.get(name, ['nothing'])[0]}'")
    print(f"{which} {version}: {len(cases)} cases, {differences} answers other than those of {kept['versions'][which]}")
    return differences if version == kept["versions"][which] else 0


def main():
    program, mode = sys.argv[1], sys.argv[2:]
    lines, cases = recorded(program)
    known = [i for i, c in enumerate(cases) if not c["fault"] or c["fault"]["kind"] in faults.KINDS]
    versions = {"PyTorch": torch.__version__.partition("+")[0], "JAX": jax.__version__}
    failures, found, chosen = 0, {}, {}
    if mode != ["--page"]:
        chosen = {which: known[:: 1 if mode else SHARE[which]] for which in versions}
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            jobs = {which: pool.submit(answers, which, [lines[i] for i in chosen[which]]) for which in versions}
            found = {which: job.result() for which, job in jobs.items()}
    if mode == ["--write"]:
        entries = collections.defaultdict(dict)
        for which in versions:
            for i, entry in zip(chosen[which], found[which]):
                entries[checkers_page.key(cases[i])] |= entry
        kept = write_answers(entries, versions)
    else:
        kept = kept_answers()
        for which, version in versions.items():
            if which in found:
                failures += differing(which, version, [cases[i] for i in chosen[which]], found[which], kept)

    page = checkers_page.page(cases, kept)
    if mode:
        with open(PAGE, "w") as file:
            file.write(page)
        return
    with open(PAGE) as file:
        old = file.read()
    print(f"ours: {len(cases)} cases, {'as' if page == old else 'not what'} Docs/CheckersCompared.md says")
    if page != old:
        failures += 1
        for a, b in itertools.zip_longest(old.splitlines(), page.splitlines(), fillvalue=""):
            if a != b:
                print(f"- {a}\n+ {b}")
        print("write it anew with --page")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
