/** Sums and copies over a group of ranks: algorithms, transports, handshake. Depends on JavaCPP, to view floats as bytes. */
@NullMarked
package org.sandglass.ops.collective;

import org.jspecify.annotations.NullMarked;
