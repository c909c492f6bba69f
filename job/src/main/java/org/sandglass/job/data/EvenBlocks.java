package org.sandglass.job.data;

import java.io.Serializable;

/** The items [0, items) cut into contiguous blocks whose lengths differ by at most one; longer blocks come first. */
record EvenBlocks(long items, int blocks) implements Serializable {

    EvenBlocks {
        if (items < 0 || blocks <= 0) {
            throw new IllegalArgumentException("Cannot cut into blocks: items=" + items + " blocks=" + blocks);
        }
    }

    int blockOf(long item) {
        if (item < 0 || item >= items) {
            throw new IllegalArgumentException("Cannot find block: item=" + item + " items=" + items);
        }
        long shorter = items / blocks;
        long longerBlocks = items % blocks;
        long inLongerBlocks = longerBlocks * (shorter + 1);
        return (int) (item < inLongerBlocks ? item / (shorter + 1) : longerBlocks + (item - inLongerBlocks) / shorter);
    }

    /** The first item of a block; for {@code block == blocks} the number of items. */
    long first(int block) {
        return block * (items / blocks) + Math.min(block, items % blocks);
    }

    long length(int block) {
        return first(block + 1) - first(block);
    }
}
