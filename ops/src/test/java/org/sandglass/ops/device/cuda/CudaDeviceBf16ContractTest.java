package org.sandglass.ops.device.cuda;

import java.util.stream.LongStream;
import org.sandglass.ops.tensor.DataType;

/** The contract in bf16, whose steps are 2⁻⁸ wide; see the CPU's for why so much is tolerated. */
class CudaDeviceBf16ContractTest extends CudaDeviceContractTest {

    static LongStream seeds() {
        return fewSeeds();
    }

    @Override
    protected DataType precision() {
        return DataType.BF16;
    }

    @Override
    protected double tolerance(int operations, boolean kinks) {
        return 0.01 + 0.01 * operations + (kinks ? 0.1 : 0);
    }

    @Override
    protected double lossTolerance() {
        return 0.05;
    }

    @Override
    protected double widthTolerance() {
        return 0.01;
    }
}
