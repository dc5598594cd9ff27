/**
 * Evidence of tests that time out: stacks of this process and of those that it started, and the
 * ends of the logs that they write, in {@code target/timeouts}.
 *
 * <p>The parent POM puts it on the test class path of every module, and JUnit finds it there.
 */
@NullMarked
package dev.millrace.timeouts;

import org.jspecify.annotations.NullMarked;
