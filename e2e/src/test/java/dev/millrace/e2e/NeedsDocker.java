package dev.millrace.e2e;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that needs a Docker engine. Without one it is skipped and says why, but fails where {@code REQUIRE_DOCKER=1}:
 * a build that was to run it must not be green without.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("containers")
@ExtendWith(DockerCondition.class)
@interface NeedsDocker {}
