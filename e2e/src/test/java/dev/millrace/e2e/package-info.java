/** Millrace as its users meet it: real processes, real brokers, real faults. */
@NullMarked
package dev.millrace.e2e;

import org.jspecify.annotations.NullMarked;
