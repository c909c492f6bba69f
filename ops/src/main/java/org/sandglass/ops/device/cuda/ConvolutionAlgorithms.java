package org.sandglass.ops.device.cuda;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.global.cudnn;
import org.sandglass.ops.tensor.DataType;

/**
 * Which of cuDNN's algorithms computes a convolution: the first in its own order of preference that is deterministic, keeps
 * the precision and fits the workspace. By its heuristics and not by trial, so that the choice, and with it every bit, repeats.
 * Remembered per shape.
 */
// NVIDIA ships the legacy convolutions and calls them deprecated; the graph interface computes nothing else with them.
@SuppressWarnings("deprecation")
final class ConvolutionAlgorithms {
    private static final int ASKED = 16;

    private final Checks checks;
    private final cudnnContext handle;
    private final CudaOptions options;
    private final Map<Key, Choice> choices = new HashMap<>();

    /** What of a convolution is computed. */
    enum Kind {
        FORWARD,
        DATA,
        WEIGHTS
    }

    private record Key(Kind kind, ConvolutionShape shape, DataType type) {}

    /** An algorithm's number in cuDNN, what it wants as scratch memory, and with which units it computes. */
    record Choice(int algorithm, long workspaceBytes, int mathType) {}

    private record Offer(int algorithm, int status, long bytes, int determinism, int mathType) {}

    ConvolutionAlgorithms(Checks checks, cudnnContext handle, CudaOptions options) {
        this.checks = checks;
        this.handle = handle;
        this.options = options;
    }

    Choice choose(Kind kind, ConvolutionShape shape, ConvolutionDescriptors descriptors) {
        return choices.computeIfAbsent(new Key(kind, shape, descriptors.type()), key -> switch (kind) {
            case FORWARD -> forward(descriptors);
            case DATA -> data(descriptors);
            case WEIGHTS -> weights(descriptors);
        });
    }

    private Choice forward(ConvolutionDescriptors of) {
        int[] count = new int[1];
        try (cudnnConvolutionFwdAlgoPerf_t found = new cudnnConvolutionFwdAlgoPerf_t(ASKED)) {
            checks.cudnn(
                    "cudnnGetConvolutionForwardAlgorithm_v7",
                    cudnn.cudnnGetConvolutionForwardAlgorithm_v7(
                            handle, of.input(), of.filter(), of.convolution(), of.output(), ASKED, count, found));
            for (int i = 0; i < count[0]; i++) {
                cudnnConvolutionFwdAlgoPerf_t at = found.position(i);
                Offer offer = new Offer(at.algo(), at.status(), at.memory(), at.determinism(), at.mathType());
                if (acceptable(offer, of.type())) {
                    return choice(offer);
                }
            }
            throw none("forward", count[0]);
        }
    }

    private Choice data(ConvolutionDescriptors of) {
        int[] count = new int[1];
        try (cudnnConvolutionBwdDataAlgoPerf_t found = new cudnnConvolutionBwdDataAlgoPerf_t(ASKED)) {
            checks.cudnn(
                    "cudnnGetConvolutionBackwardDataAlgorithm_v7",
                    cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(
                            handle, of.filter(), of.output(), of.convolution(), of.input(), ASKED, count, found));
            for (int i = 0; i < count[0]; i++) {
                cudnnConvolutionBwdDataAlgoPerf_t at = found.position(i);
                Offer offer = new Offer(at.algo(), at.status(), at.memory(), at.determinism(), at.mathType());
                if (acceptable(offer, of.type())) {
                    return choice(offer);
                }
            }
            throw none("the input's gradient", count[0]);
        }
    }

    private Choice weights(ConvolutionDescriptors of) {
        int[] count = new int[1];
        try (cudnnConvolutionBwdFilterAlgoPerf_t found = new cudnnConvolutionBwdFilterAlgoPerf_t(ASKED)) {
            checks.cudnn(
                    "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
                    cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                            handle, of.input(), of.output(), of.convolution(), of.filter(), ASKED, count, found));
            for (int i = 0; i < count[0]; i++) {
                cudnnConvolutionBwdFilterAlgoPerf_t at = found.position(i);
                Offer offer = new Offer(at.algo(), at.status(), at.memory(), at.determinism(), at.mathType());
                if (acceptable(offer, of.type())) {
                    return choice(offer);
                }
            }
            throw none("the weights' gradient", count[0]);
        }
    }

    private boolean acceptable(Offer offer, DataType type) {
        boolean rounds = offer.mathType() == cudnn.CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION
                || (type == DataType.F32 && !options.tf32() && offer.mathType() == cudnn.CUDNN_TENSOR_OP_MATH);
        return offer.status() == 0
                && offer.determinism() == cudnn.CUDNN_DETERMINISTIC
                && offer.bytes() <= options.workspaceBytes()
                && !rounds;
    }

    private static Choice choice(Offer offer) {
        return new Choice(offer.algorithm(), offer.bytes(), offer.mathType());
    }

    private CudaFailure none(String what, int offered) {
        return checks.failure(
                "cuDNN for " + what,
                "none of its " + offered + " algorithms is deterministic and fits into a workspace of "
                        + options.workspaceBytes() + " bytes");
    }
}
