package org.sandglass.job.data.prepare;

/**
 * A row to be.
 *
 * @param bytes as they will stand in the table: a JPEG or PNG
 * @param path where it comes from
 */
@SuppressWarnings("ArrayRecordComponent") // passes through once, never compared
record PreparedImage(byte[] bytes, String path, int label) {}
