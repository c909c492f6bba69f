package org.sandglass.ops.device.cuda;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceContractTest;

/**
 * The contract on the test doubles of the CUDA libraries, no GPU taking part, under many interleavings of the streams:
 * {@code sandglass.cuda.seeds} of them; other precisions, whose streams are the same, under a few.
 */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
@ParameterizedClass
@MethodSource("seeds")
class CudaDeviceContractTest extends DeviceContractTest {

    @Parameter
    private long seed;

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Long.getLong("sandglass.cuda.seeds", 2));
    }

    static LongStream fewSeeds() {
        return CudaDeviceContractTest.seeds().limit(2);
    }

    @Override
    protected Device open() {
        CudaDoubles.reset(seed);
        CudaDoubles.runEarly(new int[] {0, 8, 2}[(int) (seed % 3)]);
        return CudaDevice.open(0, options());
    }

    CudaOptions options() {
        return CudaOptions.DEFAULT;
    }
}
