package org.sandglass.job.report;

import java.util.List;

/**
 * The colours of lines: those of Okabe and Ito (2008), which most people with a colour deficiency tell apart, and
 * more: as many as the paper's sweep has minibatches. After those they begin again.
 */
final class ChartColors {

    private static final List<String> COLORS = List.of(
            "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#737373", "#a6761d",
            "#b3261e", "#1b7837", "#17becf", "#b5b524", "#3f3fbf", "#ff8f8f", "#6b4423");

    private ChartColors() {}

    static String of(int line) {
        return COLORS.get(line % COLORS.size());
    }
}
