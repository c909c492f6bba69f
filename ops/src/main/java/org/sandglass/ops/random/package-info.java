/** Random numbers as pure functions of their keys. Depends on nothing. */
@NullMarked
package org.sandglass.ops.random;

import org.jspecify.annotations.NullMarked;
