package org.sandglass.ops.gradient;

import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.tensor.Shape;

/** A layout with parameters of many sizes. */
final class SmallNetwork {

    private SmallNetwork() {}

    static FlatLayout layout() {
        Graph.Builder builder = new Graph.Builder(Shape.of(3, 8, 8));
        Value value = builder.input();
        for (int layer = 0; layer < 5; layer++) {
            value = builder.convolution("conv" + layer, value, 4 << layer, 3, 1, 1);
            value = builder.relu(builder.batchNorm("bn" + layer, value));
        }
        builder.linear("fc", builder.globalAveragePool(value), 10);
        return new FlatLayout(builder.build());
    }
}
