package org.sandglass.ops.device.cpu;

import org.junit.jupiter.api.condition.EnabledIf;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceContractTest;
import org.sandglass.ops.tensor.DataType;

/**
 * The contract in bf16, whose steps are 2⁻⁸ wide: what is rounded at random comes out within some thousandths per operation,
 * and where a rounding moves a ReLU's input over zero, or another pixel into the lead of a pool, a whole gradient goes or
 * comes. What is wrong is wrong by its own size.
 */
@EnabledIf("supported")
class CpuDeviceBf16ContractTest extends DeviceContractTest {

    static boolean supported() {
        return CpuDevice.refusal(DataType.BF16).isEmpty();
    }

    @Override
    protected Device open() {
        return CpuDevice.open(1);
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
