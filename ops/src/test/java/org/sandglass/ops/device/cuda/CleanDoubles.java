package org.sandglass.ops.device.cuda;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** After a test has closed what it opened: nothing is left, and no rule was broken. */
final class CleanDoubles implements AfterEachCallback {

    @Override
    public void afterEach(ExtensionContext context) {
        if (context.getExecutionException().isEmpty()) {
            CudaDoubles.assertClean();
        }
    }
}
