package org.sandglass.job.config;

/** The device that a recipe asks for; {@code AUTO} takes the best one that every executor has. */
public enum DeviceChoice {
    AUTO,
    CPU,
    CUDA
}
