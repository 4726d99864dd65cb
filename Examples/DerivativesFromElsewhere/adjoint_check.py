"""Answers `adjoint check --process "python3 mine.py"`. Copy this file beside yours; it needs nothing but Python, and NumPy where
your functions take or return its arrays.

    from adjoint_check import answer
    answer({"w": (3, 2), "b": (2,)}, value=loss, gradient=gradient)

`value(w=…, b=…)` returns a number, or an array for `vjp`. `gradient(w=…, b=…)` returns {"w": …, "b": …}, and so does
`vjp(v, w=…, b=…)`. Inputs arrive as NumPy arrays of their shapes, or as nested lists with `array=None` (numbers, where the shape
is empty). `array=torch.tensor` or another function makes what you like of a nested list. Options: scalar="float32", noise=1e-6,
at={"w": …, "b": …}.
"""
import json
import math
import sys


def nested(numbers, shape):
  """A flat list as lists of lists."""
  if len(shape) < 2:
    return numbers
  size = len(numbers) // shape[0]
  return [nested(numbers[i * size:(i + 1) * size], shape[1:]) for i in range(shape[0])]


def plain(answer):
  """Arrays, tensors and numbers as what JSON has."""
  if hasattr(answer, "detach"):
    answer = answer.detach().cpu()
  if hasattr(answer, "tolist"):
    answer = answer.tolist()
  if isinstance(answer, dict):
    return {name: plain(part) for name, part in answer.items()}
  if isinstance(answer, (list, tuple)):
    return [plain(part) for part in answer]
  if answer is None:
    raise TypeError("a derivative is None; give zeros for an input that has no influence")
  return float(answer) if math.isfinite(answer) else str(float(answer))


def answer(inputs, value, gradient=None, vjp=None, array="numpy", **options):
  # What a function prints belongs on standard error: standard output is for answers.
  answers, sys.stdout = sys.stdout, sys.stderr
  if array == "numpy":
    from numpy import array
  make = array or (lambda numbers: numbers)
  tell = {"inputs": {name: list(shape) for name, shape in inputs.items()}, **options}
  if "at" in options:
    tell["at"] = plain(options["at"])
  tell["derivative"] = "gradient" if gradient else "vjp"
  shape = [[]]  # of the value, which the vector of a vjp has too

  def lengths(numbers):
    return [len(numbers)] + lengths(numbers[0]) if isinstance(numbers, list) and numbers else []

  def valued():
    numbers = plain(value(**x))
    shape[0] = lengths(numbers)
    return {"value": numbers}

  for line in sys.stdin:
    request = json.loads(line)
    try:
      x = {name: make(nested(request["at"][name], shape)) for name, shape in inputs.items()} if "at" in request else {}
      reply = {
        "describe": lambda: tell,
        "value": valued,
        "gradient": lambda: {"gradient": plain(gradient(**x))},
        "vjp": lambda: {"vjp": plain(vjp(make(nested(request["v"], shape[0])), **x))},
      }[request["ask"]]()
    except (ArithmeticError, ValueError) as error:  # out of the domain, as math and NumPy say it
      reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), file=answers, flush=True)
