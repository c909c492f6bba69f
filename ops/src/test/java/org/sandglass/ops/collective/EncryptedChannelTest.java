package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sealed records over connections that take and give arbitrary portions. */
class EncryptedChannelTest {

    private final Random random = new Random(11);
    private Session ofDialer;
    private Session ofListener;

    static LongStream seeds() {
        return LongStream.range(0, 50);
    }

    @BeforeEach
    void recogniseEachOther() throws Exception {
        Handshake dialer = Handshake.dialer(new Membership(1, 2, 7, true, TcpGroup.SECRET), 0);
        Handshake listener = Handshake.listener(new Membership(0, 2, 7, true, TcpGroup.SECRET));
        for (int message = 0; message < 4; message++) {
            Handshake from = message % 2 == 0 ? dialer : listener;
            Handshake to = message % 2 == 0 ? listener : dialer;
            to.incoming().put(from.outgoing());
            to.advance();
        }
        ofDialer = dialer.session();
        ofListener = listener.session();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldCarryEveryByteBothWaysInWhateverPortions(long seed) throws Exception {
        Random choices = new Random(seed);
        SimulatedChannel[] ends = SimulatedChannel.connection(choices);
        EncryptedChannel[] channels = {
            new EncryptedChannel(ends[0], ofDialer), new EncryptedChannel(ends[1], ofListener)
        };
        byte[][] sent = {bytes(choices, 100_000), bytes(choices, 100_000)};
        ByteBuffer[][] outgoing = {cut(sent[0], choices), cut(sent[1], choices)};
        ByteBuffer[] received = {ByteBuffer.allocate(100_000), ByteBuffer.allocate(100_000)};

        while (received[0].hasRemaining() || received[1].hasRemaining()) {
            int end = choices.nextInt(2);
            if (choices.nextBoolean()) {
                channels[end].write(outgoing[end]);
            } else {
                int portion = Math.min(received[end].remaining(), 1 + choices.nextInt(50_000));
                ByteBuffer head = received[end].slice(received[end].position(), portion / 2);
                ByteBuffer tail = received[end].slice(received[end].position() + portion / 2, portion - portion / 2);
                boolean kept = channels[end].kept().available();
                long count = channels[end].read(new ByteBuffer[] {head, tail});
                assertThat(count > 0 || !kept).as("what is kept can be read").isTrue();
                received[end].position(received[end].position() + (int) count);
            }
        }

        assertThat(received[0].array()).isEqualTo(sent[1]);
        assertThat(received[1].array()).isEqualTo(sent[0]);
    }

    @Test
    void shouldCountBytesAsWrittenOnlyWhenTheConnectionHasTakenThem() throws Exception {
        SimulatedChannel[] ends = SimulatedChannel.connection(random);
        EncryptedChannel channel = new EncryptedChannel(ends[0], ofDialer);
        ByteBuffer bytes = ByteBuffer.allocate(10_000);

        for (int round = 0; round < 50; round++) {
            channel.write(bytes);
        }

        assertThat(ends[0].writable()).isFalse();
        assertThat(bytes.remaining()).isEqualTo(10_000);
    }

    @Test
    void shouldNotShowPlainTextOnTheWire() {
        byte[] plain = new byte[20_000];
        byte[] wire = seal(plain);

        byte[] zeros = new byte[8];
        for (int i = 4; i + 8 < wire.length; i++) {
            assertThat(Arrays.copyOfRange(wire, i, i + 8)).isNotEqualTo(zeros);
        }
    }

    @Test
    void shouldUseOtherKeysInEachDirectionAndConnection() throws Exception {
        byte[] wire = seal(new byte[100], ofDialer);
        assertThat(seal(new byte[100], ofListener)).isNotEqualTo(wire);
        recogniseEachOther();
        assertThat(seal(new byte[100], ofDialer)).isNotEqualTo(wire);
    }

    @Test
    void shouldNoticeEveryAlteredBit() {
        byte[] wire = seal(bytes(random, 60));
        for (int bit = 0; bit < wire.length * 8; bit++) {
            byte[] altered = wire.clone();
            altered[bit / 8] ^= (byte) (1 << bit % 8);
            // A length that has grown waits for bytes that do not come: then the end of the connection is noticed.
            assertThatThrownBy(() -> open(altered))
                    .as("bit %d", bit)
                    .isInstanceOf(IOException.class)
                    .hasMessageMatching("what came over its connection .*|its connection has ended .*");
        }
    }

    @Test
    void shouldNoticeRecordsThatAreRepeatedLeftOutOrOutOfPlace() throws Exception {
        byte[] both = sealTwice(bytes(random, 100), bytes(random, 70));
        int border = 4 + 100 + RecordCipher.TAG_BYTES;
        byte[] one = Arrays.copyOf(both, border);
        byte[] two = Arrays.copyOfRange(both, border, both.length);

        assertThat(open(join(one, two))).hasSize(170);
        for (byte[] wrong : new byte[][] {join(one, one), two, join(two, one), join(two, two)}) {
            assertThatThrownBy(() -> open(wrong))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not what it sent");
        }
    }

    @Test
    void shouldNoticeThatARecordIsCut() {
        byte[] wire = seal(bytes(random, 60));
        for (int length = 1; length < wire.length; length++) {
            byte[] cut = Arrays.copyOf(wire, length);
            assertThatThrownBy(() -> open(cut))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("ended in the middle of a record");
        }
    }

    @Test
    void shouldAllocateLittleForARecordWhateverItsSize() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        LoopChannel loop = new LoopChannel();
        EncryptedChannel sender = new EncryptedChannel(loop, ofDialer);
        EncryptedChannel receiver = new EncryptedChannel(loop, ofListener);
        ByteBuffer[] outgoing = {ByteBuffer.allocateDirect(EncryptedChannel.RECORD_BYTES)};
        ByteBuffer[] incoming = {ByteBuffer.allocateDirect(EncryptedChannel.RECORD_BYTES)};
        int records = 2000;
        long before = 0;
        for (int record = 0; record < 2 * records; record++) {
            if (record == records) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            outgoing[0].clear();
            incoming[0].clear();
            sender.write(outgoing);
            receiver.read(incoming);
        }
        assertThat((threads.getCurrentThreadAllocatedBytes() - before) / records)
                .as("bytes allocated to seal and open a record: what javax.crypto makes of a new nonce")
                .isLessThan(4096);
    }

