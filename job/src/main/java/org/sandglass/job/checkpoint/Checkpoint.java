package org.sandglass.job.checkpoint;

import java.io.IOException;
import java.util.Map;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.tensor.NamedTensor;

/** A checkpoint that was opened for reading. Thread-safe. */
public final class Checkpoint {

    private final CheckpointDirectory directory;
    private final CheckpointManifest manifest;

    Checkpoint(CheckpointDirectory directory, CheckpointManifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
    }

    /** The directory that was chosen, with scheme and authority. */
    public String uri() {
        return directory.path().toString();
    }

    public CheckpointManifest manifest() {
        return manifest;
    }

    /**
     * Reads the model alone, which is all that evaluation needs, checking every byte.
     *
     * @throws JobFailure if the file is missing or not what was written
     */
    public Map<String, NamedTensor> readModel() {
        return read(CheckpointDirectory.MODEL);
    }

    /** Reads everything, checking every byte. */
    public CheckpointContents read() {
        return new CheckpointContents(readModel(), read(CheckpointDirectory.OPTIMIZER));
    }

    /** Whether this is a state in the middle of an epoch, which has {@link #progress}. */
    public boolean isSnapshot() {
        return manifest.files().stream().anyMatch(file -> file.name().equals(CheckpointDirectory.PROGRESS));
    }

    /** What belongs to a snapshot's state beside the tensors. */
    public String progress() {
        try {
            return directory.readText(manifest, CheckpointDirectory.PROGRESS);
        } catch (IOException e) {
            throw CheckpointStore.failure("Cannot read snapshot", directory.path(), e);
        }
    }

    private Map<String, NamedTensor> read(String name) {
        try {
            return directory.read(manifest, name);
        } catch (IOException e) {
            throw CheckpointStore.failure("Cannot read checkpoint", directory.path(), e);
        }
    }
}
