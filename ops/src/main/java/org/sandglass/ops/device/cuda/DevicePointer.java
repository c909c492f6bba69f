package org.sandglass.ops.device.cuda;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** An address on the device that a library is given, which moves with the arena. */
final class DevicePointer extends FloatPointer {

    DevicePointer() {
        super((Pointer) null);
    }

    void moveTo(Pointer other) {
        address = other.address();
    }
}
