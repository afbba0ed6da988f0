"""Load, probe and settling: what runs in the load image, on the region's network."""
