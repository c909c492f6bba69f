package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFileTest {

    @Test
    void shouldBelongToItsOwnerAlone() throws Exception {
        try (SharedFile file = SharedFile.create(5000)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.path())))
                    .isEqualTo("rw-------");
            assertThat(Files.size(file.path())).isEqualTo(5000);
        }
    }

    @Test
    void shouldHaveANameThatNobodyForesees() throws Exception {
        try (SharedFile one = SharedFile.create(1);
                SharedFile other = SharedFile.create(1)) {
            assertThat(one.path().getFileName().toString())
                    .matches("sandglass-[0-9a-f]{32}")
                    .isNotEqualTo(other.path().getFileName().toString());
        }
    }

    @Test
    void shouldOutliveItsName() throws Exception {
        MappedByteBuffer one;
        MappedByteBuffer other;
        Path path;
        try (SharedFile file = SharedFile.create(4096)) {
            path = file.path();
            one = SharedFile.map(path, 4096);
            other = SharedFile.map(path, 4096);
        }
        assertThat(path).doesNotExist();
        one.putLong(8, 42);
        assertThat(other.getLong(8)).isEqualTo(42);
    }

    @Test
    void shouldRefuseWhatIsNotTheFile(@TempDir Path directory) throws Exception {
        try (SharedFile file = SharedFile.create(4096)) {
            assertThatThrownBy(() -> SharedFile.map(file.path(), 8192))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has 4096 bytes, not 8192");
            Path link = Files.createSymbolicLink(directory.resolve("link"), file.path());
            assertThatThrownBy(() -> SharedFile.map(link, 4096)).isInstanceOf(IOException.class);
        }
    }
}
