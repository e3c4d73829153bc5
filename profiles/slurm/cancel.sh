#!/usr/bin/env bash
# Cancel this folder's jobs, and no others: to give up, or before the driver starts again after it was killed.
# Ends when they are gone: a new driver must not start what an old job still writes.
set -euo pipefail
folder=$(pwd -P)  # as Slurm knows it, whatever link led here
mine() {
    squeue --me --noheader --format="%i %Z" | while read -r job where; do
        if [ "$where" = "$folder" ] && [ "$job" != "${SLURM_JOB_ID:-}" ]; then echo "$job"; fi
    done
}
jobs=$(mine)
for job in $jobs; do
    scancel "$job"
    echo "cancelled $job"
done
if [ -z "$jobs" ]; then echo "no jobs of $folder"; fi
while [ -n "$(mine)" ]; do sleep 2; done
