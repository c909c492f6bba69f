package org.sandglass.job.data;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;

/**
 * What tells a table from others, wherever it lies: found without Spark, and without reading its images.
 *
 * @param checksum over labels and images, from the table's manifest; null if it has none
 * @param imageBytes of a table without a checksum: all images together, as its footers count them; else null
 */
public record TableIdentity(
        long rows, @Nullable String checksum, @Nullable Long imageBytes) {

    /**
     * What tells the table at {@code uri}.
     *
     * @throws JobFailure (data) if there is no such table, or what describes it cannot be read
     */
    public static TableIdentity of(String uri, Configuration hadoop) {
        TableListing listing = TableListing.of(uri, hadoop);
        Optional<TableManifest> manifest = listing.isDirectory() ? TableManifest.read(hadoop, uri) : Optional.empty();
        if (manifest.isPresent()) {
            return new TableIdentity(manifest.get().rows(), manifest.get().checksum(), null);
        }
        List<TableFile> files = TableFooters.read(uri, listing, hadoop);
        return new TableIdentity(
                files.stream().mapToLong(TableFile::rows).sum(),
                null,
                files.stream().mapToLong(TableFile::imageBytes).sum());
    }

    /** For people: {@code 50,000 images, checksum …}. */
    @Override
    public String toString() {
        return checksum == null
                ? String.format(Locale.ROOT, "%,d images of %,d bytes, no checksum", rows, imageBytes)
                : String.format(Locale.ROOT, "%,d images, checksum %s", rows, checksum);
    }
}
