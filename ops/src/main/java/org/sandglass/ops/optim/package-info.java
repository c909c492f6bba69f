/** The optimizer's mathematics: learning rates and the momentum step. Depends on {@code device} (the contract only). */
@NullMarked
package org.sandglass.ops.optim;

import org.jspecify.annotations.NullMarked;
