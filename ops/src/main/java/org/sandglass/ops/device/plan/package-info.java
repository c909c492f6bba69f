/** What devices share in compiling a graph: who reads what, where gradients are, and one plan for all memory. For devices only. */
@NullMarked
package org.sandglass.ops.device.plan;

import org.jspecify.annotations.NullMarked;
