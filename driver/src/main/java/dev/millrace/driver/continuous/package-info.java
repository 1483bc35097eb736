/** Jobs without an end: documents come, change and go. {@code DocumentTracker} decides; {@code ContinuousJob} talks to Kafka. */
@NullMarked
package dev.millrace.driver.continuous;

import org.jspecify.annotations.NullMarked;
