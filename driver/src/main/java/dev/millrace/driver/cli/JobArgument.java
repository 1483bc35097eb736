package dev.millrace.driver.cli;

import dev.millrace.job.JobId;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a job's id. */
final class JobArgument implements ITypeConverter<JobId> {
    @Override
    public JobId convert(String text) {
        try {
            return JobId.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException("a job id is 16 hexadecimal digits, not '" + text + "'");
        }
    }
}