    private byte[] seal(byte[] plain) {
        return seal(plain, ofDialer);
    }

    private static byte[] seal(byte[] plain, Session session) {
        return sealAll(session, plain);
    }

    private byte[] sealTwice(byte[] first, byte[] second) {
        return sealAll(ofDialer, first, second);
    }

    private static byte[] sealAll(Session session, byte[]... messages) {
        try {
            LoopChannel wire = new LoopChannel();
            EncryptedChannel channel = new EncryptedChannel(wire, session);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (byte[] message : messages) {
                channel.write(ByteBuffer.wrap(message));
                bytes.write(wire.drain());
            }
            return bytes.toByteArray();
        } catch (IOException cause) {
            throw new IllegalStateException(cause);
        }
    }

    /** What the listener reads until the connection ends. */
    private byte[] open(byte[] wire) throws IOException {
        LoopChannel loop = new LoopChannel();
        loop.write(ByteBuffer.wrap(wire));
        loop.end();
        EncryptedChannel channel = new EncryptedChannel(loop, ofListener);
        ByteBuffer plain = ByteBuffer.allocate(100_000);
        while (channel.read(plain) >= 0) {
            assertThat(plain.hasRemaining()).isTrue();
        }
        return Arrays.copyOf(plain.array(), plain.position());
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer[] cut(byte[] bytes, Random random) {
        int border = random.nextInt(bytes.length);
        return new ByteBuffer[] {
            ByteBuffer.wrap(bytes, 0, border), ByteBuffer.wrap(bytes, border, bytes.length - border)
        };
    }
}
