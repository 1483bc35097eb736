/** The whole engine in one thread, over a model of its topics, with faults drawn from a seed. */
@NullMarked
package dev.millrace.local.simulation;

import org.jspecify.annotations.NullMarked;
