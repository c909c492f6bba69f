package org.sandglass.ops.device.cuda;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.sandglass.ops.tensor.DataType;

/** The kernels of {@code kernels.cu}, compiled by NVRTC for a device's architecture, once in the life of the process. */
final class Kernels implements AutoCloseable {
    private static final String SOURCE = "kernels.cu";
    private static final Map<String, byte[]> COMPILED = new ConcurrentHashMap<>();

    private final Checks checks;
    private final CUmod_st module = new CUmod_st();
    private final Map<String, CUfunc_st> functions = new HashMap<>();

    /** @param architecture for example {@code sm_90} */
    Kernels(Checks checks, String architecture) {
        this.checks = checks;
        byte[] image = COMPILED.computeIfAbsent(architecture, key -> compile(checks, key));
        try (BytePointer bytes = new BytePointer(image)) {
            checks.driver("cuModuleLoadData", cudart.cuModuleLoadData(module, bytes));
        }
    }

    /** A kernel that has no type, or one in its name. */
    CUfunc_st function(String name) {
        return functions.computeIfAbsent(name, key -> {
            CUfunc_st function = new CUfunc_st();
            checks.driver("cuModuleGetFunction of " + key, cudart.cuModuleGetFunction(function, module, key));
            return function;
        });
    }

    /** A kernel for elements of a type. */
    CUfunc_st function(String name, DataType type) {
        return function(name
                + switch (type) {
                    case F32 -> "_f32";
                    case BF16 -> "_bf16";
                    case F16 -> "_f16";
                });
    }

    /** The source that the JAR ships. */
    static String source() {
        return Resources.text(SOURCE);
    }

    /** The value of a macro of the source, which says how many threads a block has. */
    static int constant(String macro) {
        Matcher found = Pattern.compile("#define " + macro + " (\\d+)\n").matcher(source());
        if (!found.find()) {
            throw new IllegalStateException("Cannot find " + macro + " in " + SOURCE);
        }
        return Integer.parseInt(found.group(1));
    }

    private static byte[] compile(Checks checks, String architecture) {
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer source = new BytePointer(source(), StandardCharsets.UTF_8);
                BytePointer name = new BytePointer(SOURCE);
                BytePointer option = new BytePointer("--gpu-architecture=" + architecture);
                PointerPointer<BytePointer> options = new PointerPointer<BytePointer>(1).put(0, option)) {
            checks.nvrtc(
                    "nvrtcCreateProgram",
                    nvrtc.nvrtcCreateProgram(program, source, name, 0, (PointerPointer<?>) null, null),
                    "");
            try {
                int code = nvrtc.nvrtcCompileProgram(program, 1, options);
                checks.nvrtc("nvrtcCompileProgram for " + architecture, code, code == 0 ? "" : log(program));
                return image(checks, program);
            } finally {
                checks.nvrtc("nvrtcDestroyProgram", nvrtc.nvrtcDestroyProgram(program), "");
            }
        }
    }

    private static byte[] image(Checks checks, _nvrtcProgram program) {
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            checks.nvrtc("nvrtcGetCUBINSize", nvrtc.nvrtcGetCUBINSize(program, bytes), "");
            byte[] image = new byte[Math.toIntExact(bytes.get())];
            checks.nvrtc("nvrtcGetCUBIN", nvrtc.nvrtcGetCUBIN(program, image), "");
            return image;
        }
    }

    private static String log(_nvrtcProgram program) {
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            if (nvrtc.nvrtcGetProgramLogSize(program, bytes) != 0) {
                return "";
            }
            byte[] log = new byte[Math.toIntExact(bytes.get())];
            return nvrtc.nvrtcGetProgramLog(program, log) == 0
                    ? new String(log, 0, Math.max(0, log.length - 1), StandardCharsets.UTF_8)
                    : "";
        }
    }

    @Override
    public void close() {
        functions.clear();
        checks.driver("cuModuleUnload", cudart.cuModuleUnload(module));
    }
}
