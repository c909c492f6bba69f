package org.sandglass.job.data.prepare;

import java.io.Serializable;

/**
 * Where the bytes of an image lie.
 *
 * @param path within the source
 * @param file URI of the file that holds it
 * @param offset first byte within that file; -1 if it can only be reached by reading on from the start
 * @param length in bytes
 */
record ImageReference(String path, String file, long offset, long length) implements Serializable {}
