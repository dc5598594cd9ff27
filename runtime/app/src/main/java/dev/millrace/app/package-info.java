/** The {@code millrace} command: arguments, output on a terminal and exit codes. */
@NullMarked
package dev.millrace.app;

import org.jspecify.annotations.NullMarked;
