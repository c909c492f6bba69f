package org.sandglass.ops.device.cuda;

import java.util.stream.LongStream;

/** The contract with TF32, whose products are of numbers with steps of 2⁻¹¹; the doubles do not round so. */
class CudaDeviceTf32ContractTest extends CudaDeviceContractTest {

    static LongStream seeds() {
        return fewSeeds();
    }

    @Override
    CudaOptions options() {
        return CudaOptions.DEFAULT.withTf32(true);
    }

    @Override
    protected double tolerance(int operations, boolean kinks) {
        return (0.01 + 0.01 * operations) / 4 + (kinks ? 0.1 : 0);
    }

    @Override
    protected double lossTolerance() {
        return 0.01;
    }

    @Override
    protected double widthTolerance() {
        return 0.01 / 4;
    }
}
