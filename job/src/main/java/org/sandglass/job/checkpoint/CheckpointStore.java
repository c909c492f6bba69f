package org.sandglass.job.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.tensor.NamedTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run: one directory per checkpoint, named by its completed epochs, on any Hadoop file system.
 *
 * <p>A checkpoint comes to be in two steps: an executor writes the files, then the driver writes the manifest with their
 * lengths and checksums. Readers trust manifests only, so whatever a killed run leaves behind at any moment is either a
 * whole checkpoint or none. Every failure is a {@link JobFailure} that names the file. Thread-safe, except that one
 * epoch's directory has one writer at a time.
 */
public final class CheckpointStore {

    static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
    private static final Pattern DIRECTORY = Pattern.compile("\\d{5,9}");

    private final Configuration hadoop;
    private final Path root;
    private final Consumer<String> warnings;

    /** @param uri directory that holds the checkpoints' directories; need not exist */
    public CheckpointStore(Configuration hadoop, String uri) {
        this(hadoop, uri, LOG::warn);
    }

    /** @param warnings told of each checkpoint that is passed over because it is damaged */
    public CheckpointStore(Configuration hadoop, String uri, Consumer<String> warnings) {
        this.hadoop = hadoop;
        this.root = CheckpointUri.path(uri);
        this.warnings = warnings;
    }

    /**
     * Driver side, before an epoch is trained: deletes what stands in its directory, be it the leftover of a failed
     * attempt or a damaged checkpoint.
     */
    public void clear(int epoch) {
        try {
            directory(epoch).delete();
        } catch (IOException e) {
            throw failure("Cannot delete what is left of checkpoint", directoryPath(epoch), e);
        }
    }

    /**
     * Executor side: writes {@code model.safetensors} and {@code optimizer.safetensors}.
     *
     * @throws JobFailure also if they are there already: then somebody else has taken over
     */
    public List<StoredFile> writeFiles(int epoch, List<NamedTensor> model, List<NamedTensor> optimizer) {
        try {
            CheckpointDirectory directory = directory(epoch);
            return List.of(
                    directory.write(CheckpointDirectory.MODEL, model),
                    directory.write(CheckpointDirectory.OPTIMIZER, optimizer));
        } catch (IOException e) {
            throw failure("Cannot write checkpoint", directoryPath(epoch), e);
        }
    }

    /** Driver side, after the epoch's ledger was found exact: makes the files a checkpoint. */
    public void commit(CheckpointManifest manifest) {
        try {
            CheckpointDirectory directory = directory(manifest.epoch());
            directory.requireLengths(manifest);
            directory.writeManifest(manifest);
        } catch (IOException e) {
            throw failure("Cannot commit checkpoint", directoryPath(manifest.epoch()), e);
        }
    }

    /** The newest checkpoint of which every byte is as its manifest says; damaged ones are passed over with a warning. */
    public Optional<CheckpointManifest> newest() {
        try {
            for (int epoch : epochs()) {
                Optional<CheckpointManifest> manifest = intact(epoch);
                if (manifest.isPresent()) {
                    return manifest;
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw failure("Cannot look for checkpoints", root, e);
        }
    }

    /** Reads the tensors of one of this store's checkpoints, checking every byte. */
    public CheckpointContents read(CheckpointManifest manifest) {
        return checkpoint(manifest).read();
    }

    /** The checkpoint that one of this store's manifests describes. */
    Checkpoint checkpoint(CheckpointManifest manifest) {
        try {
            return new Checkpoint(directory(manifest.epoch()), manifest);
        } catch (IOException e) {
            throw failure("Cannot read checkpoint", directoryPath(manifest.epoch()), e);
        }
    }

    /**
     * Opens a checkpoint for reading.
     *
     * @param uri a checkpoint's directory, or a run's directory or its {@code checkpoints}, whose newest undamaged
     *     checkpoint is taken
     * @throws JobFailure of kind data, saying what is wrong with what is there
     */
    public static Checkpoint open(Configuration hadoop, String uri) {
        return CheckpointUri.open(hadoop, uri);
    }

    /**
     * Deletes what is not needed any more: of the undamaged checkpoints the newest stays, and before it those of every
     * {@code every}-th epoch until {@code keep} are kept. Leftovers before the newest go too. Without an undamaged
     * checkpoint nothing is deleted.
     */
    public void retain(int every, int keep) {
        if (every <= 0 || keep <= 0) {
            throw new IllegalArgumentException(
                    "Cannot retain checkpoints: every=" + every + " keep=" + keep + " must be positive");
        }
        try {
            int kept = 0;
            for (int epoch : epochs()) {
                if (kept == 0) {
                    kept = intact(epoch).isPresent() ? 1 : 0;
                } else if (kept < keep && epoch % every == 0 && hasLengths(epoch)) {
                    kept++;
                } else {
                    directory(epoch).delete();
                }
            }
        } catch (IOException e) {
            throw failure("Cannot delete old checkpoints", root, e);
        }
    }

    /** Epochs that have a directory, newest first. */
    private List<Integer> epochs() throws IOException {
        List<Integer> epochs = new ArrayList<>();
        FileStatus[] children;
        try {
            children = root.getFileSystem(hadoop).listStatus(root);
        } catch (FileNotFoundException e) {
            return epochs;
        }
        for (FileStatus child : children) {
            String name = child.getPath().getName();
            if (child.isDirectory() && DIRECTORY.matcher(name).matches()) {
                epochs.add(Integer.parseInt(name));
            }
        }
        epochs.sort(Comparator.reverseOrder());
        return epochs;
    }

    private Optional<CheckpointManifest> intact(int epoch) throws IOException {
        CheckpointDirectory directory = directory(epoch);
        if (!directory.isCommitted()) {
            return Optional.empty();
        }
        try {
            CheckpointManifest manifest = manifest(epoch);
            directory.requireIntact(manifest);
            return Optional.of(manifest);
        } catch (IOException e) {
            warnings.accept("Passing over a damaged checkpoint: " + directory.path() + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    private boolean hasLengths(int epoch) {
        try {
            directory(epoch).requireLengths(manifest(epoch));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private CheckpointManifest manifest(int epoch) throws IOException {
        CheckpointManifest manifest = directory(epoch).manifest();
        if (manifest.epoch() != epoch) {
            throw new DamagedCheckpointException("manifest.json is of epoch " + manifest.epoch());
        }
        return manifest;
    }

    private CheckpointDirectory directory(int epoch) throws IOException {
        return CheckpointDirectory.at(hadoop, directoryPath(epoch));
    }

    private Path directoryPath(int epoch) {
        return new Path(root, String.format(Locale.ROOT, "%05d", epoch));
    }

    static JobFailure failure(String what, Path where, IOException why) {
        String reason = why.getMessage() == null ? why.toString() : why.getMessage();
        return new JobFailure(ExitCode.DATA, what + ": " + where + ": " + reason, why);
    }
}
