package org.sandglass.job.checkpoint;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.sandglass.ops.tensor.NamedTensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots of a run: states in the middle of epochs, on any Hadoop file system.
 *
 * <p>A snapshot is a checkpoint with one more file, and is committed by its writer. Its directory is named by its
 * iteration and its writer, so that no two writers share one: a task that was frozen, and is finished when another has
 * long taken its place, does no harm. Thread-safe.
 */
public final class SnapshotStore {

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotStore.class);
    private static final Pattern DIRECTORY = Pattern.compile("(\\d{9,18})-[A-Za-z0-9-]+");
    private static final int KEPT = 2;

    private final Configuration hadoop;
    private final Path root;

    /** @param uri directory that holds the snapshots' directories; need not exist */
    public SnapshotStore(Configuration hadoop, String uri) {
        this.hadoop = hadoop;
        this.root = CheckpointUri.path(uri);
    }

    /**
     * Writes a snapshot, then deletes all but the last two.
     *
     * @param writer letters, digits and hyphens, not used by any other writer
     * @param description everything about the snapshot but its files
     * @param progress what belongs to the state beside the tensors
     * @throws IOException if there is no such snapshot now
     */
    public void write(
            String writer,
            CheckpointManifest description,
            List<NamedTensor> model,
            List<NamedTensor> optimizer,
            String progress)
            throws IOException {
        String name = "%09d-%s".formatted(description.iteration(), writer);
        CheckpointDirectory directory = CheckpointDirectory.at(hadoop, new Path(root, name));
        try {
            directory.writeManifest(description.withFiles(List.of(
                    directory.write(CheckpointDirectory.MODEL, model),
                    directory.write(CheckpointDirectory.OPTIMIZER, optimizer),
                    directory.write(CheckpointDirectory.PROGRESS, progress))));
        } catch (IOException e) {
            directory.discard(e);
            throw e;
        }
        deleteAllBut(KEPT, description.iteration());
    }

    /**
     * The newest snapshot of which every byte is as its manifest says, of an iteration in [first, last]; damaged ones
     * are passed over with a warning.
     */
    public Optional<Checkpoint> newest(long first, long last) {
        try {
            for (Found found : snapshots()) {
                if (found.iteration() >= first && found.iteration() <= last) {
                    Optional<Checkpoint> intact = intact(found);
                    if (intact.isPresent()) {
                        return intact;
                    }
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw CheckpointStore.failure("Cannot look for snapshots", root, e);
        }
    }

    /** Deletes the snapshots of iterations up to {@code last}, as far as that is possible. */
    public void deleteUpTo(long last) {
        deleteAllBut(0, last);
    }

    private void deleteAllBut(int kept, long last) {
        try {
            List<Found> old = snapshots().stream()
                    .filter(found -> found.iteration() <= last)
                    .toList();
            for (Found found : old.subList(Math.min(kept, old.size()), old.size())) {
                CheckpointDirectory.at(hadoop, found.path()).delete();
            }
        } catch (IOException e) {
            LOG.warn("Cannot delete old snapshots below {}", root, e);
        }
    }

    private Optional<Checkpoint> intact(Found found) throws IOException {
        CheckpointDirectory directory = CheckpointDirectory.at(hadoop, found.path());
        if (!directory.isCommitted()) {
            return Optional.empty();
        }
        try {
            CheckpointManifest manifest = directory.manifest();
            if (manifest.iteration() != found.iteration()) {
                throw new DamagedCheckpointException("manifest.json is of iteration " + manifest.iteration());
            }
            directory.requireIntact(manifest);
            return Optional.of(new Checkpoint(directory, manifest));
        } catch (IOException e) {
            LOG.warn("Passing over a damaged snapshot: {}: {}", found.path(), e.getMessage());
            return Optional.empty();
        }
    }

    private record Found(long iteration, Path path) {}

    /** Newest first; whole or not. */
    private List<Found> snapshots() throws IOException {
        List<Found> snapshots = new ArrayList<>();
        try {
            for (FileStatus child : root.getFileSystem(hadoop).listStatus(root)) {
                Matcher name = DIRECTORY.matcher(child.getPath().getName());
                if (child.isDirectory() && name.matches()) {
                    snapshots.add(new Found(Long.parseLong(name.group(1)), child.getPath()));
                }
            }
        } catch (FileNotFoundException e) {
            return List.of();
        }
        snapshots.sort(Comparator.comparingLong(Found::iteration).reversed());
        return snapshots;
    }
}
