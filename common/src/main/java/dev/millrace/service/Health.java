package dev.millrace.service;

/**
 * What a service says of itself.
 *
 * @param reason one line for people, empty when there is nothing to say
 */
public record Health(HealthState state, String reason) {
    public static Health of(HealthState state) {
        return new Health(state, "");
    }
}
