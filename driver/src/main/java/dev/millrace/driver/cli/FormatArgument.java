package dev.millrace.driver.cli;

import dev.millrace.driver.collect.TableFormat;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a format. */
final class FormatArgument implements ITypeConverter<TableFormat> {
    @Override
    public TableFormat convert(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "table" -> TableFormat.TABLE;
            case "tsv" -> TableFormat.TSV;
            case "csv" -> TableFormat.CSV;
            case "json" -> TableFormat.JSON;
            default ->
                throw new TypeConversionException(
                        "there is no format '" + text + "'; there are table, tsv, csv and json");
        };
    }
}
