/** Shapes and element types. Depends on nothing. */
@NullMarked
package org.sandglass.ops.tensor;

import org.jspecify.annotations.NullMarked;
