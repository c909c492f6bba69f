package org.sandglass.job.config;

/**
 * Which network is trained.
 *
 * @param zeroGamma whether the scale of each residual block's last batch norm starts at 0 (Goyal et al., section 5.1)
 */
public record ModelSettings(String name, boolean zeroGamma) {}
