/** Chunk tasks in, pair batches out. {@code ChunkMapper} computes; {@code MapperLoop} talks to Kafka. */
@NullMarked
package dev.millrace.mapper;

import org.jspecify.annotations.NullMarked;
