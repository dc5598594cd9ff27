/** A private PostgreSQL that runs as a child process and ends with its last user. */
@NullMarked
package dev.millrace.embedded;

import org.jspecify.annotations.NullMarked;
