/**
 * From what the user named to the tasks of a job: {@code InputWalk} finds files, {@code ChunkPlanner} cuts and packs
 * them, {@code StdinSpool} and {@code InlineChunks} take standard input.
 */
@NullMarked
package dev.millrace.driver.submit;

import org.jspecify.annotations.NullMarked;
