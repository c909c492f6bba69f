package org.sandglass.job.checkpoint;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a checkpoint, or a snapshot in the middle of an epoch, is and which files it consists of. Where there is no manifest there is no checkpoint.
 *
 * <p>Travels as a string, see {@link #toJson()}.
 *
 * @param epoch epochs completed
 * @param iteration iterations completed, over all epochs
 * @param model the network's name in recipes, for example {@code resnet50}
 * @param classNames names by class index, or empty where the data set has none
 * @param imageSize height and width of the images that the network takes, in pixels
 * @param recipe the resolved recipe that trained it, in HOCON
 * @param weightsSha256 of the model's tensor bytes in name order
 * @param ledger the epoch's ledger entry, as JSON has it; of a snapshot, what was used so far
 * @param created moment of writing, ISO 8601 in UTC
 */
public record CheckpointManifest(
        int epoch,
        long iteration,
        String model,
        int classes,
        List<String> classNames,
        int imageSize,
        String recipe,
        String weightsSha256,
        Map<String, Object> ledger,
        String created,
        List<StoredFile> files) {

    /** @throws IllegalArgumentException if a number is out of range or the names do not fit the classes */
    public CheckpointManifest {
        classNames = List.copyOf(classNames);
        ledger = Collections.unmodifiableMap(new LinkedHashMap<>(ledger));
        files = List.copyOf(files);
        Instant.parse(created);
        if (epoch < 0 || iteration < 0 || classes <= 0 || imageSize <= 0) {
            throw new IllegalArgumentException("Cannot make a manifest: epoch=" + epoch + " iteration=" + iteration
                    + " classes=" + classes + " imageSize=" + imageSize);
        }
        if (!classNames.isEmpty() && classNames.size() != classes) {
            throw new IllegalArgumentException(
                    "Cannot make a manifest: " + classNames.size() + " names for " + classes + " classes");
        }
    }

    CheckpointManifest withFiles(List<StoredFile> stored) {
        return withFiles(weightsSha256, stored);
    }

    /** The same with what its files hold. */
    public CheckpointManifest withFiles(String sha256, List<StoredFile> stored) {
        return new CheckpointManifest(
                epoch, iteration, model, classes, classNames, imageSize, recipe, sha256, ledger, created, stored);
    }

    /** The text of {@code manifest.json}, closed by a checksum over all that stands before it. */
    public String toJson() {
        return ManifestText.write(this);
    }

    /**
     * Reads what {@link #toJson()} wrote.
     *
     * @throws IllegalArgumentException if a single byte of it is missing or changed, saying what is wrong
     */
    public static CheckpointManifest fromJson(String json) {
        return ManifestText.read(json);
    }
}
