"""A training step on several processes by PyTorch: DistributedDataParallel over Gloo, one thread each.

    python processes.py [PROCESSES ...]     (1 2)

784-1024-1024-10, cross-entropy, Adam, a batch of 128 in all, of which each process has its share: the step of
`ProcessProbe rate wide 128 1`. Prints images per second, the median of 100 steps, and a digest of the weights after
20 steps on batches that do not depend on the number of processes.
"""

import hashlib
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

BATCH, STEPS = 128, 100


def work(rank, count, port):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=count)
    torch.manual_seed(7)
    layers = []
    for inputs, outputs in [(784, 1024), (1024, 1024), (1024, 10)]:
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    model = DistributedDataParallel(net) if count > 1 else net
    optimizer = torch.optim.Adam(model.parameters())
    own = slice(BATCH * rank // count, BATCH * (rank + 1) // count)

    def step(number):
        generator = torch.Generator().manual_seed(number)
        images = torch.randn(BATCH, 784, generator=generator)[own]
        labels = torch.randint(10, (BATCH,), generator=generator)[own]
        start = time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
        return time.perf_counter() - start

    for number in range(20):
        step(number)
    weights = b"".join(p.detach().numpy().tobytes() for p in net.parameters())
    seconds = sorted(step(20) for _ in range(STEPS))
    if rank == 0:
        rate = BATCH / seconds[STEPS // 2]
        digest = hashlib.sha256(weights).hexdigest()[:16]
        print(f"{count} x 1: {rate:.0f} images/s, {1e3 * seconds[0]:.2f} ms at least, weights {digest}", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    print(f"PyTorch {torch.__version__}, DistributedDataParallel over Gloo", flush=True)
    for number, count in enumerate([int(word) for word in sys.argv[1:]] or [1, 2]):
        mp.spawn(work, args=(count, 29500 + os.getpid() % 1000 + number), nprocs=count)
