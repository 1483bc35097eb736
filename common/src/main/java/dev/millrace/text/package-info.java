/**
 * What a word is: text profiles, the pinned Unicode table and the scan that counts the words of a range of text. Knows
 * only the JDK, and of the JDK neither its character tables nor its locale.
 */
@NullMarked
package dev.millrace.text;

import org.jspecify.annotations.NullMarked;
