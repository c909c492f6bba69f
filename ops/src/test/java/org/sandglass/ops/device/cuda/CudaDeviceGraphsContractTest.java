package org.sandglass.ops.device.cuda;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceContractTest;

/** The contract with steps as CUDA graphs. */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
@ParameterizedClass
@MethodSource("seeds")
class CudaDeviceGraphsContractTest extends DeviceContractTest {

    @Parameter
    private long seed;

    static LongStream seeds() {
        return LongStream.of(Long.getLong("sandglass.cuda.seeds", 1));
    }

    @Override
    protected Device open() {
        CudaDoubles.reset(seed);
        return CudaDevice.open(0, CudaOptions.DEFAULT.withGraphs(true));
    }
}
