/**
 * What a config file says, read into values: {@link dev.millrace.config.ConfigFile} turns {@code
 * millrace.yaml} and the {@code MILLRACE_…} variables into a {@link dev.millrace.config.Config}.
 *
 * <p>All that is wrong in a file is found in one pass and told with its line. Nothing here opens a
 * file but the config, or asks a node or a database whether what it says is true.
 */
@NullMarked
package dev.millrace.config;

import org.jspecify.annotations.NullMarked;
