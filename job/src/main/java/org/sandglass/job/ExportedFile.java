package org.sandglass.job;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.checkpoint.Checkpoint;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.format.Onnx;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.NamedTensor;

/** A new file on any Hadoop file system that takes a network; nothing is left of it if writing fails. */
final class ExportedFile {

    private final Path path;
    private final Configuration hadoop = HadoopSettings.configuration();

    ExportedFile(String uri) {
        this.path = new Path(uri);
    }

    /** What the file holds. */
    enum Format {
        SAFETENSORS,
        ONNX;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    Configuration hadoop() {
        return hadoop;
    }

    void write(Format format, Checkpoint checkpoint) {
        Map<String, NamedTensor> model = checkpoint.readModel();
        try {
            FileSystem found = path.getFileSystem(hadoop);
            FileSystem files = found instanceof LocalFileSystem local ? local.getRaw() : found;
            if (files.exists(path)) {
                throw JobFailure.usage("Cannot export to " + path + ": exists; choose another --out");
            }
            try (OutputStream out = files.create(path, false)) {
                write(format, checkpoint.manifest(), model, out);
            } catch (IOException | RuntimeException e) {
                files.delete(path, false);
                throw e;
            }
        } catch (IOException e) {
            throw new JobFailure(ExitCode.OTHER, "Cannot export to " + path + ": " + e.getMessage(), e);
        }
    }

    private static void write(
            Format format, CheckpointManifest manifest, Map<String, NamedTensor> model, OutputStream out)
            throws IOException {
        switch (format) {
            case SAFETENSORS ->
                Safetensors.write(out, Map.of("format", "pt", "model", manifest.model()), List.copyOf(model.values()));
            case ONNX -> {
                boolean zeroGamma =
                        Recipe.parse(manifest.recipe(), "manifest.json").model().zeroGamma();
                Network network = ResNet.of(manifest.model(), manifest.classes(), manifest.imageSize(), zeroGamma);
                Onnx.write(out, network, model);
            }
        }
    }
}
