package org.sandglass.ops.device.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.global.cudart;
import org.sandglass.ops.device.GradientListener;

/**
 * Steps that are queued one after another on the compute stream: each by its own calls, or, where the options ask for it, what
 * lies between two announcements as one CUDA graph. It is captured at the second use, since libraries set themselves up at the
 * first. For the device's thread.
 */
final class StepSequence {
    private final Gpu gpu;
    private final List<Step> steps;
    private final List<Launchable> captured = new ArrayList<>();
    private boolean warm;

    /** What is left to do for a step or for many. */
    private interface Launchable {
        void run(GradientListener listener);
    }

    StepSequence(Gpu gpu, List<Step> steps) {
        this.gpu = gpu;
        this.steps = List.copyOf(steps);
    }

    void run(GradientListener listener) {
        if (!gpu.options().graphs() || !warm) {
            steps.forEach(step -> run(step, listener));
            warm = true;
        } else {
            if (captured.isEmpty()) {
                captured.addAll(launchables());
            }
            captured.forEach(launchable -> launchable.run(listener));
        }
        gpu.checks().at("");
    }

    private void run(Step step, GradientListener listener) {
        gpu.checks().at(step.layer());
        step.work().run(listener);
    }

    private List<Launchable> launchables() {
        List<Launchable> launchables = new ArrayList<>();
        int from = 0;
        for (int i = 0; i <= steps.size(); i++) {
            if (i == steps.size() || steps.get(i).announces()) {
                if (i > from) {
                    launchables.add(graph(steps.subList(from, i)));
                }
                if (i < steps.size()) {
                    Step announcement = steps.get(i);
                    launchables.add(listener -> run(announcement, listener));
                }
                from = i + 1;
            }
        }
        return launchables;
    }

    private Graph graph(List<Step> part) {
        Checks checks = gpu.checks();
        CUgraph_st graph = new CUgraph_st();
        // Other threads, such as NCCL's watch, go on to call what is not captured.
        checks.runtime(
                "cudaStreamBeginCapture",
                cudart.cudaStreamBeginCapture(gpu.streams().compute(), cudart.cudaStreamCaptureModeThreadLocal));
        RuntimeException failure = null;
        try {
            part.forEach(step -> run(step, GradientListener.NONE));
        } catch (RuntimeException e) {
            failure = e;
        }
        int code = cudart.cudaStreamEndCapture(gpu.streams().compute(), graph);
        if (failure != null) {
            if (code == 0 && cudart.cudaGraphDestroy(graph) != 0) {
                failure.addSuppressed(checks.failure("cudaGraphDestroy", "the graph that was begun is left"));
            }
            throw failure;
        }
        checks.runtime("cudaStreamEndCapture", code);
        try {
            CUgraphExec_st executable = new CUgraphExec_st();
            checks.runtime("cudaGraphInstantiate", cudart.cudaGraphInstantiate(executable, graph, 0));
            return new Graph(part.get(0).layer(), executable);
        } finally {
            checks.runtime("cudaGraphDestroy", cudart.cudaGraphDestroy(graph));
        }
    }

    /** Says that addresses, or factors, are no longer those that were captured. */
    void forget() {
        for (Launchable launchable : captured) {
            if (launchable instanceof Graph graph) {
                gpu.checks().runtime("cudaGraphExecDestroy", cudart.cudaGraphExecDestroy(graph.executable()));
            }
        }
        captured.clear();
    }

    private final class Graph implements Launchable {
        private final String firstLayer;
        private final CUgraphExec_st executable;

        Graph(String firstLayer, CUgraphExec_st executable) {
            this.firstLayer = firstLayer;
            this.executable = executable;
        }

        CUgraphExec_st executable() {
            return executable;
        }

        @Override
        public void run(GradientListener listener) {
            gpu.checks().at("a graph from " + firstLayer + " on");
            gpu.checks()
                    .runtime(
                            "cudaGraphLaunch",
                            cudart.cudaGraphLaunch(executable, gpu.streams().compute()));
        }
    }
}
