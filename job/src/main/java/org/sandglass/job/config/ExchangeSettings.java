package org.sandglass.job.config;

import java.util.Optional;

/**
 * How an epoch's samples reach their workers.
 *
 * @param ahead whether the next epoch's exchange runs while this one trains
 * @param packDirectory where hosts keep their packs in the mode {@code REFERENCES}; empty for a directory of the user's
 *     below {@code /var/tmp}
 * @param keepPacks whether packs stay when the run ends
 */
public record ExchangeSettings(Mode mode, boolean ahead, Optional<String> packDirectory, boolean keepPacks) {

    /** What travels: the encoded images, or references to copies that each host holds. */
    public enum Mode {
        IMAGES,
        REFERENCES
    }
}
