package org.sandglass.ops.device.cpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.sandglass.ops.device.cpu.Place.Slot;

/**
 * Gives slots offsets so that no two that live at the same time overlap: largest first, each at the lowest offset that is
 * free during its life.
 */
final class ArenaPlan {
    private static final long ALIGNMENT = 64;

    private ArenaPlan() {}

    /** Places all slots and says how many bytes they span together. */
    static long place(List<Slot> slots) {
        List<Slot> bySize = new ArrayList<>(slots);
        bySize.sort(Comparator.comparingLong(Slot::bytes).reversed());
        List<Slot> byOffset = new ArrayList<>();
        long end = 0;
        for (Slot slot : bySize) {
            long offset = 0;
            for (Slot placed : byOffset) {
                if (!placed.livesWith(slot)) {
                    continue;
                }
                if (offset + slot.bytes() <= placed.offset()) {
                    break;
                }
                offset = Math.max(offset, aligned(placed.offset() + placed.bytes()));
            }
            slot.place(offset);
            int at = 0;
            while (at < byOffset.size() && byOffset.get(at).offset() <= offset) {
                at++;
            }
            byOffset.add(at, slot);
            end = Math.max(end, aligned(offset + slot.bytes()));
        }
        return end;
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
