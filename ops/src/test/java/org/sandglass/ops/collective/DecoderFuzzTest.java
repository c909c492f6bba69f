package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;

/**
 * What strangers and broken ranks may say, made up by Jazzer: {@code JAZZER_FUZZ=1 mvn test -pl ops
 * -Dtest=DecoderFuzzTest#shouldSurviveWhateverAPeerSends} searches for new inputs; otherwise those in {@code
 * DecoderFuzzTestInputs} are tried.
 */
@Tag("fuzz")
class DecoderFuzzTest {

    private static final int ELEMENTS = 100;
    private static final int MARGIN = 64;
    private static final byte UNTOUCHED = 0x55;

    /** A peer's bytes end the group or are what is due; nothing else happens, and nothing beside the buffers changes. */
    @FuzzTest
    void shouldSurviveWhateverAPeerSends(byte[] data) throws Exception {
        SimulatedChannel[] ends = SimulatedChannel.connection(new Random(data.length));
        Engine engine = new Engine(2, Duration.ofSeconds(10), 256);
        Link link = engine.link(1, ends[0], 0);
        List<ByteBuffer> memory = List.of(memory(), memory());
        engine.start(execution(0, Ring.allReduce(0, 2, ELEMENTS), memory.get(0)));
        engine.start(execution(1, Broadcast.tree(1, 0, 2, Float.BYTES * ELEMENTS), memory.get(1)));
        ByteBuffer said = ByteBuffer.wrap(data);
        ByteBuffer scratch = ByteBuffer.allocate(4096);
        try {
            for (int idle = 0; idle < 100 && (said.hasRemaining() || idle == 0); idle++) {
                int before = said.remaining();
                ends[1].write(said);
                engine.pump();
                while (link.wantsToRead() && link.read(0)) {
                    engine.pump();
                }
                ends[1].read(scratch.clear());
                link.writable();
                idle = said.remaining() < before ? 0 : idle;
            }
        } catch (Fault fault) {
            assertThat(fault.rank()).isBetween(0, 1);
        }
        for (ByteBuffer bytes : memory) {
            for (int i = 0; i < MARGIN; i++) {
                assertThat(bytes.get(i)).isEqualTo(UNTOUCHED);
                assertThat(bytes.get(bytes.capacity() - 1 - i)).isEqualTo(UNTOUCHED);
            }
        }
    }

    /** Whoever does not know the secret is never recognised, whatever it says to either end. */
    @FuzzTest
    void shouldRecogniseNobodyByChance(byte[] data) {
        for (boolean dialer : new boolean[] {true, false}) {
            Handshake handshake = dialer
                    ? Handshake.dialer(new Membership(1, 2, 7, true, TcpGroup.SECRET), 0)
                    : Handshake.listener(new Membership(0, 2, 7, true, TcpGroup.SECRET));
            ByteBuffer said = ByteBuffer.wrap(data);
            try {
                while (said.remaining() >= handshake.incoming().remaining()) {
                    int length = handshake.incoming().remaining();
                    assertThat(length).isBetween(1, Handshake.HELLO_BYTES);
                    handshake.incoming().put(said.slice(said.position(), length));
                    said.position(said.position() + length);
                    handshake.advance();
                }
            } catch (Refusal refusal) {
                assertThat(refusal.getMessage()).isNotEmpty();
            }
            assertThat(handshake.recognised()).isFalse();
        }
    }

    /** Nor is a verdict believed, or a record, that the other end has not signed. */
    @FuzzTest
    void shouldBelieveNothingUnsigned(byte[] data) {
        Membership member = new Membership(0, 2, 7, true, TcpGroup.SECRET);
        Session session = Session.of(member, new byte[Handshake.HELLO_BYTES], new byte[Handshake.NONCE_BYTES], true);
        assertThat(believed(Arrays.copyOf(data, Verdict.BYTES), session)).isFalse();
        LoopChannel wire = new LoopChannel();
        wire.write(ByteBuffer.wrap(data));
        wire.end();
        int count;
        try {
            count = new EncryptedChannel(wire, session).read(ByteBuffer.allocate(4096));
        } catch (java.io.IOException expected) {
            count = -1;
        }
        assertThat(count).isNegative();
    }

    private static boolean believed(byte[] message, Session session) {
        try {
            Verdict.decode(message, session, 2);
            return true;
        } catch (Refusal refusal) {
            return false;
        }
    }

    private static ByteBuffer memory() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Float.BYTES * ELEMENTS + 2 * MARGIN);
        while (bytes.hasRemaining()) {
            bytes.put(UNTOUCHED);
        }
        return bytes;
    }

    private static Execution execution(long number, List<Transfer> program, ByteBuffer memory) {
        ByteBuffer bytes = memory.slice(MARGIN, Float.BYTES * ELEMENTS).order(ByteOrder.nativeOrder());
        FloatBuffer floats = bytes.asFloatBuffer();
        Completion completion = new Completion("operation " + number, Duration.ofDays(1));
        return new Execution(1, Schedule.of(program, 2, 256), 2, new Region(bytes, floats, 2), completion)
                .begin(number, 0, bytes);
    }
}
