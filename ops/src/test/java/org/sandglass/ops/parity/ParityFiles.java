package org.sandglass.ops.parity;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.format.Safetensors;
import org.sandglass.ops.tensor.NamedTensor;

/** The files that the two halves of the comparison exchange. */
final class ParityFiles {

    private ParityFiles() {}

    static Map<String, NamedTensor> read(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return Safetensors.read(in, Files.size(file)).tensors();
        }
    }

    static void write(Path file, List<NamedTensor> tensors) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            Safetensors.write(out, Map.of("format", "pt"), tensors);
        }
    }
}
