package org.sandglass.ops.collective;

/** A collective operation could not be completed because of a peer: lost, late, or not who it should be. */
public final class PeerFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public PeerFailure(String message) {
        super(message);
    }

    public PeerFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
