package org.sandglass.ops.device.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.sandglass.ops.device.plan.Place.Slot;

/**
 * Gives slots offsets so that no two that live at the same time overlap: largest first, each at the lowest offset that is
 * free during its life.
 */
public final class ArenaPlan {
    private ArenaPlan() {}

    /**
     * Places all slots.
     *
     * @param alignment what offsets are multiples of, in bytes
     * @return how many bytes they span together
     */
    public static long place(List<Slot> slots, long alignment) {
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
                offset = Math.max(offset, aligned(placed.offset() + placed.bytes(), alignment));
            }
            slot.place(offset);
            int at = 0;
            while (at < byOffset.size() && byOffset.get(at).offset() <= offset) {
                at++;
            }
            byOffset.add(at, slot);
            end = Math.max(end, aligned(offset + slot.bytes(), alignment));
        }
        return end;
    }

    private static long aligned(long bytes, long alignment) {
        return (bytes + alignment - 1) / alignment * alignment;
    }
}
