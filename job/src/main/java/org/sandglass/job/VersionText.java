package org.sandglass.job;

import org.sandglass.job.report.Build;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class VersionText implements IVersionProvider {

    @Override
    public String[] getVersion() {
        Build build = Build.current();
        return new String[] {"sandglass " + build.version() + " (commit " + build.commit() + ")"};
    }
}
