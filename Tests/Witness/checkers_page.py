"""The page Docs/CheckersCompared.md, from our verdicts and the answers of the other checkers."""

import collections

NAMES = {"PyTorch": ["gradcheck", "gradcheck, fast"], "JAX": ["check_grads"]}
PEERS = [name for names in NAMES.values() for name in names]
OURS = {"directional": "Adjoint", "full": "Adjoint, full"}
COLUMNS = list(OURS.values()) + PEERS
LETTERS = {"gradcheck": "s", "gradcheck, fast": "f", "check_grads": "j"}
MISTAKES = """derivativeAtInput forgottenDerivative diagonalOnly forgottenSum notANumber oneElement singlePrecision
shiftedDenominator everyElement neighbor""".split()
SETTINGS = "tinyLeaves tinyLoss hugeLoss tinyTerm saturated".split()

INTRODUCTION = """# Checkers compared

<!-- Written by Tests/Witness/checkers.py --write, from Docs/CheckersCompared/peers.json and from our own run. -->

Correct models that are hard to judge, networks as they begin, and wrong rules, given to `GradientCheck` (*Adjoint*,
along random directions; *full*, coordinate by coordinate), to `torch.autograd.gradcheck` (slow and fast mode) and to
`jax.test_util.check_grads`. PyTorch {torch}, JAX {jax}, {date}, on a CPU.
[Is my gradient right?](IsMyGradientRight.md) says how ours works.

- Each recording is rebuilt operation by operation with the library's own functions. A wrong rule becomes the `backward`
  of a `torch.autograd.Function`, or of `jax.custom_vjp`, around the library's own forward function.
- The others run at their defaults as documented. `gradcheck`: eps 1e-6, atol 1e-5, rtol 1e-3; it is made for float64,
  and warns of float32. `check_grads`: eps 1e-4, atol and rtol 1e-5 in float64 and 2e-3 in float32, with
  `jax_enable_x64`. Its `order` has no default: it is 1, and 2 (`gradgradcheck` in PyTorch) for what concerns second
  derivatives. Faults run with `modes=["rev"]`, since a `custom_vjp` has no forward mode.
- Models in Double are checked in float64, models in Float in float32.
- *Left out*: what goes coordinate by coordinate, theirs or ours, where coordinates times nodes exceed 400,000, or times
  elements 10⁸; and reductions of 100,000 numbers and more.
- At a kink the right answer is *cannot tell* or *agree*: the rule's number lies between the slopes of both sides.
"""


def key(case):
    return f"{case['id']} ({case['precision']})"


def setting(case):
    last = case["id"].rpartition(", ")[2]
    return last if last in SETTINGS else "plain"


def answer(case, column, kept):
    """passes, convicts, cannot tell, fails or left out."""
    for mode, name in OURS.items():
        if column == name:
            words = {"agree": "passes", "disagree": "convicts", "cannotTell": "cannot tell"}
            if mode not in case["ours"]:
                return "left out" if case["ours"] else "not run"
            return words[case["ours"][mode]["verdict"]]
    return kept["answers"].get(key(case), {}).get(column, ["not run"])[0]


def cell(cases, column, kept, wrong):
    """How many answers are wrong, of how many, and how many there are of other kinds."""
    tally = collections.Counter(answer(case, column, kept) for case in cases)
    judged = tally["passes"] + tally["convicts"]
    wrongs = tally["convicts"] if wrong == "convicts" else tally["passes"]
    rest = [f"{tally[word]} {word}" for word in ("cannot tell", "fails", "left out", "not run") if tally[word]]
    return f"{wrongs} of {judged}" + (f" ({', '.join(rest)})" if rest else "")


def table(title, rows, kept, wrong):
    lines = [f"| {title} | " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, cases in rows:
        if cases:
            lines.append(f"| {name} | " + " | ".join(cell(cases, column, kept, wrong) for column in COLUMNS) + " |")
    return lines


def named(cases, kept):
    """Of the faults that a checker found, how many it pinned on the operation."""
    cells = []
    for column in COLUMNS:
        found = [case for case in cases if answer(case, column, kept) == "convicts"]
        mode = next((mode for mode, name in OURS.items() if name == column), None)
        right = sum(
            case["ours"][mode]["names"] if mode else kept["answers"][key(case)][column][1] == "named" for case in found)
        cells.append(f"{right} of {len(found)}")
    return ["", "| the wrong operation is named | " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS),
            "| of the faults that were found | " + " | ".join(cells) + " |"]


def tuned(right, faults, kept):
    """What a scaled step and tolerance would change."""
    clauses = []
    for column in ("gradcheck", "check_grads"):
        def again(cases):
            entries = [kept["answers"].get(key(case), {}).get(column, []) for case in cases]
            return [entry[2] for entry in entries if len(entry) > 2]

        convicted, missed = again(right), again(faults)
        clauses.append(
            f"`{column}` would still convict {convicted.count('convicts')} of the {len(convicted)} correct recordings "
            f"that it convicts, and miss {missed.count('passes')} of the {len(missed)} faults that it misses")
    return ["", "With eps times the largest leaf and atol times the largest element of the gradient, which the caller has "
            "to know, " + "; ".join(clauses) + "."]


