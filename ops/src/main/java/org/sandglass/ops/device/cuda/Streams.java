package org.sandglass.ops.device.cuda;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.collective.PeerFailure;

/**
 * A device's three queues and all that orders them: one for arithmetic, one for the inputs' way to the device, one for what
 * travels to and from other ranks. Inputs have their own so that they never stand behind a sum over the network.
 *
 * <p>Belongs to the device's thread, but for {@link #hold} and {@link #isPast}.
 */
final class Streams implements AutoCloseable {
    private final Checks checks;
    private final int ordinal;
    private final Predicate<Wait> kept;
    private final CUstream_st compute;
    private final CUstream_st transfer;
    private final CUstream_st communication;
    private final Set<Fence> fences = new LinkedHashSet<>();
    private volatile @Nullable PeerFailure broken;

    /** @param kept which waits are real; all of them, but in tests of the waits */
    Streams(Checks checks, int ordinal, Predicate<Wait> kept) {
        this.checks = checks;
        this.ordinal = ordinal;
        this.kept = kept;
        compute = create();
        transfer = create();
        communication = create();
    }

    private CUstream_st create() {
        CUstream_st stream = new CUstream_st();
        checks.runtime(
                "cudaStreamCreateWithFlags", cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
        return stream;
    }

    CUstream_st compute() {
        return compute;
    }

    CUstream_st transfer() {
        return transfer;
    }

    CUstream_st communication() {
        return communication;
    }

    /** A fence that lives until it is released, or the streams are closed; waiting for one that was never marked is nothing. */
    Fence fence() {
        CUevent_st event = new CUevent_st();
        checks.runtime(
                "cudaEventCreateWithFlags", cudart.cudaEventCreateWithFlags(event, cudart.cudaEventDisableTiming));
        Fence fence = new Fence(event);
        fences.add(fence);
        return fence;
    }

    /** Gives up a fence that nobody will mark or wait for any more. */
    void release(Fence fence) {
        if (fences.remove(fence)) {
            checks.runtime("cudaEventDestroy", cudart.cudaEventDestroy(fence.event()));
        }
    }

    /** Marks what has been queued on a stream so far. */
    void mark(Fence fence, CUstream_st stream) {
        checks.runtime("cudaEventRecord", cudart.cudaEventRecord(fence.event(), stream));
    }

    /** Lets what is queued on {@code later} from now on run only after the fence. */
    void order(Wait why, CUstream_st later, Fence fence) {
        if (kept.test(why)) {
            checks.runtime("cudaStreamWaitEvent", cudart.cudaStreamWaitEvent(later, fence.event(), 0));
        }
    }

    /** The calling thread, which may be any, waits for a fence. */
    void hold(Wait why, Fence fence) {
        if (kept.test(why)) {
            CurrentDevice.set(checks, ordinal);
            checks.runtime("cudaEventSynchronize", cudart.cudaEventSynchronize(fence.event()));
            checkUnbroken();
        }
    }

    /** Whether a fence has been passed; for any thread. */
    boolean isPast(Fence fence) {
        CurrentDevice.set(checks, ordinal);
        int code = cudart.cudaEventQuery(fence.event());
        if (code == cudart.cudaErrorNotReady) {
            return false;
        }
        checks.runtime("cudaEventQuery", code);
        return true;
    }

    /** Lets everybody who waits fail from now on: what the streams compute is void, since a peer is lost. */
    void breakWith(PeerFailure failure) {
        broken = failure;
    }

    /** Lets waits succeed again: nothing is queued any more of which somebody would take the results. */
    void mend() {
        broken = null;
    }

    /** @throws PeerFailure if a peer is lost */
    void checkUnbroken() {
        PeerFailure failure = broken;
        if (failure != null) {
            throw new PeerFailure(String.valueOf(failure.getMessage()), failure);
        }
    }

    /** Waits for all that is queued. */
    void drain(Wait why) {
        if (kept.test(why)) {
            for (CUstream_st stream : List.of(transfer, compute, communication)) {
                checks.runtime("cudaStreamSynchronize", cudart.cudaStreamSynchronize(stream));
            }
            if (why != Wait.RELEASE) {
                checkUnbroken();
            }
        }
    }

    @Override
    public void close() {
        Owned all = new Owned();
        for (CUstream_st stream : List.of(compute, transfer, communication)) {
            all.add(stream, () -> checks.runtime("cudaStreamDestroy", cudart.cudaStreamDestroy(stream)));
        }
        for (Fence fence : fences) {
            all.add(fence.event(), () -> checks.runtime("cudaEventDestroy", cudart.cudaEventDestroy(fence.event())));
        }
        fences.clear();
        all.close();
    }
}
