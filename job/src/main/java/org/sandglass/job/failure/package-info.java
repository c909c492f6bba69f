/** What goes wrong in ways that a user can act on, and the exit code of each. Depends on nothing. */
@NullMarked
package org.sandglass.job.failure;

import org.jspecify.annotations.NullMarked;
