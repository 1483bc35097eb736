/** Pair batches in, checked counts out. {@code PartitionReducer} decides; {@code ReducerLoop} talks to Kafka. */
@NullMarked
package dev.millrace.reducer;

import org.jspecify.annotations.NullMarked;
