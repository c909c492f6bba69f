package org.sandglass.job.config;

/**
 * Machines to plan for, and what was measured of this implementation on such a machine. Rates are in bytes, times in
 * seconds.
 *
 * @param hosts all alike
 * @param devicesPerHost that compute; each has one worker or several, one after another
 * @param coresPerHost that decode images
 * @param linkBytesPerSecond of a host's link, in each direction, without what headers and the kernel take
 * @param linkGbps of the link as it is sold
 * @param latency from host to host, beside what {@code frame} has of it
 * @param hostBytesPerSecond at which the devices of a host sum a buffer among them, and at which they share one
 * @param copyBytesPerSecond between a device and the host's memory
 * @param diskBytesPerSecond of a host
 * @param forward of a microbatch
 * @param backward of a microbatch
 * @param update of all weights
 * @param deviation standard deviation of forward and backward between devices and iterations, as a share of them
 * @param deviceFlops operations per second, and
 * @param deviceBytesPerSecond bytes per second, whose relation tells how backward's time is spread over the layers
 * @param engineBytesPerSecond what a host's collective engine sends, or receives and adds
 * @param engineOnDevice whether engine and device are the same processor, so that what sums cannot compute
 * @param frame the engine's work on a frame, at its sender and again at its receiver
 * @param decodePerCore images per second
 * @param exchangeBytesPerSecond of encoded images that a host reads, writes and sorts
 * @param stage of an epoch: what begins and ends it
 */
public record ClusterSettings(
        int hosts,
        int devicesPerHost,
        int coresPerHost,
        double linkBytesPerSecond,
        double linkGbps,
        double latency,
        double hostBytesPerSecond,
        double copyBytesPerSecond,
        double diskBytesPerSecond,
        double forward,
        double backward,
        double update,
        double deviation,
        double deviceFlops,
        double deviceBytesPerSecond,
        double engineBytesPerSecond,
        boolean engineOnDevice,
        double frame,
        double decodePerCore,
        double exchangeBytesPerSecond,
        double stage,
        DataSet data) {

    /** A training set and what is evaluated after every epoch: numbers of images, and bytes of an encoded one. */
    public record DataSet(long samples, long validation, double encodedBytes) {}

    /** The share of the link's rate that is left for data. */
    public double linkEfficiency() {
        return linkBytesPerSecond / (linkGbps / 8 * 1e9);
    }

    /** The same with another link. */
    public ClusterSettings withLink(double gbps) {
        return new ClusterSettings(
                hosts,
                devicesPerHost,
                coresPerHost,
                linkEfficiency() * gbps / 8 * 1e9,
                gbps,
                latency,
                hostBytesPerSecond,
                copyBytesPerSecond,
                diskBytesPerSecond,
                forward,
                backward,
                update,
                deviation,
                deviceFlops,
                deviceBytesPerSecond,
                engineBytesPerSecond,
                engineOnDevice,
                frame,
                decodePerCore,
                exchangeBytesPerSecond,
                stage,
                data);
    }
}
