package org.sandglass.ops.device.cuda;

import java.util.stream.LongStream;
import org.sandglass.ops.tensor.DataType;

/** The contract in fp16, whose steps are 2⁻¹¹ wide: a quarter of what is tolerated of bf16, but where a
 * rounding moves a ReLU's input over zero: that costs a whole gradient too, if more seldom. */
class CudaDeviceF16ContractTest extends CudaDeviceContractTest {

    static LongStream seeds() {
        return fewSeeds();
    }

    @Override
    protected DataType precision() {
        return DataType.F16;
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
        return 0.002;
    }
}
