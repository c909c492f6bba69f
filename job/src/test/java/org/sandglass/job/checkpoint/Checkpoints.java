package org.sandglass.job.checkpoint;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/** Small checkpoints whose values tell their epoch. */
final class Checkpoints {

    private Checkpoints() {}

    static CheckpointManifest save(CheckpointStore store, int epoch) {
        store.clear(epoch);
        CheckpointManifest manifest = manifest(epoch, store.writeFiles(epoch, model(epoch), optimizer(epoch)));
        store.commit(manifest);
        return manifest;
    }

    static void saveSnapshot(SnapshotStore store, int iteration) throws IOException {
        CheckpointManifest description = new CheckpointManifest(
                1,
                iteration,
                "cifar-resnet8",
                2,
                List.of(),
                32,
                "model { name = cifar-resnet8 }\n",
                Safetensors.sha256(model(iteration)),
                Map.of("samples", iteration),
                "2026-01-02T03:04:05Z",
                List.of());
        store.write("run-1", description, model(iteration), optimizer(iteration), "{\"at\":" + iteration + "}");
    }

    static CheckpointManifest manifest(int epoch, List<StoredFile> files) {
        return new CheckpointManifest(
                epoch,
                epoch * 157L,
                "cifar-resnet8",
                2,
                List.of("cat", "größe \"x\""),
                32,
                "model { name = cifar-resnet8 }\n",
                Safetensors.sha256(model(epoch)),
                Map.of("epoch", epoch, "verdict", "exact"),
                "2026-01-02T03:04:05Z",
                files);
    }

    static List<NamedTensor> model(int epoch) {
        return List.of(tensor("fc.weight", epoch), tensor("fc.bias", -epoch));
    }

    static List<NamedTensor> optimizer(int epoch) {
        return List.of(tensor("fc.weight", 0.5f * epoch), tensor("fc.bias", 0.25f * epoch));
    }

    private static NamedTensor tensor(String name, float value) {
        return new NamedTensor(name, Shape.of(2, 3), FloatBuffer.wrap(new float[] {value, 1, 2, 3, 4, 5}));
    }
}
