/**
 * The command line: {@link MillraceCli} parses and runs, each {@code *Command} is one command, and what a command needs
 * of the rest of the system comes in by {@link Wiring}.
 */
@NullMarked
package dev.millrace.driver.cli;

import org.jspecify.annotations.NullMarked;
