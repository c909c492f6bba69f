package org.sandglass.ops.device;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where everything that a training step reads, writes or exchanges lies in its flat fp32 vectors.
 *
 * <p>The <em>weights</em> vector (and the momentum, which is as long) holds the parameters in the order in which
 * backward produces their gradients: last layer first. The <em>statistics</em> vector holds mean and variance of every
 * batch norm in forward order. The <em>gradient</em> vector, whose sum over all workers the all-reduce forms, is
 *
 * <pre>  counters (16) | batch statistics | parameter gradients</pre>
 *
 * so that a prefix of it is complete at any moment of backward: counters and statistics when forward has ended, then one
 * parameter after the other. Every tensor starts at a multiple of 16 elements (64 bytes); the gaps stay zero.
 */
public final class FlatLayout {

    /** Elements at the head of the gradient vector that carry sums of counts and of the loss. */
    public static final int COUNTERS = 16;

    private static final int ALIGNMENT = 16;

    private final Map<Parameter, Long> parameterOffsets = new LinkedHashMap<>();
    private final Map<BatchStatistics, Long> statisticsOffsets = new LinkedHashMap<>();
    private final long weights;
    private final long statistics;

    public FlatLayout(Graph graph) {
        long offset = 0;
        for (BatchStatistics norm : graph.statistics()) {
            statisticsOffsets.put(norm, offset);
            offset += 2 * aligned(norm.channels());
        }
        statistics = offset;
        offset = 0;
        List<Parameter> parameters = graph.parameters();
        for (int i = parameters.size() - 1; i >= 0; i--) {
            parameterOffsets.put(parameters.get(i), offset);
            offset += aligned(parameters.get(i).shape().elements());
        }
        weights = offset;
    }

    /** Length of the weights vector. */
    public long weightsLength() {
        return weights;
    }

    /** Length of the statistics vector. */
    public long statisticsLength() {
        return statistics;
    }

    /** Length of the gradient vector. */
    public long gradientLength() {
        return COUNTERS + statistics + weights;
    }

    /** Parameters in the order of the weights vector. */
    public List<Parameter> parameters() {
        return List.copyOf(parameterOffsets.keySet());
    }

    /** Batch norms in the order of the statistics vector. */
    public List<BatchStatistics> statistics() {
        return List.copyOf(statisticsOffsets.keySet());
    }

    /** Offset of a parameter in the weights vector. */
    public long weightOffset(Parameter parameter) {
        return offset(parameterOffsets, parameter);
    }

    /** Offset of a parameter's gradient in the gradient vector. */
    public long gradientOffset(Parameter parameter) {
        return COUNTERS + statistics + weightOffset(parameter);
    }

    /** Offset of the mean in the statistics vector; add {@link #COUNTERS} for the gradient vector. */
    public long meanOffset(BatchStatistics norm) {
        return offset(statisticsOffsets, norm);
    }

    /** Offset of the variance in the statistics vector; add {@link #COUNTERS} for the gradient vector. */
    public long varianceOffset(BatchStatistics norm) {
        return meanOffset(norm) + aligned(norm.channels());
    }

    private static <K> long offset(Map<K, Long> offsets, K key) {
        Long offset = offsets.get(key);
        if (offset == null) {
            throw new IllegalArgumentException("Cannot locate " + key + ": it is not part of this layout");
        }
        return offset;
    }

    private static long aligned(long elements) {
        return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
