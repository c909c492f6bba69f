package org.sandglass.job.data.prepare;

import java.util.List;
import java.util.Map;
import org.sandglass.job.data.TableManifest;

/**
 * What an import has written.
 *
 * @param tables manifest per table, by URI, in the order in which they were written
 * @param skipped number of images that could not be read and were left out
 * @param unreadable the first of these
 */
public record ImportResult(Map<String, TableManifest> tables, long skipped, List<UnreadableImage> unreadable) {}
