/**
 * An indexer as a value that a program embeds: wiring, preflight checks, lanes and status.
 *
 * <p>This module reads no arguments and configures no logger. It serves HTTP through a {@code
 * StatusServer} that it finds on the class path.
 */
@NullMarked
package dev.millrace.runner;

import org.jspecify.annotations.NullMarked;
