package org.sandglass.ops.device.cpu;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.stream;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Natives;
import org.sandglass.ops.tensor.DataType;

/** oneDNN as one device uses it: engine, stream, and the layouts that its values have. For one thread. */
final class Onednn implements AutoCloseable {
    private final Natives natives = new Natives();
    private final engine processor = natives.keep(new engine(engine.kind.cpu, 0));
    private final stream queue = natives.keep(new stream(processor));
    private final primitive_attr plain = attributes(natives, new post_ops());
    private final primitive_attr thenRelu;
    private final primitive_attr accumulating;

    Onednn() {
        post_ops relu = natives.keep(new post_ops());
        relu.append_eltwise(dnnl.algorithm.eltwise_relu, 0, 0);
        thenRelu = attributes(natives, relu);
        post_ops sum = natives.keep(new post_ops());
        sum.append_sum();
        accumulating = attributes(natives, sum);
    }

    private static primitive_attr attributes(Natives natives, post_ops operations) {
        primitive_attr attributes = natives.keep(new primitive_attr());
        attributes.set_post_ops(natives.keep(operations));
        attributes.set_scratchpad_mode(dnnl.scratchpad_mode.user);
        return attributes;
    }

    engine engine() {
        return processor;
    }

    stream stream() {
        return queue;
    }

    /** Attributes with a scratchpad of ours, which all primitives take. */
    primitive_attr plain() {
        return plain;
    }

    /** The same, with a ReLU of the result. */
    primitive_attr thenRelu() {
        return thenRelu;
    }

    /** The same, adding the result to what the destination holds. */
    primitive_attr accumulating() {
        return accumulating;
    }

    static memory.data_type type(DataType precision) {
        return switch (precision) {
            case F32 -> memory.data_type.f32;
            case BF16 -> memory.data_type.bf16;
            case F16 -> memory.data_type.f16;
        };
    }

    /** Library and instruction set, for people. */
    static String describe() {
        String isa = dnnl.get_effective_cpu_isa().toString();
        return "oneDNN %d.%d.%d %s"
                .formatted(
                        dnnl.version().major(),
                        dnnl.version().minor(),
                        dnnl.version().patch(),
                        isa);
    }

    /**
     * Why this processor cannot compute in a precision; empty if it can. oneDNN emulates bf16 on every AVX-512 processor,
     * far slower than fp32, and has no backward of it on others.
     */
    static Optional<String> refusal(DataType precision) {
        int has = dnnl.get_effective_cpu_isa().value;
        int needed = dnnl.cpu_isa.avx512_core_bf16.value;
        return switch (precision) {
            case F32 -> Optional.empty();
            case BF16 ->
                (has & needed) == needed
                        ? Optional.empty()
                        : Optional.of("the processor multiplies no bfloat16, which takes AVX512_BF16 or AMX; take f32");
            case F16 -> Optional.of("it needs a GPU; processors compute in f32 or bf16");
        };
    }

    /** The layout that a value and its gradient have between operations: channels in blocks, or plain fp32 for a vector. */
    static memory.desc layout(Natives natives, Value value, int batch, memory.data_type type) {
        return value.shape().rank() == 3
                ? layout(natives, type, blocked(), dimensions(value, batch))
                : plain(natives, dimensions(value, batch));
    }

    /** The layout of callers: row-major fp32. */
    static memory.desc plain(Natives natives, long... dimensions) {
        return plain(natives, memory.data_type.f32, dimensions);
    }

    static memory.desc plain(Natives natives, memory.data_type type, long... dimensions) {
        memory.format_tag tag =
                switch (dimensions.length) {
                    case 1 -> memory.format_tag.a;
                    case 2 -> memory.format_tag.ab;
                    case 4 -> memory.format_tag.abcd;
                    default -> throw new IllegalArgumentException("Cannot lay out rank " + dimensions.length);
                };
        return layout(natives, type, tag, dimensions);
    }

    /** Whatever oneDNN finds best. */
    static memory.desc any(Natives natives, memory.data_type type, long... dimensions) {
        return layout(natives, type, memory.format_tag.any, dimensions);
    }

    static memory.desc layout(Natives natives, memory.data_type type, memory.format_tag tag, long... dimensions) {
        return natives.keep(new memory.desc(dimensions, type, tag));
    }

    /** Channels in blocks as wide as a vector register. */
    static memory.format_tag blocked() {
        return dnnl.get_effective_cpu_isa().value >= dnnl.cpu_isa.avx512_core.value
                ? memory.format_tag.nChw16c
                : memory.format_tag.nChw8c;
    }

    /** Channels last: the same memory as {@link #blocked}, where there is one block. */
    static memory.desc channelsLast(Natives natives, Value value, int batch, memory.data_type type) {
        return layout(natives, type, memory.format_tag.nhwc, dimensions(value, batch));
    }

    /** Whether an image has as many channels as a vector register holds floats. */
    static boolean isOneBlock(Value value) {
        return value.shape().rank() == 3
                && value.shape().dimension(0) == (blocked() == memory.format_tag.nChw16c ? 16 : 8);
    }

    static long[] dimensions(Value value, int batch) {
        long[] dimensions = new long[value.shape().rank() + 1];
        dimensions[0] = batch;
        for (int i = 1; i < dimensions.length; i++) {
            dimensions[i] = value.shape().dimension(i - 1);
        }
        return dimensions;
    }

    /**
     * The first descriptor that oneDNN has a fast implementation for.
     *
     * @throws IllegalStateException naming the layer, if there is none
     */
    static <D extends primitive_desc_base> D fast(Natives natives, String layer, List<Supplier<D>> attempts) {
        String found = "none";
        for (Supplier<D> attempt : attempts) {
            D descriptor = natives.keep(attempt.get());
            if (descriptor.get(true) == null) {
                continue;
            }
            String implementation = descriptor.impl_info_str().getString();
            if (!implementation.startsWith("ref")) {
                return descriptor;
            }
            found = implementation;
        }
        throw new IllegalStateException("Cannot compile " + layer
                + ": oneDNN has no fast implementation for its shape on this processor (found: " + found + ")");
    }

    @Override
    public void close() {
        natives.close();
    }
}
