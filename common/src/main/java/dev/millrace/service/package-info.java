/** What every long-running process of Millrace shares: logs, health, metrics and an orderly end. */
@NullMarked
package dev.millrace.service;

import org.jspecify.annotations.NullMarked;
