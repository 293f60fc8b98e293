"""Times titans-pytorch's NeuralMemory beside `mnemon benchmark layer`, by turns, one thread and one process a case.

    compare.py MNEMON                        every case: a TSV table on stdout
    compare.py --case PASS TOKENS CHUNK MODE one case of theirs, a line a pass: best seconds so far, MB over idle

Modes, see README.md: default, batch, token. Seconds are the best of all passes. Memory is a process's highest resident
size, the least of all turns, of theirs less what it had before the first pass. What needs more than LIMIT seconds for its
first pass, or MEMORY bytes, is cut off.
"""
import itertools
import resource
import subprocess
import sys
import time

REPEATS, ENOUGH, LIMIT, MEMORY = 20, 3, 120, 16 << 30
WIDTH, HEADS = 128, 2
# tokens, turns, modes of theirs
CASES = (1024, 2, ("default", "batch", "token")), (4096, 2, ("default", "batch")), (32768, 1, ("default", "batch"))


def peak_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6


def time_theirs(kind, tokens, chunk, mode):
    import torch
    from titans_pytorch import MemoryMLP, NeuralMemory

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    torch.set_num_threads(1)
    torch.manual_seed(1)
    memory = NeuralMemory(
        dim=WIDTH, heads=HEADS, dim_head=WIDTH // HEADS,
        chunk_size=1 if mode == "token" else chunk, batch_size=None if mode == "default" else chunk,
        model=MemoryMLP(dim=WIDTH // HEADS, depth=2, expansion_factor=4.0), default_step_transform_max_lr=0.01,
    )
    rows = torch.randn(1, tokens, WIDTH)

    def forward():
        with torch.no_grad():
            return memory(rows)[0]

    def step():
        memory.zero_grad()
        out, _ = memory(rows.requires_grad_())
        out.square().mean().backward()
        return rows.grad

    run = {"forward": forward, "step": step}[kind]
    idle = peak_mb()
    best = spent = 0.0
    for _ in range(REPEATS):
        rows.grad = None
        start = time.monotonic()
        result = run()
        took = time.monotonic() - start
        best, spent = min(best or took, took), spent + took
        assert torch.isfinite(result).all(), "the result is not finite"
        print(best, peak_mb() - idle, flush=True)
        if spent > ENOUGH:
            break


def run(command):
    """The words of the last line that it printed, also where it was cut off."""
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    except subprocess.TimeoutExpired as late:
        print(*command, "takes too long", file=sys.stderr)
        out = (late.stdout or b"").decode()
    except subprocess.CalledProcessError as failed:
        print(*command, failed.stderr[-300:], file=sys.stderr)
        out = failed.stdout
    return (out.splitlines() or [""])[-1].split()


def measure_ours(mnemon, kind, tokens, chunk):
    line = run([mnemon, "benchmark", "-t", "1", "--quiet", "layer", kind, str(tokens), str(chunk)])
    return float(line[3]), float(line[5])


def measure_theirs(kind, tokens, chunk, mode):
    line = run([sys.executable, __file__, "--case", kind, str(tokens), str(chunk), mode])
    return (float(line[0]), float(line[1])) if line else None


def compare(mnemon, kind, tokens, chunk, turns, modes):
    ours, theirs = [], {mode: [] for mode in modes}
    for _ in range(turns):
        ours.append(measure_ours(mnemon, kind, tokens, chunk))
        for mode in modes:
            if None not in theirs[mode]:
                theirs[mode].append(measure_theirs(kind, tokens, chunk, mode))
    seconds, mb = (min(x) for x in zip(*ours))
    for mode in modes:
        cells = [kind, chunk, tokens, mode]
        if None in theirs[mode]:
            cells += ["cut off", f"{seconds:.4g}", "NA", "NA", f"{mb:.0f}", "NA"]
        else:
            s, m = (min(x) for x in zip(*theirs[mode]))
            cells += [f"{s:.4g}", f"{seconds:.4g}", f"{s / seconds:.3g}", f"{m:.0f}", f"{mb:.0f}", f"{m / mb:.3g}"]
        print(*cells, sep="\t", flush=True)


def main():
    if sys.argv[1] == "--case":
        kind, tokens, chunk, mode = sys.argv[2:]
        return time_theirs(kind, int(tokens), int(chunk), mode)
    print("pass", "chunk", "tokens", "mode", "theirs_s", "ours_s", "ratio", "theirs_mb", "ours_mb", "ratio_mb", sep="\t")
    for (tokens, turns, modes), chunk, kind in itertools.product(CASES, (16, 64), ("forward", "step")):
        compare(sys.argv[1], kind, tokens, chunk, turns, modes)


if __name__ == "__main__":
    main()
