package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.plan.Place.Slot;

/** Floats of the arena as Java sees them, wherever the arena is now. */
final class View implements Program.Binding {
    private final Slot slot;
    private final long elements;
    private FloatBuffer floats = FloatBuffer.allocate(0);

    View(Slot slot, long elements) {
        this.slot = slot;
        this.elements = elements;
    }

    @Override
    public void bind(NativeBlock arena) {
        floats = arena.floats(slot.offset(), elements);
    }

    FloatBuffer floats() {
        return floats;
    }
}
