package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {

    private static final byte[] OTHER_SECRET = new byte[32];

    @Test
    void shouldRecogniseEachOther() throws Exception {
        Handshake dialer = Handshake.dialer(member(3, 4, 9, TcpGroup.SECRET), 1);
        Handshake listener = Handshake.listener(member(1, 4, 9, TcpGroup.SECRET));

        converse(dialer, listener);

        assertThat(dialer.complete()).isTrue();
        assertThat(listener.complete()).isTrue();
        assertThat(listener.peer()).isEqualTo(3);
    }

    @Test
    void shouldRefuseAnotherSecretOnBothSides() {
        assertRefused(member(3, 4, 9, OTHER_SECRET), 1, "does not know the secret");

        Handshake listener = Handshake.listener(member(1, 4, 9, TcpGroup.SECRET));
        Handshake dialer = Handshake.dialer(member(3, 4, 9, TcpGroup.SECRET), 1);
        assertThatThrownBy(() -> {
                    carry(dialer, listener);
                    carry(listener, dialer);
                    dialer.outgoing().put(0, (byte) (dialer.outgoing().get(0) + 1));
                    carry(dialer, listener);
                })
                .isInstanceOf(Refusal.class)
                .hasMessage("does not know the secret");
        assertThat(listener.recognised()).isFalse();
    }

    @Test
    void shouldRefuseAnotherAttempt() {
        assertRefused(member(3, 4, 8, TcpGroup.SECRET), 1, "belongs to another attempt");
    }

    @Test
    void shouldRefuseAnotherGroupSize() {
        assertRefused(member(3, 5, 9, TcpGroup.SECRET), 1, "belongs to a group of another size");
    }

    @Test
    void shouldRefuseWhoLooksForAnotherRank() {
        assertRefused(member(3, 4, 9, TcpGroup.SECRET), 2, "looks for another rank");
    }

    @Test
    void shouldRefuseARankThatDoesNotDial() {
        assertRefused(member(0, 4, 9, TcpGroup.SECRET), 1, "claims a rank that does not dial this one");
    }

    @Test
    void shouldNotTakeItsOwnProofForAnothers() {
        Handshake dialer = Handshake.dialer(member(3, 4, 9, TcpGroup.SECRET), 1);
        Handshake listener = Handshake.listener(member(1, 4, 9, TcpGroup.SECRET));
        assertThatThrownBy(() -> {
                    carry(dialer, listener);
                    byte[] mac = new byte[Handshake.MAC_BYTES];
                    listener.outgoing().get(Handshake.NONCE_BYTES, mac);
                    listener.incoming().put(mac);
                    listener.advance();
                })
                .isInstanceOf(Refusal.class)
                .hasMessage("does not know the secret");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void shouldRefuseEveryDamagedByte(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            Handshake dialer = Handshake.dialer(member(3, 4, 9, TcpGroup.SECRET), 1);
            Handshake listener = Handshake.listener(member(1, 4, 9, TcpGroup.SECRET));
            int message = random.nextInt(4);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 4; i++) {
                            Handshake from = i % 2 == 0 ? dialer : listener;
                            if (i == message) {
                                int place = random.nextInt(from.outgoing().limit());
                                byte[] copy = new byte[from.outgoing().limit()];
                                from.outgoing().get(0, copy);
                                copy[place] ^= (byte) (1 << random.nextInt(8));
                                Handshake to = i % 2 == 0 ? listener : dialer;
                                to.incoming().put(copy);
                                from.outgoing().position(from.outgoing().limit());
                                to.advance();
                            } else {
                                carry(from, i % 2 == 0 ? listener : dialer);
                            }
                        }
                    })
                    .isInstanceOf(Refusal.class);
        }
    }

    private static Membership member(int rank, int ranks, long attempt, byte[] secret) {
        return new Membership(rank, ranks, attempt, false, secret);
    }

    private static void assertRefused(Membership stranger, int dialed, String reason) {
        Handshake dialer = Handshake.dialer(stranger, dialed);
        Handshake listener = Handshake.listener(member(1, 4, 9, TcpGroup.SECRET));
        assertThatThrownBy(() -> converse(dialer, listener))
                .isInstanceOf(Refusal.class)
                .hasMessage(reason);
        assertThat(listener.recognised()).isFalse();
    }

    private static void converse(Handshake dialer, Handshake listener) throws Refusal {
        carry(dialer, listener);
        carry(listener, dialer);
        carry(dialer, listener);
        carry(listener, dialer);
    }

    private static void carry(Handshake from, Handshake to) throws Refusal {
        to.incoming().put(from.outgoing());
        to.advance();
    }
}
