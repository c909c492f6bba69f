package org.sandglass.ops.device.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdDataAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionBwdFilterAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.SizeTPointer;
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

    /** An algorithm's number in cuDNN, and what it wants as scratch memory. */
    record Choice(int algorithm, long workspaceBytes) {}

    private record Offer(int algorithm, int status, int determinism, int mathType) {}

    ConvolutionAlgorithms(Checks checks, cudnnContext handle, CudaOptions options) {
        this.checks = checks;
        this.handle = handle;
        this.options = options;
    }

    Choice choose(Kind kind, ConvolutionShape shape, ConvolutionDescriptors descriptors) {
        return choices.computeIfAbsent(new Key(kind, shape, descriptors.type()), key -> search(kind, descriptors));
    }

    private Choice search(Kind kind, ConvolutionDescriptors of) {
        List<Offer> offers =
                switch (kind) {
                    case FORWARD -> forward(of);
                    case DATA -> data(of);
                    case WEIGHTS -> weights(of);
                };
        for (Offer offer : offers) {
            if (isAcceptable(offer, of.type())) {
                long bytes = workspaceBytes(kind, of, offer.algorithm());
                if (bytes <= options.workspaceBytes()) {
                    return new Choice(offer.algorithm(), bytes);
                }
            }
        }
        throw checks.failure(
                "a convolution (" + kind.name().toLowerCase(Locale.ROOT) + ")",
                "none of cuDNN's " + offers.size() + " algorithms is deterministic and fits into a workspace of "
                        + options.workspaceBytes() + " bytes");
    }

    private boolean isAcceptable(Offer offer, DataType type) {
        boolean rounds = offer.mathType() == cudnn.CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION
                || (type == DataType.F32 && !options.tf32() && offer.mathType() == cudnn.CUDNN_TENSOR_OP_MATH);
        return offer.status() == 0 && offer.determinism() == cudnn.CUDNN_DETERMINISTIC && !rounds;
    }

    private List<Offer> forward(ConvolutionDescriptors of) {
        int[] count = new int[1];
        List<Offer> offers = new ArrayList<>();
        try (cudnnConvolutionFwdAlgoPerf_t found = new cudnnConvolutionFwdAlgoPerf_t(ASKED)) {
            checks.cudnn(
                    "cudnnGetConvolutionForwardAlgorithm_v7",
                    cudnn.cudnnGetConvolutionForwardAlgorithm_v7(
                            handle, of.input(), of.filter(), of.convolution(), of.output(), ASKED, count, found));
            for (int i = 0; i < count[0]; i++) {
                found.position(i);
                offers.add(new Offer(found.algo(), found.status(), found.determinism(), found.mathType()));
            }
            found.position(0);
        }
        return offers;
    }

    private List<Offer> data(ConvolutionDescriptors of) {
        int[] count = new int[1];
        List<Offer> offers = new ArrayList<>();
        try (cudnnConvolutionBwdDataAlgoPerf_t found = new cudnnConvolutionBwdDataAlgoPerf_t(ASKED)) {
            checks.cudnn(
                    "cudnnGetConvolutionBackwardDataAlgorithm_v7",
                    cudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(
                            handle, of.filter(), of.output(), of.convolution(), of.input(), ASKED, count, found));
            for (int i = 0; i < count[0]; i++) {
                found.position(i);
                offers.add(new Offer(found.algo(), found.status(), found.determinism(), found.mathType()));
            }
            found.position(0);
        }
        return offers;
    }

    private List<Offer> weights(ConvolutionDescriptors of) {
        int[] count = new int[1];
        List<Offer> offers = new ArrayList<>();
        try (cudnnConvolutionBwdFilterAlgoPerf_t found = new cudnnConvolutionBwdFilterAlgoPerf_t(ASKED)) {
            checks.cudnn(
                    "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
                    cudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                            handle, of.input(), of.output(), of.convolution(), of.filter(), ASKED, count, found));
            for (int i = 0; i < count[0]; i++) {
                found.position(i);
                offers.add(new Offer(found.algo(), found.status(), found.determinism(), found.mathType()));
            }
            found.position(0);
        }
        return offers;
    }

    /** More than there is where cuDNN does not say, as of what it cannot run after all. */
    private long workspaceBytes(Kind kind, ConvolutionDescriptors of, int algorithm) {
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            int code =
                    switch (kind) {
                        case FORWARD ->
                            cudnn.cudnnGetConvolutionForwardWorkspaceSize(
                                    handle, of.input(), of.filter(), of.convolution(), of.output(), algorithm, bytes);
                        case DATA ->
                            cudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(
                                    handle, of.filter(), of.output(), of.convolution(), of.input(), algorithm, bytes);
                        case WEIGHTS ->
                            cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(
                                    handle, of.input(), of.output(), of.convolution(), of.filter(), algorithm, bytes);
                    };
            return code == 0 ? bytes.get() : Long.MAX_VALUE;
        }
    }
}
