package org.sandglass.job.data.prepare;

/** Hears how far an import is, about once a second, from a thread of its own. */
@FunctionalInterface
public interface ImportProgress {

    /**
     * Called with what is done so far.
     *
     * @param images images done
     * @param total images to do
     * @param imagesPerSecond since the import began to write
     */
    void report(long images, long total, double imagesPerSecond);

    /** For those who do not want to know. */
    static ImportProgress silent() {
        return (images, total, imagesPerSecond) -> {};
    }
}
