package dev.millrace.driver.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the command line runs on.
 *
 * @param version of Millrace
 * @param kafka used with {@code --bootstrap-server}
 * @param embedded used without; null where the embedded cluster is not on the class path
 */
public record Wiring(
        String version,
        TextCatalog text,
        ClusterOpener kafka,
        @Nullable ClusterOpener embedded,
        ClusterAdmin.Opener admin,
        List<CommandPlugin> plugins) {
    public Wiring {
        plugins = List.copyOf(plugins);
    }
}
