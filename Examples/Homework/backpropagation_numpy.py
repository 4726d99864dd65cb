"""Backpropagation by hand, for the sheet of `adjoint explain --exercise --parameters -o sheet.json`.

usage: python3 backpropagation_numpy.py SHEET ANSWERS
"""
import json
import sys

import numpy as np

sheet = json.load(open(sys.argv[1]))
v = {name: np.array(value) for name, value in sheet["values"].items()}
x, w1, b1, w2, b2 = v["x"], v["fc1/weight"], v["fc1/bias"], v["fc2/weight"], v["fc2/bias"]
t = np.eye(len(b2))[v["t"]]

# Forward: tanh, then softmax.
a1 = np.tanh(x @ w1.T + b1)
e = np.exp(a1 @ w2.T + b2)
p = e / e.sum(axis=1, keepdims=True)

# Backward: the mean of cross-entropy over the examples.
dz2 = (p - t) / len(x)
dz1 = dz2 @ w2 * (1 - a1**2)

answers = {"fc2/weight": dz2.T @ a1, "fc2/bias": dz2.sum(axis=0), "fc1/weight": dz1.T @ x, "fc1/bias": dz1.sum(axis=0)}
if sys.argv[2].endswith(".npz"):
    np.savez(sys.argv[2], **answers)
else:
    sheet["answers"] = {name: gradient.tolist() for name, gradient in answers.items()}
    json.dump(sheet, open(sys.argv[2], "w"))
