/**
 * The shuffle as plain data: the table that combines words, the hashes that place and audit them, and the blocks of
 * pairs that travel. Keys are bytes throughout; a word is at least one byte and holds no zero byte. JDK only.
 */
@NullMarked
package dev.millrace.shuffle;

import org.jspecify.annotations.NullMarked;
