/**
 * The {@code millrace} command: arguments and output on a terminal. Its exit codes are in {@link
 * dev.millrace.runner.ExitCode}.
 */
@NullMarked
package dev.millrace.app;

import org.jspecify.annotations.NullMarked;
