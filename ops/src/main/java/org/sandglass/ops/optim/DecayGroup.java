package org.sandglass.ops.optim;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Parameter;

/** A range of the weights vector whose parameters are all decayed, or all not; gaps before the next range included. */
record DecayGroup(long offset, long length, boolean decayed) {

    /** The fewest ranges that cover the vector, in its order. */
    static List<DecayGroup> of(FlatLayout layout) {
        List<DecayGroup> groups = new ArrayList<>();
        long start = 0;
        boolean decayed = false;
        for (Parameter parameter : layout.parameters()) {
            long offset = layout.weightOffset(parameter);
            if (parameter.role().decayed() != decayed) {
                if (offset > start) {
                    groups.add(new DecayGroup(start, offset - start, decayed));
                }
                start = offset;
                decayed = parameter.role().decayed();
            }
        }
        if (layout.weightsLength() > start) {
            groups.add(new DecayGroup(start, layout.weightsLength() - start, decayed));
        }
        return groups;
    }

    /** What of it lies from one offset to another; of no length if nothing does. */
    DecayGroup within(long from, long to) {
        long start = Math.max(offset, from);
        return new DecayGroup(start, Math.max(0, Math.min(offset + length, to) - start), decayed);
    }
}
