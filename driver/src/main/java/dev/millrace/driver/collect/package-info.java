/** Results as they come back: the table of counts, its order, its printed forms and the receipt. */
@NullMarked
package dev.millrace.driver.collect;

import org.jspecify.annotations.NullMarked;
