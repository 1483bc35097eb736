package dev.millrace.local;

import dev.millrace.driver.cli.CommandPlugin;
import dev.millrace.driver.cli.Terminal;
import java.util.function.Function;

/** A command that runs one part of a cluster in the foreground. */
record PartPlugin(String name, Function<Terminal, Object> factory) implements CommandPlugin {
    @Override
    public Object command(Terminal terminal) {
        return factory.apply(terminal);
    }
}
