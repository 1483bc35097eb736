package dev.millrace.driver.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the command line runs on.
 *
 * @param version of Millrace
 * @param kafka used with {@code --bootstrap-server}
 * @param embedded used without; null where the embedded cluster is not on the class path
 * @param continuous for continuous jobs, with {@code --bootstrap-server}
 * @param embeddedContinuous the same without
 */
public record Wiring(
        String version,
        TextCatalog text,
        ClusterOpener kafka,
        @Nullable ClusterOpener embedded,
        ContinuousOpener continuous,
        @Nullable ContinuousOpener embeddedContinuous,
        ClusterAdmin.Opener admin,
        List<CommandPlugin> plugins) {
    public Wiring {
        plugins = List.copyOf(plugins);
    }
}
