/**
 * Tasks of documents to differences and blocks, for mappers, which are handed them, and for drivers, which count small ones
 * themselves. {@code DocumentCounter} is what both use.
 */
@NullMarked
package dev.millrace.map;

import org.jspecify.annotations.NullMarked;
