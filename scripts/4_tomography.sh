#!/usr/bin/env bash
# Electron tomography: median, diffusion, non-local means, Noise2Void and structN2V side by side.
#   scripts/4_tomography.sh data/tomography tomography_compared 10
# Needs plane_*.tif, equal planes of one tomogram; *crosssection*.tif is filtered if it is there.
set -euo pipefail
FOLDER=${1:-"$(dirname "$0")/../../shared/data/tomography"}
OUTPUT=${2:-tomography_compared}
MINUTES=${3:-10}       # of training in all, shared by n2v and structn2v
PLANES="$FOLDER/plane_*.tif"

# What noise is it? Neighbours share it in Y and in X: plain Noise2Void would keep it.
n2v-inspect "$PLANES" --axes ZYX

# Everything side by side: comparison.png, comparison.md, and a restored file and a model for each.
n2v-compare "$PLANES" --axes ZYX --methods median,diffusion,nlm,n2v,structn2v \
    --minutes "$MINUTES" --output "$OUTPUT/planes"

# The filters learn nothing, so a single section is enough for them.
for SECTION in "$FOLDER"/*crosssection*.tif; do
    [ -e "$SECTION" ] || continue
    n2v-compare "$SECTION" --methods median,diffusion,nlm --output "$OUTPUT/section"
done

# The model goes on to any other plane of the tomogram.
FIRST=("$FOLDER"/plane_*.tif)
MODEL=("$OUTPUT"/planes/models/*_structn2v)
n2v-denoise "${FIRST[0]}" --axes YX --model "${MODEL[0]}" --output "$OUTPUT"
