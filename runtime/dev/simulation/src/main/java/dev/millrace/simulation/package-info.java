/**
 * Random programs over random chains, run by processes that crash over stores in memory, and
 * compared with the serial oracle.
 *
 * <p>This module proves Millrace itself; tests of indexers need the testkit alone. The source of a
 * chain has a simulation of its own, {@code SourceSimulationTest} beside its code.
 */
@NullMarked
package dev.millrace.simulation;

import org.jspecify.annotations.NullMarked;
