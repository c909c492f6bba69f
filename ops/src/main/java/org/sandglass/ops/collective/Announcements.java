package org.sandglass.ops.collective;

import java.util.Arrays;

/** What a peer has announced of operations that this rank has not started: few, and mostly taken out in order. */
final class Announcements {

    private long[] sequences = new long[4];
    private long[] fingerprints = new long[4];
    private int size;

    void put(long sequence, long fingerprint) {
        int index = indexOf(sequence);
        if (index < 0) {
            if (size == sequences.length) {
                sequences = Arrays.copyOf(sequences, 2 * size);
                fingerprints = Arrays.copyOf(fingerprints, 2 * size);
            }
            index = size++;
            sequences[index] = sequence;
        }
        fingerprints[index] = fingerprint;
    }

    /** Takes out what was announced of the operation; {@code otherwise} if nothing was. */
    long remove(long sequence, long otherwise) {
        int index = indexOf(sequence);
        if (index < 0) {
            return otherwise;
        }
        long fingerprint = fingerprints[index];
        size--;
        System.arraycopy(sequences, index + 1, sequences, index, size - index);
        System.arraycopy(fingerprints, index + 1, fingerprints, index, size - index);
        return fingerprint;
    }

    private int indexOf(long sequence) {
        for (int i = 0; i < size; i++) {
            if (sequences[i] == sequence) {
                return i;
            }
        }
        return -1;
    }
}
