"""A training step on several processes.

    python processes.py [PROCESSES ...]        by PyTorch: DistributedDataParallel over Gloo, one thread each (1 2)
    python processes.py speed [FOLDER]         ours: one process of one thread, two of one, one of two
    python processes.py predicted [FOLDER]     ours, measured, beside what the model of Docs/ManyProcesses.md says beforehand

The step of PyTorch is that of `ProcessProbe rate wide 128 1`: 784-1024-1024-10, cross-entropy, Adam, a batch of 128 in all, of which
each process has its share. Images per second are the median of 100 steps; a digest of the weights follows 20 steps on batches that do
not depend on the number of processes. The other two need mpirun and FOLDER/ProcessProbe (.build/release), and no package; they take the
least of many short runs, so that other work on the machine counts little.
"""

import hashlib
import os
import re
import subprocess
import sys
import time

BATCH, STEPS = 128, 100


def work(rank, count, port):
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

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


def pytorch(counts):
    import torch
    import torch.multiprocessing as mp

    print(f"PyTorch {torch.__version__}, DistributedDataParallel over Gloo", flush=True)
    for number, count in enumerate(counts):
        mp.spawn(work, args=(count, 29500 + os.getpid() % 1000 + number), nprocs=count)


def probe(folder, processes, *words, delay=0):
    """What ProcessProbe prints; several processes are started by mpirun."""
    command = [os.path.join(folder, "ProcessProbe"), *map(str, words)]
    if processes > 1:
        root = ["--allow-run-as-root"] if os.getuid() == 0 else []
        binding = ["--oversubscribe", "--bind-to", "core:overload-allowed"]
        command = ["mpirun", *root, *binding, "-n", str(processes), *command]
    run = subprocess.run(command, env={**os.environ, "ADJOINT_EXCHANGE_DELAY": str(delay)}, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr[-2000:])
    return run.stdout


def milliseconds(folder, processes, model, threads, steps, *shards, delay=0):
    return float(probe(folder, processes, "rate", model, BATCH, threads, steps, *shards, delay=delay).split()[0])


def speed(folder):
    print("| step, batch 128 | 1 x 1, ms | 2 x 1 | times | 1 x 2 | 2 x 1 to 1 x 2 |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for model, steps in [("wide", 60), ("convolutions", 40)]:
        cases = [(1, 1), (2, 1), (1, 2)]
        rounds = [[milliseconds(folder, p, model, t, steps) for p, t in cases] for _ in range(7)]
        one, two, threads = map(min, zip(*rounds))
        print(f"| {model} | {one:.2f} | {two:.2f} | {one / two:.2f} | {threads:.2f} | {threads / two:.2f} |", flush=True)


def predicted(folder):
    cores = len(os.sched_getaffinity(0))
    print("| step | delay, us | processes | predicted, ms | measured | off by |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    worst = 0
    for name, shards in [("exact", []), ("4 shards", [4])]:
        counts = [count for count in (2, 3, 4) if not shards or shards[0] % count == 0]
        # Beforehand: a step of one process, and messages without a delay.
        alone = min(milliseconds(folder, 1, "wide", 1, 60, *shards) for _ in range(3))
        print(f"| {name} | | 1 | | {alone:.2f} | |")
        for count in counts:
            lines = [re.findall(r"[\d.e+-]+(?= s)", probe(folder, count, "message")) for _ in range(3)]
            message, byte = (min(float(line[place]) for line in lines) for place in (0, 1))
            for delay in (0, 50, 500):
                plan = probe(folder, 1, "plan", "wide", BATCH, alone, message, byte, delay * 1e-6, 4, cores)
                row = next(line for line in plan.splitlines() if line.startswith(f"| {count} |")).split("|")
                said = float(row[5] if shards else row[2])
                found = min(milliseconds(folder, count, "wide", 1, 60, *shards, delay=delay) for _ in range(3))
                worst = max(worst, abs(said / found - 1))
                print(f"| {name} | {delay} | {count} | {said:.2f} | {found:.2f} | {100 * (said / found - 1):+.0f}% |", flush=True)
    print(f"the worst prediction is off by {100 * worst:.0f}%")
    return worst <= 0.25


if __name__ == "__main__":
    words = sys.argv[1:]
    folder = words[1] if len(words) > 1 else ".build/release"
    if words[:1] == ["speed"]:
        speed(folder)
    elif words[:1] == ["predicted"]:
        sys.exit(0 if predicted(folder) else 1)
    elif all(word.isdecimal() and int(word) > 0 for word in words):
        pytorch([int(word) for word in words] or [1, 2])
    else:
        sys.exit(f"processes.py: {' '.join(words)} is neither numbers of processes nor speed or predicted\n{__doc__}")
