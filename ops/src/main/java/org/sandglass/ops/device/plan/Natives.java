package org.sandglass.ops.device.plan;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.javacpp.Pointer;

/** Native objects that live and die together; closed last made first. */
public final class Natives implements AutoCloseable {
    private final Deque<Pointer> kept = new ArrayDeque<>();

    /** Takes an object over, to be closed with the others. */
    public <P extends Pointer> P keep(P pointer) {
        kept.push(pointer);
        return pointer;
    }

    @Override
    public void close() {
        while (!kept.isEmpty()) {
            kept.pop().close();
        }
    }
}
