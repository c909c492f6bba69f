package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Frames of operations that this rank has not started, or not caught up with, in the order in which they came. What has
 * been taken out is kept for the next ones. Belongs to the thread that makes progress.
 */
final class Early {

    private static final int SPARES = 16;

    /** A frame. */
    static final class Kept {
        private long sequence;
        private long offset;
        private Staging staging = new Staging(0);

        private Kept of(Header header) {
            sequence = header.sequence();
            offset = header.argument();
            if (staging.bytes().capacity() < header.length()) {
                staging = new Staging(header.length());
            }
            staging.bytes().clear().limit(header.length());
            return this;
        }

        long sequence() {
            return sequence;
        }

        long offset() {
            return offset;
        }

        int length() {
            return staging.bytes().limit();
        }

        ByteBuffer payload() {
            return staging.bytes();
        }

        Staging staging() {
            return staging;
        }
    }

    private final List<Kept> frames = new ArrayList<>();
    private final List<Kept> spares = new ArrayList<>();

    /** Somewhere to put a frame's payload, to be {@linkplain #add added} when it is complete. */
    Kept make(Header header) {
        return (spares.isEmpty() ? new Kept() : spares.remove(spares.size() - 1)).of(header);
    }

    void add(Kept kept) {
        frames.add(kept);
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    int size() {
        return frames.size();
    }

    /** The frame at a place, if it is the first of its operation. */
    @Nullable
    Kept first(int place) {
        Kept kept = frames.get(place);
        for (int i = 0; i < place; i++) {
            if (frames.get(i).sequence == kept.sequence) {
                return null;
            }
        }
        return kept;
    }

    boolean contains(long sequence) {
        for (int i = 0; i < frames.size(); i++) {
            if (frames.get(i).sequence == sequence) {
                return true;
            }
        }
        return false;
    }

    /** Bytes kept, headers included, of operations from a sequence number on. */
    int bytesFrom(long sequence) {
        int bytes = 0;
        for (int i = 0; i < frames.size(); i++) {
            if (frames.get(i).sequence >= sequence) {
                bytes += frames.get(i).length() + Frame.BYTES;
            }
        }
        return bytes;
    }

    /** Takes a frame out that has been used. */
    void remove(Kept kept) {
        frames.remove(kept);
        if (spares.size() < SPARES) {
            spares.add(kept);
        }
    }
}
