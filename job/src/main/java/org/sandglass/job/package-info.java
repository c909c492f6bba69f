/** The command line. May depend on every other package of the job; none depends on it. */
@NullMarked
package org.sandglass.job;

import org.jspecify.annotations.NullMarked;
