"""Softmax regression with a gradient by hand. The mistake: the loss is a mean over the examples, and the gradient a sum."""
import numpy as np

from adjoint_check import answer

generator = np.random.default_rng(1)
images = generator.normal(size=(12, 4))
labels = generator.integers(3, size=12)


def probabilities(w, b):
  z = images @ w + b
  e = np.exp(z - z.max(axis=1, keepdims=True))
  return e / e.sum(axis=1, keepdims=True)


def loss(w, b):
  return -np.log(probabilities(w, b)[np.arange(12), labels]).mean()


def gradient(w, b):
  z = probabilities(w, b)
  z[np.arange(12), labels] -= 1
  return {"w": images.T @ z, "b": z.sum(axis=0)}  # / 12 is missing


answer({"w": (4, 3), "b": (3,)}, loss, gradient)
