/** What records and files look like as JSON. The one place that knows Jackson. */
@NullMarked
package dev.millrace.wire;

import org.jspecify.annotations.NullMarked;
