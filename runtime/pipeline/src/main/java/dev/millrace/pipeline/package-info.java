/** From events over batches and handlers to change sets that commit in order. */
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;
