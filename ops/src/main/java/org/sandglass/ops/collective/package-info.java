/** Sums and copies over a group of ranks: algorithms, transports, handshake. Depends on nothing. */
@NullMarked
package org.sandglass.ops.collective;

import org.jspecify.annotations.NullMarked;
