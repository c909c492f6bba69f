package org.sandglass.job.config;

import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.optim.Sgd;

/** Momentum SGD's settings (Goyal et al., sections 3 and 5.1). */
public record OptimizerSettings(
        double momentum, boolean nesterov, double weightDecay, SgdUpdate.Form form, boolean momentumCorrection) {

    public Sgd sgd() {
        return new Sgd(form, momentum, nesterov, weightDecay, momentumCorrection);
    }
}
