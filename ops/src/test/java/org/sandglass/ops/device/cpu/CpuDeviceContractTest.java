package org.sandglass.ops.device.cpu;

import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceContractTest;

class CpuDeviceContractTest extends DeviceContractTest {

    @Override
    protected Device open() {
        return CpuDevice.open(1);
    }
}
