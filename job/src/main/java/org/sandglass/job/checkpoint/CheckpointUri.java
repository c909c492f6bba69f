package org.sandglass.job.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.failure.JobFailure;

/** Finds the checkpoint that a user means by a URI. */
final class CheckpointUri {

    private static final String CHECKPOINTS = "checkpoints";

    private CheckpointUri() {}

    static Path path(String uri) {
        try {
            return new Path(uri);
        } catch (IllegalArgumentException e) {
            throw JobFailure.data("Cannot open checkpoints: " + uri + ": not a path or URI: " + e.getMessage());
        }
    }

    static Checkpoint open(Configuration hadoop, String uri) {
        Path path = path(uri);
        try {
            FileSystem files = path.getFileSystem(hadoop);
            requireDirectory(files, path);
            CheckpointDirectory directory = CheckpointDirectory.at(hadoop, path);
            if (directory.isCommitted()) {
                CheckpointManifest manifest = directory.manifest();
                directory.requireIntact(manifest);
                return new Checkpoint(directory, manifest);
            }
            if (files.exists(new Path(path, CheckpointDirectory.MODEL))) {
                throw new DamagedCheckpointException("it has no manifest.json: left over from a run that was killed"
                        + " while it wrote it; give the run's directory to take its newest whole checkpoint");
            }
            Path nested = new Path(path, CHECKPOINTS);
            return newest(hadoop, files.exists(nested) ? nested : path);
        } catch (IOException e) {
            throw CheckpointStore.failure("Cannot open checkpoint", path, e);
        }
    }

    private static void requireDirectory(FileSystem files, Path path) throws IOException {
        try {
            if (!files.getFileStatus(path).isDirectory()) {
                throw new DamagedCheckpointException("it is a file; give the directory that holds manifest.json");
            }
        } catch (FileNotFoundException e) {
            throw new DamagedCheckpointException("it does not exist");
        }
    }

    private static Checkpoint newest(Configuration hadoop, Path root) throws IOException {
        List<String> damages = new ArrayList<>();
        CheckpointStore store = new CheckpointStore(hadoop, root.toString(), damages::add);
        Optional<CheckpointManifest> manifest = store.newest();
        if (manifest.isEmpty()) {
            throw new DamagedCheckpointException(
                    damages.isEmpty()
                            ? "there is no checkpoint here: neither manifest.json nor a directory of a committed"
                                    + " checkpoint"
                            : String.join("; ", damages));
        }
        damages.forEach(CheckpointStore.LOG::warn);
        return store.checkpoint(manifest.get());
    }
}
