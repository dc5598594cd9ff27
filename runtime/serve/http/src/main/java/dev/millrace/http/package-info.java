/** The HTTP server of a process: health, readiness, status and metrics. */
@NullMarked
package dev.millrace.http;

import org.jspecify.annotations.NullMarked;
