package org.sandglass.job.checkpoint;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.sandglass.ops.format.FormatException;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.tensor.NamedTensor;

/** One checkpoint's directory. All access to the file system is sequential; nothing is renamed. */
final class CheckpointDirectory {

    static final String MANIFEST = "manifest.json";
    static final String MODEL = "model.safetensors";
    static final String OPTIMIZER = "optimizer.safetensors";
    static final String PROGRESS = "progress.json";

    private static final int MAX_MANIFEST_BYTES = 16 << 20;
    private static final int BUFFER_BYTES = 1 << 16;

    private final FileSystem files;
    private final Path path;

    CheckpointDirectory(FileSystem files, Path path) {
        this.files = files;
        this.path = path;
    }

    static CheckpointDirectory at(Configuration hadoop, Path path) throws IOException {
        FileSystem files = path.getFileSystem(hadoop);
        return new CheckpointDirectory(files, files.makeQualified(path));
    }

    Path path() {
        return path;
    }

    boolean isCommitted() throws IOException {
        return files.exists(file(MANIFEST));
    }

    StoredFile write(String name, List<NamedTensor> tensors) throws IOException {
        return write(name, out -> Safetensors.write(out, Map.of("format", "pt"), tensors));
    }

    StoredFile write(String name, String text) throws IOException {
        return write(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file that must not be there: who finds one has been replaced by another writer. The stream's own checksum
     * is of what was meant, not of what a disk may have made of it.
     */
    private StoredFile write(String name, Content content) throws IOException {
        MessageDigest digest = Checksums.sha256();
        long length;
        try (FSDataOutputStream file = files.create(file(name), false);
                OutputStream out = new BufferedOutputStream(new DigestOutputStream(file, digest), BUFFER_BYTES)) {
            content.writeTo(out);
            out.flush();
            persist(file);
            length = file.getPos();
        } catch (FSError e) {
            throw asException(e);
        }
        return new StoredFile(name, length, HexFormat.of().formatHex(digest.digest()));
    }

    void writeManifest(CheckpointManifest manifest) throws IOException {
        try (FSDataOutputStream file = files.create(file(MANIFEST), true)) {
            file.write(manifest.toJson().getBytes(StandardCharsets.UTF_8));
            persist(file);
        } catch (IOException | FSError e) {
            IOException failure = e instanceof IOException exception ? exception : asException(e);
            // All of it may be there in spite of the failure, and must not count.
            discard(failure);
            throw failure;
        }
    }

    /** Hadoop's local file system says by an error that a disk is full, or cannot be read. */
    private static IOException asException(Throwable error) {
        return new IOException(error.getMessage(), error);
    }

    CheckpointManifest manifest() throws IOException {
        FileStatus status = status(MANIFEST);
        if (status.getLen() > MAX_MANIFEST_BYTES) {
            throw damaged(MANIFEST, "has " + status.getLen() + " bytes, more than any manifest");
        }
        byte[] bytes;
        try (InputStream in = files.open(status.getPath())) {
            bytes = in.readNBytes(MAX_MANIFEST_BYTES);
        } catch (FSError e) {
            throw asException(e);
        }
        try {
            return CheckpointManifest.fromJson(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            throw damaged(MANIFEST, "is not UTF-8");
        } catch (IllegalArgumentException e) {
            throw damaged(MANIFEST, "is not a whole manifest: " + e.getMessage());
        }
    }

    /** Compares presence and lengths of the files with the manifest: cheap, and blind to altered bytes. */
    void requireLengths(CheckpointManifest manifest) throws IOException {
        for (StoredFile file : manifest.files()) {
            long length = status(file.name()).getLen();
            if (length != file.length()) {
                throw damaged(file.name(), "has " + length + " bytes, its manifest says " + file.length());
            }
        }
    }

    /** Compares every byte of the files with the manifest. */
    void requireIntact(CheckpointManifest manifest) throws IOException {
        requireLengths(manifest);
        for (StoredFile file : manifest.files()) {
            MessageDigest digest = Checksums.sha256();
            try (InputStream in = new DigestInputStream(files.open(file(file.name())), digest)) {
                in.transferTo(OutputStream.nullOutputStream());
            } catch (FSError e) {
                throw asException(e);
            }
            requireChecksum(file, digest);
        }
    }

    String readText(CheckpointManifest manifest, String name) throws IOException {
        StoredFile file = listed(manifest, name);
        MessageDigest digest = Checksums.sha256();
        try (InputStream in = new DigestInputStream(files.open(status(name).getPath()), digest)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            requireChecksum(file, digest);
            return text;
        } catch (FSError e) {
            throw asException(e);
        }
    }

    Map<String, NamedTensor> read(CheckpointManifest manifest, String name) throws IOException {
        StoredFile file = listed(manifest, name);
        MessageDigest digest = Checksums.sha256();
        try (InputStream in = new BufferedInputStream(
                new DigestInputStream(files.open(status(name).getPath()), digest), BUFFER_BYTES)) {
            Safetensors.Contents contents = Safetensors.read(in, file.length());
            in.transferTo(OutputStream.nullOutputStream());
            requireChecksum(file, digest);
            return contents.tensors();
        } catch (FormatException e) {
            throw damaged(name, "is malformed: " + e.getMessage());
        } catch (FSError e) {
            throw asException(e);
        }
    }

    /** Removes the manifest before anything else, so that no moment shows a checkpoint with missing files. */
    void delete() throws IOException {
        if (files.exists(file(MANIFEST)) && !files.delete(file(MANIFEST), false)) {
            throw new IOException("Cannot delete " + file(MANIFEST));
        }
        if (files.exists(path) && !files.delete(path, true)) {
            throw new IOException("Cannot delete " + path);
        }
    }

    /** After a failure: takes back what may make this look like a whole checkpoint. */
    void discard(IOException cause) {
        try {
            delete();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private static StoredFile listed(CheckpointManifest manifest, String name) throws DamagedCheckpointException {
        return manifest.files().stream()
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow(() -> damaged(name, "is not listed in the manifest"));
    }

    private static void requireChecksum(StoredFile file, MessageDigest digest) throws DamagedCheckpointException {
        if (!HexFormat.of().formatHex(digest.digest()).equals(file.sha256())) {
            throw damaged(file.name(), "was altered: its SHA-256 is not the manifest's");
        }
    }

    private FileStatus status(String name) throws IOException {
        try {
            return files.getFileStatus(file(name));
        } catch (FileNotFoundException e) {
            throw damaged(name, "is missing");
        }
    }

    private static void persist(FSDataOutputStream file) throws IOException {
        if (file.hasCapability(StreamCapabilities.HSYNC)) {
            file.hsync();
        }
    }

    private Path file(String name) {
        return new Path(path, name);
    }

    private static DamagedCheckpointException damaged(String name, String reason) {
        return new DamagedCheckpointException(name + " " + reason);
    }
}
