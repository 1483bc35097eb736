/**
 * The nouns of a job: its spec, tasks, events and receipt. Plain values that know only the JDK; what they look like as
 * JSON is decided in {@code dev.millrace.wire}.
 */
@NullMarked
package dev.millrace.job;

import org.jspecify.annotations.NullMarked;
