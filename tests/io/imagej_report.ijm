// Prints what ImageJ sees in a file, one line, for test_imagej.py.
// Argument: FILE, or virtual:FILE to leave the pixels on disk.
argument = getArgument();
setBatchMode(true);
if (startsWith(argument, "virtual:")) {
    path = substring(argument, 8);
    run("TIFF Virtual Stack...", "open=[" + path + "]");
} else {
    open(argument);
}
getDimensions(width, height, channels, slices, frames);
getVoxelSize(x, y, z, unit);
getMinAndMax(low, high);
if (nSlices > 1) setSlice(nSlices);
last = getPixel(width - 1, height - 1);
print("SEEN|" + width + "|" + height + "|" + channels + "|" + slices + "|" + frames + "|"
    + d2s(x, 9) + "|" + d2s(y, 9) + "|" + d2s(z, 9) + "|" + unit + "|"
    + d2s(Stack.getFrameInterval(), 6) + "|" + bitDepth() + "|" + last + "|" + low + "|" + high
    + "|" + replace(getMetadata("Info"), "\n", " "));
