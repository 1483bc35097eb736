/** Submits jobs, watches them, collects their results. The command line lives in {@code cli}. */
@NullMarked
package dev.millrace.driver;

import org.jspecify.annotations.NullMarked;
