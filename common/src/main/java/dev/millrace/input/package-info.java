/**
 * Files as the driver plans them and the mappers read them: named roots, ranges, compressed files. Knows only the JDK,
 * {@code dev.millrace.job} and the decompressors.
 */
@NullMarked
package dev.millrace.input;

import org.jspecify.annotations.NullMarked;
