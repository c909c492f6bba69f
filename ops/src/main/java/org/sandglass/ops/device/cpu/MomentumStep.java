package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import java.util.function.IntConsumer;
import org.sandglass.ops.device.SgdUpdate;

/**
 * {@link SgdUpdate} over host memory, in one pass, by a crew of threads, in pieces that fit the first cache and plain arrays,
 * which the JIT compiles to vector instructions as it does not for buffers. Not thread-safe.
 */
final class MomentumStep {
    private static final int PIECE = 2048;

    private final Crew crew;
    private final Share[] shares;
    private final IntConsumer runShare = this::runShare;
    private int next;
    private int end;

    MomentumStep(Crew crew) {
        this.crew = crew;
        shares = new Share[crew.size()];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = new Share();
        }
    }

    /** Updates {@code length} weights and momenta; gradients are {@code gradientOffset} elements from the weights' index. */
    void run(
            SgdUpdate update,
            FloatBuffer weights,
            FloatBuffer gradients,
            FloatBuffer momentum,
            int offset,
            int gradientOffset,
            int length) {
        for (Share share : shares) {
            share.update = update;
            share.weights = weights;
            share.gradients = gradients;
            share.momentum = momentum;
            share.gradientOffset = gradientOffset;
        }
        next = offset;
        end = offset + length;
        if (length <= shares.length * PIECE) {
            shares[0].run(offset, end);
        } else {
            crew.run(runShare);
        }
    }

    private void runShare(int index) {
        long length = (long) end - next;
        int from = next + (int) (length * index / shares.length);
        int to = next + (int) (length * (index + 1) / shares.length);
        shares[index].run(from, to);
    }

    /** What one thread works with. */
    private static final class Share {
        private final float[] w = new float[PIECE];
        private final float[] g = new float[PIECE];
        private final float[] v = new float[PIECE];
        private SgdUpdate update = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0, 0, 1, 0, false);
        private FloatBuffer weights = FloatBuffer.wrap(w);
        private FloatBuffer gradients = FloatBuffer.wrap(g);
        private FloatBuffer momentum = FloatBuffer.wrap(v);
        private int gradientOffset;

        void run(int from, int to) {
            for (int at = from; at < to; at += PIECE) {
                int count = Math.min(PIECE, to - at);
                weights.get(at, w, 0, count);
                gradients.get(at + gradientOffset, g, 0, count);
                momentum.get(at, v, 0, count);
                if (update.form() == SgdUpdate.Form.VELOCITY_SCALED) {
                    velocityScaled(count);
                } else {
                    gradientSum(count);
                }
                weights.put(at, w, 0, count);
                momentum.put(at, v, 0, count);
            }
        }

        private void velocityScaled(int count) {
            float rate = (float) update.learningRate();
            float decay = (float) update.weightDecay();
            float keep = (float) (update.momentum() * update.correction());
            float ahead = update.nesterov() ? (float) update.momentum() : 1;
            float direct = update.nesterov() ? rate : 0;
            for (int i = 0; i < count; i++) {
                float gradient = g[i] + decay * w[i];
                float velocity = keep * v[i] + rate * gradient;
                v[i] = velocity;
                w[i] -= ahead * velocity + direct * gradient;
            }
        }

        private void gradientSum(int count) {
            float rate = (float) update.learningRate();
            float decay = (float) update.weightDecay();
            float keep = (float) update.momentum();
            float ahead = update.nesterov() ? (float) update.momentum() : 1;
            float direct = update.nesterov() ? 1 : 0;
            for (int i = 0; i < count; i++) {
                float gradient = g[i] + decay * w[i];
                float velocity = keep * v[i] + gradient;
                v[i] = velocity;
                w[i] -= rate * (ahead * velocity + direct * gradient);
            }
        }
    }
}
