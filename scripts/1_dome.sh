#!/usr/bin/env bash
# The dome job: look at the recording, train on it, denoise every recording of a folder.
#   scripts/1_dome.sh dome.tif domes/ out/
set -euo pipefail
STACK=${1:-dome.tif}   # TZYX, one channel, with or without black strips
FOLDER=${2:-domes/}    # what is to be denoised
OUTPUT=${3:-denoised}
MODEL=dome_2d

n2v-inspect "$STACK" --axes TZYX
n2v-train --stack "$STACK" --axes TZYX --model "$MODEL"
# Started again after an interruption, this goes on where it stopped.
n2v-denoise "$FOLDER" --model "$MODEL" --output "$OUTPUT" --skip-existing
