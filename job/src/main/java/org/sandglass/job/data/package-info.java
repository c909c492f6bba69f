/** Tables, epochs, the exchange and what workers read. Depends on {@code failure} and on {@code ops}. */
@NullMarked
package org.sandglass.job.data;

import org.jspecify.annotations.NullMarked;
