package org.sandglass.job.config;

/**
 * How an epoch's samples reach their workers.
 *
 * @param ahead whether the next epoch's exchange runs while this one trains
 */
public record ExchangeSettings(Mode mode, boolean ahead) {

    /** What travels: the encoded images, or references to copies that each host holds. */
    public enum Mode {
        IMAGES,
        REFERENCES
    }
}
