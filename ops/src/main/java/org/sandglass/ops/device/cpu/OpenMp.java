package org.sandglass.ops.device.cpu;

import java.nio.file.Path;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencl.User_func_Pointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds how many OpenMP threads oneDNN uses for what the calling thread asks of it.
 *
 * <p>OpenMP keeps that number per calling thread, so a device sets it on every entry. No preset binds
 * {@code omp_set_num_threads}; it is called through the JavaCPP function pointer of the opencl preset (which the dnnl preset
 * needs anyway) whose C signature passes one register-sized argument, which holds for an {@code int} on every 64-bit
 * calling convention. Where the symbol is missing, {@code OMP_NUM_THREADS} rules. Thread-safe.
 */
final class OpenMp {
    private static final Logger LOG = LoggerFactory.getLogger(OpenMp.class);
    private static final OpenMp INSTANCE = new OpenMp();

    private final LongPointer functor = new LongPointer(4).fill(0);
    private final User_func_Pointer setThreads;
    private final boolean available;

    private OpenMp() {
        available = find();
        // A JavaCPP function pointer is the address of a structure that begins with the C function's address.
        setThreads = new User_func_Pointer(functor);
    }

    /** Bounds the calling thread's parallel regions; 0 leaves OpenMP's own choice alone. */
    static void limit(int threads) {
        if (threads > 0 && INSTANCE.available) {
            INSTANCE.setThreads.call(new Argument(threads));
        }
    }

    /** Whether {@link #limit} has any effect. */
    static boolean canLimit() {
        return INSTANCE.available;
    }

    private boolean find() {
        try {
            Path libraries = Path.of(Loader.load(dnnl.class)).toAbsolutePath().getParent();
            Loader.load(org.bytedeco.opencl.global.OpenCL.class);
            if (libraries != null) {
                Loader.loadGlobal(libraries.resolve("libgomp.so.1").toString());
            }
            Pointer function = Loader.addressof("omp_set_num_threads");
            if (function == null || function.isNull()) {
                LOG.warn("Cannot bound OpenMP's threads: omp_set_num_threads not found; OMP_NUM_THREADS rules");
                return false;
            }
            functor.put(0, function.address());
            return true;
        } catch (UnsatisfiedLinkError e) {
            LOG.warn("Cannot bound OpenMP's threads: {}; OMP_NUM_THREADS rules", e.getMessage());
            return false;
        }
    }

    /** An integer dressed as an address. */
    private static final class Argument extends Pointer {
        Argument(int value) {
            address = value;
        }
    }
}
