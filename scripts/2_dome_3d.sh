#!/usr/bin/env bash
# The dome job with a 3D model, which sees the planes above and below: slower, smoother along Z.
#   scripts/2_dome_3d.sh dome.tif domes/ out/
set -euo pipefail
STACK=${1:-dome.tif}   # TZYX, one channel, at least 16 planes deep
FOLDER=${2:-domes/}
OUTPUT=${3:-denoised_3d}
MODEL=dome_3d

n2v-train --stack "$STACK" --axes TZYX --patch 16,64,64 --model "$MODEL"
n2v-denoise "$FOLDER" --model "$MODEL" --output "$OUTPUT" --suffix _denoised_3d --skip-existing
