package org.sandglass.job.plan;

import org.sandglass.job.config.ClusterSettings;
import org.sandglass.job.config.ExchangeSettings;

/**
 * What it takes to bring images to their workers. {@code images}: every epoch is exchanged, and spilled to disks; ahead of the
 * epoch if the recipe says so, for which executors must have slots to spare. {@code references}: every host writes a pack of
 * the whole table before the first epoch, and then nothing travels.
 */
record ExchangeForecast(ExchangeSettings settings, ClusterSettings cluster, int hosts) {

    /**
     * Seconds of every epoch in which training waits.
     *
     * @param training seconds of an epoch's iterations
     */
    double exposed(double training) {
        if (packs()) {
            return 0;
        }
        return settings.ahead() ? Math.max(0, exchange() - training) : exchange();
    }

    /** Seconds before the first epoch, beside {@link #exposed}: nothing trains yet while its images are exchanged. */
    double first(double training) {
        return packs() ? tableBytes() / slowest() : exchange() - exposed(training);
    }

    /** What lies on a host's disk at a time. */
    double diskBytes() {
        if (packs()) {
            return tableBytes();
        }
        return (settings.ahead() ? 2 : 1) * tableBytes() / hosts;
    }

    private boolean packs() {
        return settings.mode() == ExchangeSettings.Mode.REFERENCES;
    }

    private double exchange() {
        return tableBytes() / hosts / Math.min(cluster.exchangeBytesPerSecond(), slowest());
    }

    /** Bytes per second that come over a host's link and go to its disk. */
    private double slowest() {
        return Math.min(cluster.diskBytesPerSecond(), cluster.linkBytesPerSecond());
    }

    private double tableBytes() {
        return cluster.data().samples() * cluster.data().encodedBytes();
    }
}
