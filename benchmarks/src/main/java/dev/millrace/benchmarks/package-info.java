/** Costs of Millrace: micro benchmarks of its parts and runs of the whole pipeline. */
@NullMarked
package dev.millrace.benchmarks;

import org.jspecify.annotations.NullMarked;
