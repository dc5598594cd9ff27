/**
 * Reads config files into values: {@link dev.millrace.config.ConfigFile} turns {@code
 * millrace.yaml} and the {@code MILLRACE_…} variables into a {@link dev.millrace.config.Config}.
 *
 * <p>All problems of a file are found in one pass and reported with their lines. Nothing here opens
 * a file but the config, or checks its values against a node or a database.
 */
@NullMarked
package dev.millrace.config;

import org.jspecify.annotations.NullMarked;
