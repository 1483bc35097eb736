/** What control records, receipts and documents look like as bytes; most as JSON. The one place that knows Jackson. */
@NullMarked
package dev.millrace.wire;

import org.jspecify.annotations.NullMarked;
