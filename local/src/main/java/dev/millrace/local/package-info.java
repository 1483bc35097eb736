/** Everything in one JVM: the embedded broker beside mappers, reducers and driver, which is what {@code ./millrace} runs. */
@NullMarked
package dev.millrace.local;

import org.jspecify.annotations.NullMarked;
