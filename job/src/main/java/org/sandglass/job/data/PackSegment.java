package org.sandglass.job.data;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.zip.CRC32C;

/**
 * A file of packed samples, mapped into memory: the records, then for each its end and its CRC-32C, then a footer with
 * the number of records, the CRC-32C of that index, and a magic number.
 *
 * <p>A file without a valid footer or of another length is no segment; a record that has changed is noticed when it is
 * read. Immutable; thread-safe.
 */
final class PackSegment {

    private static final long MAGIC = 0x53474c50_41434b31L; // SGLPACK1
    private static final int ENTRY_BYTES = Long.BYTES + Integer.BYTES;
    private static final int FOOTER_BYTES = Long.BYTES + Integer.BYTES + Long.BYTES;
    private static final int BUFFER_BYTES = 1 << 20;

    /** A record lies in the window that it begins in, which goes on behind its end for the longest one. */
    private static final long WINDOW_BYTES = 1L << 30;

    private final Path file;
    private final ByteBuffer[] windows;
    private final ByteBuffer index;

    /** A segment, or a record of one, that is not what was written. */
    static final class Damaged extends IOException {
        private static final long serialVersionUID = 1L;

        Damaged(Path file, String what) {
            super("Damaged pack: " + file + ": " + what);
        }
    }

    private PackSegment(Path file, ByteBuffer[] windows, ByteBuffer index) {
        this.file = file;
        this.windows = windows;
        this.index = index;
    }

    /**
     * Opens a segment of so many samples.
     *
     * @throws Damaged if it is not whole
     * @throws IOException if there is none
     */
    static PackSegment open(Path file, long samples) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long indexBytes = Math.multiplyExact(samples, ENTRY_BYTES);
            long dataBytes = channel.size() - indexBytes - FOOTER_BYTES;
            if (dataBytes < 0 || indexBytes > Integer.MAX_VALUE) {
                throw new Damaged(file, channel.size() + " bytes are too few for " + samples + " samples");
            }
            ByteBuffer index = channel.map(FileChannel.MapMode.READ_ONLY, dataBytes, indexBytes);
            ByteBuffer footer = channel.map(FileChannel.MapMode.READ_ONLY, dataBytes + indexBytes, FOOTER_BYTES);
            if (footer.getLong() != samples || footer.getInt() != crc(index.duplicate()) || footer.getLong() != MAGIC) {
                throw new Damaged(file, "its footer is not that of " + samples + " samples");
            }
            long longest = 0;
            long end = 0;
            for (int i = 0; i < samples; i++) {
                long next = index.getLong(i * ENTRY_BYTES);
                longest = Math.max(longest, next - end);
                end = next;
            }
            if (end != dataBytes) {
                throw new Damaged(file, "its records have " + end + " bytes instead of " + dataBytes);
            }
            MappedByteBuffer[] windows = new MappedByteBuffer[(int) (dataBytes / WINDOW_BYTES + 1)];
            for (int i = 0; i < windows.length; i++) {
                long from = i * WINDOW_BYTES;
                windows[i] = channel.map(
                        FileChannel.MapMode.READ_ONLY, from, Math.min(dataBytes - from, WINDOW_BYTES + longest));
            }
            return new PackSegment(file, windows, index);
        }
    }

    /** @throws Damaged if the record is not what was written */
    byte[] read(int sample) throws Damaged {
        long begin = sample == 0 ? 0 : index.getLong((sample - 1) * ENTRY_BYTES);
        long end = index.getLong(sample * ENTRY_BYTES);
        byte[] record = new byte[Math.toIntExact(end - begin)];
        windows[(int) (begin / WINDOW_BYTES)].get((int) (begin % WINDOW_BYTES), record);
        if (crc(ByteBuffer.wrap(record)) != index.getInt(sample * ENTRY_BYTES + Long.BYTES)) {
            throw new Damaged(file, "record " + sample + " has changed");
        }
        return record;
    }

    Path file() {
        return file;
    }

    /** About how many bytes a segment takes. */
    static long bytesOf(PackPlan.Segment segment) {
        return segment.bytes() + segment.samples() * (ENTRY_BYTES + EncodedSample.HEADER_BYTES) + FOOTER_BYTES;
    }

    /**
     * Writes a segment under another name, and gives it its own when it is whole.
     *
     * @param samples packed
     */
    static void write(Path file, Path scratch, Iterator<byte[]> samples) throws IOException {
        try (FileChannel channel = FileChannel.open(
                        scratch,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
                OutputStream buffered = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
                DataOutputStream out = new DataOutputStream(buffered)) {
            ByteArrayOutputStream index = new ByteArrayOutputStream();
            DataOutputStream entries = new DataOutputStream(index);
            long end = 0;
            long count = 0;
            while (samples.hasNext()) {
                byte[] sample = samples.next();
                out.write(sample);
                end += sample.length;
                count++;
                entries.writeLong(end);
                entries.writeInt(crc(ByteBuffer.wrap(sample)));
            }
            index.writeTo(out);
            out.writeLong(count);
            out.writeInt(crc(ByteBuffer.wrap(index.toByteArray())));
            out.writeLong(MAGIC);
            out.flush();
            channel.force(true);
        }
        Files.move(scratch, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
