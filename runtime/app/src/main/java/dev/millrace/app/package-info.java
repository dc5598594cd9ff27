/** Configuration, wiring and the {@code millrace} command: the only module that sees all others. */
@NullMarked
package dev.millrace.app;

import org.jspecify.annotations.NullMarked;
