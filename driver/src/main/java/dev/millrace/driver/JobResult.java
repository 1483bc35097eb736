package dev.millrace.driver;

import dev.millrace.driver.collect.ResultTable;
import dev.millrace.job.Receipt;

/** A job that is done: all counts, checked, and the receipt that proves them. */
public record JobResult(ResultTable counts, Receipt receipt) {}
