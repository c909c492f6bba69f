package org.sandglass.ops.collective;

/**
 * One of the parts into which ranks divide a buffer, as evenly as it goes.
 *
 * @param from first element
 * @param to element after the last
 */
public record Chunk(int from, int to) {

    /**
     * Chunk {@code index} of {@code chunks}; where there are as many as ranks, {@link Communicator#reduceScatter} leaves
     * it at rank {@code index}.
     */
    public static Chunk of(int index, int chunks, int elements) {
        if (index < 0 || index >= chunks) {
            throw new IllegalArgumentException("Cannot divide: there are " + chunks + " chunks, not index=" + index);
        }
        return new Chunk(border(index, chunks, elements), border(index + 1, chunks, elements));
    }

    /** The element at which chunk {@code index} begins. Borders of twice as many chunks include those of once as many. */
    static int border(int index, int chunks, int elements) {
        return (int) ((long) elements * index / chunks);
    }
}
