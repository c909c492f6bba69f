package org.sandglass.job.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.checkpoint.Checkpoint;
import org.sandglass.job.checkpoint.CheckpointContents;
import org.sandglass.job.checkpoint.CheckpointStore;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.NetworkState;
import org.sandglass.ops.optim.LossScale;
import org.sandglass.ops.tensor.NamedTensor;

/** The ways that a worker's state (weights, running statistics, momentum) comes and goes. */
final class WorkerState {

    private WorkerState() {}

    /** Initial weights by the recipe's seed, the same on every machine. */
    private static void initialize(Worker worker) {
        FloatBuffer weights = floats(worker.network().layout().weightsLength());
        FloatBuffer statistics = floats(worker.network().layout().statisticsLength());
        Initialization.initialize(worker.network(), worker.recipe().training().seed(), weights, statistics);
        worker.buffers().weights().upload(0, weights);
        worker.buffers().statistics().upload(0, statistics);
        worker.momentum().clear();
        worker.lossScale(LossScale.from(worker.recipe().training().lossScale()));
    }

    /** The stored state, or initial weights where there is none. */
    static EpochProgress load(Worker worker, @Nullable String uri) {
        if (uri != null) {
            return restore(worker, uri);
        }
        initialize(worker);
        return EpochProgress.NONE;
    }

    /** The state that rank {@code root} has, be it live or held in memory, becomes every rank's; every rank takes part. */
    static EpochProgress share(Worker worker, int root, Stamp stamp) {
        EpochProgress progress = worker.progress();
        boolean live = worker.stamp().equals(stamp);
        worker.invalidateState();
        if (worker.communicator().rank() == root && !live) {
            worker.snapshot().restoreTo(worker);
            progress = worker.snapshot().progress();
        }
        return broadcast(worker, root, progress);
    }

    private static EpochProgress broadcast(Worker worker, int source, EpochProgress progress) {
        for (DeviceBuffer buffer : buffers(worker)) {
            ByteBuffer bytes = bytes(buffer.elements());
            FloatBuffer view = bytes.asFloatBuffer();
            if (worker.communicator().rank() == source) {
                buffer.download(0, view);
            }
            worker.communicator().broadcast(bytes, source).await();
            buffer.upload(0, view);
        }
        ByteBuffer scale = scaleBytes(worker.lossScale());
        worker.communicator().broadcast(scale, source).await();
        worker.lossScale(new LossScale(scale.getDouble(0), scale.getInt(Double.BYTES)));
        byte[] own = progress.toJson().getBytes(StandardCharsets.UTF_8);
        ByteBuffer length = ByteBuffer.allocateDirect(Integer.BYTES).putInt(0, own.length);
        worker.communicator().broadcast(length, source).await();
        ByteBuffer text = ByteBuffer.allocateDirect(length.getInt(0));
        if (worker.communicator().rank() == source) {
            text.put(0, own);
        }
        worker.communicator().broadcast(text, source).await();
        return EpochProgress.fromJson(StandardCharsets.UTF_8.decode(text).toString());
    }

    private static EpochProgress restore(Worker worker, String uri) {
        Checkpoint checkpoint = CheckpointStore.open(hadoop(), uri);
        CheckpointContents contents = checkpoint.read();
        restoreModel(worker, contents.model());
        FloatBuffer momentum = floats(worker.network().layout().weightsLength());
        Map<String, NamedTensor> optimizer = new HashMap<>(contents.optimizer());
        NamedTensor scale = optimizer.remove(LossScale.TENSOR);
        worker.lossScale(
                scale == null ? LossScale.from(worker.recipe().training().lossScale()) : LossScale.of(scale));
        NetworkState.restoreMomentum(worker.network(), optimizer, momentum);
        worker.momentum().upload(0, momentum);
        return checkpoint.isSnapshot() ? EpochProgress.fromJson(checkpoint.progress()) : EpochProgress.NONE;
    }

    /** Reads the model alone, for a worker that will not train. */
    static void restoreModel(Worker worker, String checkpoint) {
        restoreModel(worker, CheckpointStore.open(hadoop(), checkpoint).readModel());
    }

    private static void restoreModel(Worker worker, Map<String, NamedTensor> model) {
        FloatBuffer weights = floats(worker.network().layout().weightsLength());
        FloatBuffer statistics = floats(worker.network().layout().statisticsLength());
        NetworkState.restoreModel(worker.network(), model, weights, statistics);
        worker.buffers().weights().upload(0, weights);
        worker.buffers().statistics().upload(0, statistics);
    }

    /** CRC-32C of weights, statistics, momentum and loss scale: replicas must agree. */
    static long crc(Worker worker) {
        CRC32C crc = new CRC32C();
        for (DeviceBuffer buffer : buffers(worker)) {
            ByteBuffer bytes = bytes(buffer.elements());
            buffer.download(0, bytes.asFloatBuffer());
            crc.update(bytes);
        }
        crc.update(scaleBytes(worker.lossScale()));
        return crc.getValue();
    }

    /** Whether every weight is a number. */
    static boolean isFinite(Worker worker) {
        DeviceBuffer weights = worker.buffers().weights();
        return worker.device().isFinite(weights, 0, weights.elements());
    }

    /** Hadoop's configuration as this executor has it. */
    static Configuration hadoop() {
        return SparkHadoopUtil.get().newConfiguration(SparkEnv.get().conf());
    }

    private static List<DeviceBuffer> buffers(Worker worker) {
        return List.of(worker.buffers().weights(), worker.buffers().statistics(), worker.momentum());
    }

    private static ByteBuffer scaleBytes(LossScale scale) {
        return ByteBuffer.allocateDirect(Double.BYTES + Integer.BYTES)
                .putDouble(0, scale.scale())
                .putInt(Double.BYTES, scale.streak());
    }

    private static FloatBuffer floats(long elements) {
        return bytes(elements).asFloatBuffer();
    }

    private static ByteBuffer bytes(long elements) {
        return ByteBuffer.allocateDirect(Math.toIntExact(elements * Float.BYTES))
                .order(ByteOrder.nativeOrder());
    }
}
