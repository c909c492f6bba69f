package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** Memory that payloads pass on their way, and what it is as numbers. The views' positions mean nothing. */
final class Staging {

    private final ByteBuffer bytes;
    private final FloatBuffer floats;
    private final IntBuffer words;

    Staging(int capacity) {
        bytes = ByteBuffer.allocateDirect(capacity).order(ByteOrder.nativeOrder());
        floats = bytes.asFloatBuffer();
        words = bytes.asIntBuffer();
    }

    /** In native order. */
    ByteBuffer bytes() {
        return bytes;
    }

    FloatBuffer floats() {
        return floats;
    }

    IntBuffer words() {
        return words;
    }
}
