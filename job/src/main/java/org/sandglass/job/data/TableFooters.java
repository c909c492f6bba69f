package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

/** Reads the footers of all files of a table in parallel, in this process. */
final class TableFooters {

    private static final int THREADS = 16;

    private TableFooters() {}

    /** @throws JobFailure for the first file, in the listing's order, that cannot be used or differs from the first */
    static List<TableFile> read(String uri, TableListing listing, Configuration hadoop) {
        ExecutorService readers =
                Executors.newFixedThreadPool(Math.min(THREADS, listing.entries().size()));
        try {
            List<Future<TableFile>> pending = new ArrayList<>();
            for (TableListing.Entry entry : listing.entries()) {
                pending.add(readers.submit(() -> TableFile.read(uri, entry.name(), entry.status(), hadoop)));
            }
            List<TableFile> files = new ArrayList<>();
            for (Future<TableFile> file : pending) {
                files.add(file.get());
                checkSame(uri, files.get(0), files.get(files.size() - 1));
            }
            return files;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof JobFailure failure
                    ? failure
                    : new IllegalStateException("Cannot read footers of " + uri, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new JobFailure(ExitCode.OTHER, "Cannot open table " + uri + ": interrupted", e);
        } finally {
            readers.shutdownNow();
        }
    }

    private static void checkSame(String uri, TableFile first, TableFile file) {
        if (!file.columns().sparkSchema().equals(first.columns().sparkSchema())) {
            throw JobFailure.data("Cannot read table %s: columns differ between its files: %s has %s, %s has %s"
                    .formatted(
                            uri,
                            first.name(),
                            first.columns().sparkSchema().simpleString(),
                            file.name(),
                            file.columns().sparkSchema().simpleString()));
        }
    }
}