def convicted(title, cases, kept):
    """Correct recordings that were convicted, by the likely reason."""
    reasons = collections.defaultdict(lambda: collections.defaultdict(str))
    for case in cases:
        for column in PEERS:
            entry = kept["answers"].get(key(case), {}).get(column, ["", ""])
            if entry[0] == "convicts":
                reasons[entry[1]][case["id"]] += LETTERS[column]
    lines = ["", f"### {title}", ""]
    for reason, ids in sorted(reasons.items(), key=lambda r: (-len(r[1]), r[0])):
        lines.append(f"- {reason} ({len(ids)}): " + ", ".join(f"{i} {letters}" for i, letters in ids.items()))
    return lines if reasons else lines + ["None."]


def ours(cases, kept):
    """What our own checker got wrong, or could not tell."""
    lines = ["", "## Ours", ""]
    for column in OURS.values():
        wrong = [key(c) for c in cases if answer(c, column, kept) == ("passes" if c["fault"] else "convicts")]
        silent = [key(c) for c in cases if answer(c, column, kept) == "cannot tell" and not c["kink"]]
        lines.append(f"- {column}: wrong {len(wrong)}: {'; '.join(wrong) or 'none'}. It cannot tell, kinks apart, "
                     f"{len(silent)}: {'; '.join(silent) or 'none'}.")
    return lines


def failures(cases, kept):
    lines = []
    for case in cases:
        for column in PEERS:
            entry = kept["answers"].get(key(case), {}).get(column, ["", ""])
            if entry[0] == "fails":
                lines.append(f"- {key(case)}, {column}: {entry[1]}")
    return ["", "## What a checker could not run", ""] + lines if lines else []


def page(cases, kept):
    models = [c for c in cases if c["group"] == "models"]
    networks = [c for c in cases if c["group"] == "networks"]
    twins = [c for c in cases if c["group"] == "mutants" and not c["fault"]]
    faults = [c for c in cases if c["fault"]]
    right = models + networks + twins
    double = lambda cs: [c for c in cs if c["precision"] == "double"]
    single = lambda cs: [c for c in cs if c["precision"] == "float"]
    smooth = [c for c in models if not c["kink"]]
    kinks = [c for c in models if c["kink"]]
    mistakes = [c for c in faults if c["fault"]["kind"] in MISTAKES]
    rules = [c for c in faults if c["fault"]["kind"] not in MISTAKES]
    plain = [c for c in rules if setting(c) == "plain"]
    versions = kept["versions"]
    lines = INTRODUCTION.format(torch=versions["PyTorch"], jax=versions["JAX"], date=kept["date"]).split("\n")
    lines += ["## Correct, and convicted", ""]
    lines += table("correct recordings", [
        ("models, Double", double(smooth)), ("models at kinks, Double", double(kinks)),
        ("models, Float", single(smooth)), ("models at kinks, Float", single(kinks)),
        ("fresh networks, one image blank", networks), ("networks at extreme scales", twins),
    ], kept, "convicts")
    lines += ["", "## Wrong, and missed", ""]
    kinds = collections.defaultdict(list)
    for case in mistakes:
        kinds[case["fault"]["kind"]].append(case)
    lines += table("wrong rules", [
        ("faults in every operation", [c for c in plain if c["order"] == 1]),
        ("faults of the second derivative", [c for c in plain if c["order"] == 2]),
        ("mistakes that people make", mistakes),
        *[(f"faults in a network: {name}", [c for c in rules if setting(c) == name]) for name in SETTINGS],
    ], kept, "passes")
    lines += named(faults, kept)
    lines += ["", "The messages of the others name an input and an output of the whole function, or the mode."]
    lines += tuned(right, faults, kept)
    lines += ["", "## Missed, by kind", ""]
    by_kind = collections.defaultdict(list)
    for case in plain + mistakes:
        by_kind[case["fault"]["kind"]].append(case)
    missed = [(kind, cs) for kind, cs in by_kind.items()
              if any(answer(c, column, kept) == "passes" for c in cs for column in COLUMNS)]
    lines += table("kind", missed, kept, "passes")
    lines += ["", "`relativeError` is 10⁻⁴ of everything, which an rtol of 10⁻³ admits. `stalePoint` bakes in the inputs of the first "
              "call: the others look at that point alone, and a second call of theirs elsewhere would show it. "
              "`oneElement` is a millionth of one of 10,000."]
    lines += ["", "Kinds that nobody misses are left out: "
              + ", ".join(kind for kind in by_kind if kind not in dict(missed)) + "."]
    lines += ours(cases, kept)
    lines += ["", "## Convicted by the others", "",
              "By `gradcheck` (s), its fast mode (f) and `check_grads` (j). The reasons are read off leaves, value, gradient "
              "and step."]
    lines += convicted("In Double", double(right), kept)
    lines += convicted("In Float", single(right), kept)
    lines += failures(cases, kept)
    return "\n".join(lines) + "\n"
