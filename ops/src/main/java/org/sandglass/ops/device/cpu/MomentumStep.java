package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.SgdUpdate;

/**
 * {@link SgdUpdate} over host memory, in pieces that fit the first cache and plain arrays, which the JIT compiles to vector
 * instructions as it does not for buffers. Not thread-safe.
 */
final class MomentumStep {
    private static final int PIECE = 2048;

    private final float[] w = new float[PIECE];
    private final float[] g = new float[PIECE];
    private final float[] v = new float[PIECE];

    /** Updates {@code length} weights and momenta; gradients are {@code gradientOffset} elements from the weights' index. */
    void run(
            SgdUpdate update,
            FloatBuffer weights,
            FloatBuffer gradients,
            FloatBuffer momentum,
            int offset,
            int gradientOffset,
            int length) {
        for (int done = 0; done < length; done += PIECE) {
            int at = offset + done;
            int count = Math.min(PIECE, length - done);
            weights.get(at, w, 0, count);
            gradients.get(at + gradientOffset, g, 0, count);
            momentum.get(at, v, 0, count);
            if (update.form() == SgdUpdate.Form.VELOCITY_SCALED) {
                velocityScaled(update, count);
            } else {
                gradientSum(update, count);
            }
            weights.put(at, w, 0, count);
            momentum.put(at, v, 0, count);
        }
    }

    private void velocityScaled(SgdUpdate update, int count) {
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

    private void gradientSum(SgdUpdate update, int count) {
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
