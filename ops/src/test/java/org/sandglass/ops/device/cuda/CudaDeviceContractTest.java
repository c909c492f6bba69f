package org.sandglass.ops.device.cuda;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceContractTest;

/** The contract on the test doubles of the CUDA libraries: no GPU takes part. */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
class CudaDeviceContractTest extends DeviceContractTest {
    private static long seed;

    @Override
    protected Device open() {
        seed++;
        CudaDoubles.reset(seed);
        return CudaDevice.open(0, CudaOptions.DEFAULT);
    }
}
