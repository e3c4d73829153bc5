#!/usr/bin/env bash
# Cancel this folder's jobs, and no others: to give up, or before the driver starts again after it was killed.
set -euo pipefail
squeue --me --noheader --format="%i %Z" | while read -r job folder; do
    if [ "$folder" = "$PWD" ] && [ "$job" != "${SLURM_JOB_ID:-}" ]; then
        scancel "$job"
        echo "cancelled $job"
    fi
done
