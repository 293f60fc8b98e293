#!/bin/sh
# Times titans-pytorch's memory beside mnemon's and prints a TSV table; README.md tells what is compared.
# PyTorch and titans-pytorch come from PyPI into a virtual environment in the cache folder, on the first run alone (4 GB).
# Usage: titans_pytorch.sh [MNEMON]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/mnemon-peers
mnemon=${1:-mnemon}
command -v "$mnemon" >/dev/null || { echo "titans_pytorch.sh: no program '$mnemon': give its path" >&2; exit 2; }
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --no-deps -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
echo "# $("$mnemon" --version | head -n 1), titans-pytorch and torch as in requirements.txt, one thread, $(date -u +%F)"
OMP_NUM_THREADS=1 exec "$venv/bin/python" "$here/compare.py" "$mnemon"
