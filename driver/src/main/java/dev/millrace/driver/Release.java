package dev.millrace.driver;

/** Which release this is, as the build wrote it into the jar's manifest. */
public final class Release {
    public static final String VERSION = version();

    private Release() {}

    private static String version() {
        String version = Release.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
