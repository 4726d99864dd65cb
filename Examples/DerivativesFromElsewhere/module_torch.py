"""A PyTorch module in float32: cross-entropy of a perceptron, as autograd differentiates it."""
import torch

from adjoint_check import answer

torch.set_num_threads(1)
torch.manual_seed(1)
images, labels = torch.randn(16, 4), torch.randint(3, (16,))
model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))
names = dict(model.named_parameters())


def loss(**parameters):
  return torch.nn.functional.cross_entropy(torch.func.functional_call(model, parameters, images), labels)


def gradient(**parameters):
  leaves = {name: value.requires_grad_() for name, value in parameters.items()}
  loss(**leaves).backward()
  return {name: value.grad for name, value in leaves.items()}


# Parameters have dots in their names, and arrive by name all the same.
answer({name: tuple(value.shape) for name, value in names.items()}, loss, gradient, array=torch.tensor, scalar="float32")
