package org.sandglass.job.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.NetworkState;
import org.sandglass.ops.optim.LossScale;
import org.sandglass.ops.tensor.NamedTensor;

/**
 * A copy of a worker's state, held in host memory while training goes on: as large as weights, statistics and momentum
 * together. Its memory is taken at the first capture and then used again.
 *
 * <p>One thread captures; others may read between captures.
 */
final class Snapshot {

    private final Network network;
    private FloatBuffer weights = FloatBuffer.allocate(0);
    private FloatBuffer statistics = FloatBuffer.allocate(0);
    private FloatBuffer momentum = FloatBuffer.allocate(0);
    private Optional<LossScale> lossScale = Optional.empty();
    private Stamp stamp = Stamp.NONE;
    private EpochProgress progress = EpochProgress.NONE;

    Snapshot(Network network) {
        this.network = network;
    }

    /** Which state this is, or {@link Stamp#NONE}. */
    Stamp stamp() {
        return stamp;
    }

    EpochProgress progress() {
        return progress;
    }

    void capture(Worker worker, Stamp of, EpochProgress ofEpoch) {
        // Where a peer was lost, the copy before is of use, and is kept.
        worker.device().synchronize();
        stamp = Stamp.NONE;
        weights = copy(worker.buffers().weights(), weights);
        statistics = copy(worker.buffers().statistics(), statistics);
        momentum = copy(worker.momentum(), momentum);
        lossScale = worker.scalesLosses() ? Optional.of(worker.lossScale()) : Optional.empty();
        progress = ofEpoch;
        stamp = of;
    }

    /** Gives the memory back. */
    void forget() {
        stamp = Stamp.NONE;
        progress = EpochProgress.NONE;
        weights = FloatBuffer.allocate(0);
        statistics = FloatBuffer.allocate(0);
        momentum = FloatBuffer.allocate(0);
    }

    void restoreTo(Worker worker) {
        worker.buffers().weights().upload(0, weights);
        worker.buffers().statistics().upload(0, statistics);
        worker.momentum().upload(0, momentum);
        lossScale.ifPresent(worker::lossScale);
    }

    /** Views of the model's tensors. */
    List<NamedTensor> modelTensors() {
        return NetworkState.model(network, weights, statistics);
    }

    /** Views of the momentum's tensors, and in f16 the loss scale. */
    List<NamedTensor> optimizerTensors() {
        return Stream.concat(
                        NetworkState.momentum(network, momentum).stream(), lossScale.map(LossScale::tensor).stream())
                .toList();
    }

    private static FloatBuffer copy(DeviceBuffer source, FloatBuffer earlier) {
        FloatBuffer target = earlier.capacity() == source.elements() ? earlier : allocate(source.elements());
        source.download(0, target);
        return target;
    }

    private static FloatBuffer allocate(long elements) {
        return ByteBuffer.allocateDirect(Math.toIntExact(elements * Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }
}
