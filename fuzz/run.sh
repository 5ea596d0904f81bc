#!/usr/bin/env bash
# Fuzz each target for so many seconds (10 if none are given), in an environment of its own; past failures stay in fuzz/past.
# `fuzz/run.sh SECONDS [TARGET...]`; SEED makes runs alike.
# CALLINT_FUZZ keeps the environment and the corpora, or they are made anew and dropped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(loader lines selector bgp_filter cidr suppression check manifest)
if [ -n "${CALLINT_FUZZ:-}" ]; then
  work=$CALLINT_FUZZ
  mkdir -p "$work"
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
if [ ! -x "$work/venv/bin/python" ]; then
  "${PYTHON:-python3}" -m venv "$work/venv"
fi
if ! "$work/venv/bin/python" -c 'import atheris, callint' 2>/dev/null; then
  "$work/venv/bin/pip" install --quiet --editable .
  if ! "$work/venv/bin/pip" install --quiet --only-binary :all: atheris; then
    echo "fuzzing skipped: there is no atheris for $("$work/venv/bin/python" --version)" >&2
    exit 0
  fi
fi
for target in "${targets[@]}"; do
  mkdir -p "$work/found"
  flags=("-max_total_time=$seconds" "-seed=${SEED:-0}" -timeout=30 -rss_limit_mb=2048 -max_len=4000)
  flags+=("-artifact_prefix=$work/found/$target-")
  if ! "$work/venv/bin/python" fuzz/fuzz.py "$target" "$work/corpus-$target" "${flags[@]}" >"$work/$target.log" 2>&1; then
    tail -n 40 "$work/$target.log" >&2
    cp "$work/found/$target"-* fuzz/past/ 2>/dev/null || true
    echo "fuzzing \"$target\" found something: see fuzz/past" >&2
    exit 1
  fi
  echo "fuzzed $target: $(grep -Eo 'Done [0-9]+ runs|#[0-9]+[[:space:]]+DONE' "$work/$target.log" | tail -n 1)"
done
