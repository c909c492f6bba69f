"""A rank of scripts/bench/allreduce in Gloo, through torch.distributed: gloo_rank.py DIRECTORY RANK RANKS.

Commands and answers are those of BenchmarkRank (ops, test sources). GLOO_SOCKET_IFNAME names the interface.
torch.distributed lets nobody choose Gloo's algorithm: it is the ring.
"""

import sys
import time

import torch
import torch.distributed


def run(size, warmup, iterations):
    buffer = torch.empty(size // 4, dtype=torch.float32)
    times = []
    for i in range(-warmup, iterations):
        buffer.fill_(rank + 1)
        torch.distributed.barrier()
        start = time.perf_counter_ns()
        torch.distributed.all_reduce(buffer)
        took = time.perf_counter_ns() - start
        if i >= 0:
            times.append(took)
    assert torch.all(buffer == ranks * (ranks + 1) / 2), "wrong sum"
    return times


directory, rank, ranks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)
with open(f"{directory}/{rank}.in", encoding="utf-8") as commands, \
        open(f"{directory}/{rank}.out", "w", encoding="utf-8") as answers:
    print("READY -", file=answers, flush=True)
    commands.readline()
    torch.distributed.init_process_group("gloo", init_method=f"file://{directory}/store", rank=rank, world_size=ranks)
    print("JOINED", file=answers, flush=True)
    while (words := commands.readline().split()) and words[0] == "RUN":
        print("TIMES", *run(*map(int, words[1:])), file=answers, flush=True)
    torch.distributed.destroy_process_group()
