/**
 * A chain that needs no node: every block follows from a seed, a branch and a number, so that two
 * million events take no memory and any range can be told again.
 *
 * <p>It is read in process, by endpoints like {@code dev://chain?seed=1}. Nothing here knows a
 * store, and nothing here is needed to index a real chain.
 */
@NullMarked
package dev.millrace.devchain;

import org.jspecify.annotations.NullMarked;
