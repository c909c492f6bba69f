/** A device in plain Java and double precision, the oracle that the others are tested against. */
@NullMarked
package org.sandglass.ops.device.reference;

import org.jspecify.annotations.NullMarked;
