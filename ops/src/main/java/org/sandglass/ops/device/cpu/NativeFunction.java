package org.sandglass.ops.device.cpu;

import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencl.Pfn_notify_BytePointer_Pointer_long_Pointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A C function of the process that no preset binds, of up to three arguments each of which fits a register.
 *
 * <p>It is called through a JavaCPP function pointer of the opencl preset (which the dnnl preset needs anyway) that passes four
 * register-sized arguments; on every 64-bit calling convention a function leaves alone those that it does not have, and what
 * it returns is lost. Thread-safe.
 */
final class NativeFunction {
    private static final Logger LOG = LoggerFactory.getLogger(NativeFunction.class);

    // A JavaCPP function pointer is the address of a structure that begins with the C function's address.
    private final LongPointer functor = new LongPointer(4).fill(0);
    private final Pfn_notify_BytePointer_Pointer_long_Pointer function;

    private NativeFunction(Pointer address) {
        functor.put(0, address.address());
        function = new Pfn_notify_BytePointer_Pointer_long_Pointer(functor);
    }

    /** The function of that name in the C library or GNU OpenMP; where there is none, says in the log what follows. */
    static Optional<NativeFunction> find(String name, String otherwise) {
        try {
            Path libraries = Path.of(Loader.load(dnnl.class)).toAbsolutePath().getParent();
            Loader.load(org.bytedeco.opencl.global.OpenCL.class);
            if (libraries != null) {
                Loader.loadGlobal(libraries.resolve("libgomp.so.1").toString());
            }
            Pointer address = Loader.addressof(name);
            if (address != null && !address.isNull()) {
                return Optional.of(new NativeFunction(address));
            }
            LOG.warn("Cannot find {}: {}", name, otherwise);
        } catch (UnsatisfiedLinkError e) {
            LOG.warn("Cannot find {}: {}: {}", name, e.getMessage(), otherwise);
        }
        return Optional.empty();
    }

    void call(Argument first, Argument second, long third) {
        function.call(first, second, third, Argument.NONE);
    }

    /** An integer dressed as an address. */
    static final class Argument extends BytePointer {
        static final Argument NONE = new Argument(0);

        Argument(long value) {
            address = value;
        }
    }
}
