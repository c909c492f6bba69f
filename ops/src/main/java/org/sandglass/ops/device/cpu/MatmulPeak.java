package org.sandglass.ops.device.cpu;

import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.sandglass.ops.device.plan.Natives;

/** How fast the processor is where it is fastest: the product of two square matrices in the library's own layouts. */
final class MatmulPeak {
    private static final long SIZE = 1536;
    private static final int REPETITIONS = 12;

    private MatmulPeak() {}

    /** Floating point operations per second of the fastest of a dozen products. */
    static double measure(Onednn onednn, memory.data_type type) {
        try (Natives natives = new Natives()) {
            memory.desc any = natives.keep(new memory.desc(new long[] {SIZE, SIZE}, type, memory.format_tag.any));
            matmul.primitive_desc descriptor = Onednn.fast(
                    natives,
                    "matrix product",
                    List.of(() -> new matmul.primitive_desc(onednn.engine(), any, any, any, onednn.plain(), true)));
            matmul work = natives.keep(new matmul(descriptor));
            IntMemoryMap memories = natives.keep(new IntMemoryMap());
            Map.of(
                            dnnl.DNNL_ARG_SRC, natives.keep(descriptor.src_desc()),
                            dnnl.DNNL_ARG_WEIGHTS, natives.keep(descriptor.weights_desc()),
                            dnnl.DNNL_ARG_DST, natives.keep(descriptor.dst_desc()),
                            dnnl.DNNL_ARG_SCRATCHPAD, natives.keep(descriptor.scratchpad_desc()))
                    .forEach((index, layout) -> memories.put(index, natives.keep(new memory(layout, onednn.engine()))));
            long best = Long.MAX_VALUE;
            for (int i = 0; i < REPETITIONS; i++) {
                long start = System.nanoTime();
                work.execute(onednn.stream(), memories);
                best = Math.min(best, System.nanoTime() - start);
            }
            return 2.0 * SIZE * SIZE * SIZE / best * 1e9;
        }
    }
}
