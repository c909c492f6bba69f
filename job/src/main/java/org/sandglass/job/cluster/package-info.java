/** What the job asks of the cluster: settings that allow gangs, and one device a task. Depends on config, failure and ops. */
@NullMarked
package org.sandglass.job.cluster;

import org.jspecify.annotations.NullMarked;
