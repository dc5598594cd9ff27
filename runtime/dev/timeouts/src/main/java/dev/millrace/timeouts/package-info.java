/**
 * Evidence of tests that time out: stacks of this process and of the processes that it started, and
 * the ends of their logs, in {@code target/timeouts}.
 *
 * <p>The parent POM puts this module on the test class path of every module, and JUnit finds it
 * there.
 */
@NullMarked
package dev.millrace.timeouts;

import org.jspecify.annotations.NullMarked;
