/** What control records look like as JSON. The only package that knows Jackson in the running services. */
@NullMarked
package dev.millrace.wire;

import org.jspecify.annotations.NullMarked;
