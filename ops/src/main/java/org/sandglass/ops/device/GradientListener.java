package org.sandglass.ops.device;

/** Told, in the order of {@link FlatLayout#parameters()}, that a parameter's gradient is complete. */
@FunctionalInterface
public interface GradientListener {

    /** Ignores what it is told. */
    GradientListener NONE = parameter -> {};

    /**
     * Called on the thread that runs backward, as soon as the work that completes the gradient has been queued. Who
     * reads it from elsewhere than the device's queue first awaits an event recorded now, {@link Device#record()}.
     */
    void gradientReady(Parameter parameter);
}
