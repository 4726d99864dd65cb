"""A function of two numbers and its gradient, without any package: Rosenbrock's valley."""
from adjoint_check import answer


def value(x, y):
  return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def gradient(x, y):
  return {"x": -2 * (1 - x) - 400 * x * (y - x * x), "y": 200 * (y - x * x)}


answer({"x": (), "y": ()}, value, gradient, array=None)
