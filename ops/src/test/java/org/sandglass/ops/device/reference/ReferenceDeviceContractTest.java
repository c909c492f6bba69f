package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceContractTest;

/** What the contract asks of order, accumulation and copies; the numbers are the business of the other tests. */
class ReferenceDeviceContractTest extends DeviceContractTest {

    @Override
    protected Device open() {
        return ReferenceDevice.open();
    }
}
